"""What every step of a training stands on."""

from __future__ import annotations

import attrs

from prodml.training.dataset import Dataset
from prodml.training.scoring import Scoring
from prodml.training.seeds import Seeds
from prodml.training.splits import Split

__all__ = ["Ground"]


@attrs.frozen(eq=False)
class Ground:
    """Rows, which of them train, what is scored and the seeds.

    Parameters
    ----------
    rows : Dataset
        All rows.
    split : Split
        Which of them train and which test.
    scoring : Scoring
        What is scored.
    seeds : Seeds
        Of the training.
    """

    rows: Dataset
    split: Split
    scoring: Scoring
    seeds: Seeds
