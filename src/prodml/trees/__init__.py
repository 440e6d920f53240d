"""Tree ensembles as plain arrays: read from scikit-learn, validated, predicted bit for bit.

`TreeEnsemble` is a frozen value. `check_nodes` is the validation on its own: whoever hands node
arrays to compiled code calls it first, because a child or a feature that is out of range is a
crash or an endless loop there.
"""

from prodml.trees.ensemble import TreeEnsemble
from prodml.trees.structure import check_nodes, tree_depths

__all__ = ["TreeEnsemble", "check_nodes", "tree_depths"]
