"""Says whether the data have changed since the model was trained.

A `DriftDetector` is fitted once on the reference and keeps a `DriftProfile`, small enough to ship
with the model. `detect` compares a current frame column by column and returns a `DriftReport`;
`count` gives `DriftCounts` instead, which many machines can take and `merge` into the same answer.
"""

from prodml.drift.detector import DriftDetector
from prodml.drift.profile import DriftCounts, DriftProfile
from prodml.drift.results import Bins, ColumnDrift, DriftReport, DriftTest

__all__ = [
    "Bins",
    "ColumnDrift",
    "DriftCounts",
    "DriftDetector",
    "DriftProfile",
    "DriftReport",
    "DriftTest",
]
