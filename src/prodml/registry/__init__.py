"""Versions of models, which alias points at which, and why: remembered, verified, undoable.

`Registry` stores models in an inert format and everything that happens to them in a journal per
model. An alias such as ``champion`` moves only when a gate is convinced and, where the policy asks for
it, others agree; every decision is kept with its evidence.
"""

from prodml.registry.approvals import Approvals
from prodml.registry.card import ModelCard
from prodml.registry.comments import Comment, Comments
from prodml.registry.description import Description
from prodml.registry.difference import Difference, VersionDiff
from prodml.registry.history import History, Move
from prodml.registry.lineage import Lineage, Served
from prodml.registry.overview import Overview, OverviewRow
from prodml.registry.protection import KeyRotation
from prodml.registry.registry import Registry
from prodml.registry.results import Checked, Holdout, ModelVersion, Promotion
from prodml.registry.run import RunLike
from prodml.registry.search import Found, SearchResult
from prodml.registry.timeline import Registered, Timeline

__all__ = [
    "Approvals",
    "Checked",
    "Comment",
    "Comments",
    "Description",
    "Difference",
    "Found",
    "History",
    "Holdout",
    "KeyRotation",
    "Lineage",
    "ModelCard",
    "ModelVersion",
    "Move",
    "Overview",
    "OverviewRow",
    "Promotion",
    "Registered",
    "Registry",
    "RunLike",
    "SearchResult",
    "Served",
    "Timeline",
    "VersionDiff",
]
