"""Why a model said what it said: contributions that add up to the prediction.

`Explainer` picks an exact method where there is one (trees, linear models, few columns) and says so
where it samples instead. Pipelines are explained in the columns that went in. An `Explanation` has
one shape for every model, gives reasons in words, and draws itself without any further package.
"""

from prodml.explain.explainer import Explainer
from prodml.explain.results import Explanation, Importance, Reason

__all__ = ["Explainer", "Explanation", "Importance", "Reason"]
