"""Versions of models, which alias points at which, and why: remembered, verified, undoable.

`Registry` stores models in an inert format and everything that happens to them in a journal per
model. An alias such as ``champion`` moves only when a gate is convinced, and every decision is kept
with its evidence.
"""

from prodml.registry.card import ModelCard
from prodml.registry.registry import Registry
from prodml.registry.results import Checked, History, Holdout, ModelVersion, Move, Promotion
from prodml.registry.run import RunLike

__all__ = [
    "Checked",
    "History",
    "Holdout",
    "ModelCard",
    "ModelVersion",
    "Move",
    "Promotion",
    "Registry",
    "RunLike",
]
