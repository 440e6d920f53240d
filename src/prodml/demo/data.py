"""The demo's data: real measurements, with faults planted on purpose and said so."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import attrs

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd

__all__ = ["DRIFTING", "Clinic", "load"]

DRIFTING = ("worst radius", "worst perimeter", "worst area")
"""Columns that the planted drift scales, as if a scanner had been set up anew."""

_SCALE = 1.25
_N_SPOILED = 12


@attrs.frozen
class Clinic:
    """Rows as they would come from a clinic.

    Parameters
    ----------
    history : DataFrame
        What models are trained on; some rows are spoiled.
    live : DataFrame
        What comes in later.
    drifted : DataFrame
        The live rows once more, with three columns scaled.
    n_spoiled : int
        How many rows of `history` are spoiled.
    """

    history: pd.DataFrame
    live: pd.DataFrame
    drifted: pd.DataFrame
    n_spoiled: int


def load(seed: int) -> Clinic:
    """Return the breast-cancer data of scikit-learn, divided by `seed`.

    Source: Wolberg, Mangasarian, Street and Street 1993, "Breast Cancer Wisconsin (Diagnostic)", 569 rows.
    """
    import numpy as np
    from sklearn.datasets import load_breast_cancer

    rng = np.random.default_rng(seed)
    bunch: Any = load_breast_cancer(as_frame=True)
    frame = bunch.frame.rename(columns={"target": "diagnosis"})
    frame["diagnosis"] = frame["diagnosis"].map(dict(enumerate(bunch.target_names)))
    frame.insert(0, "patient", [f"patient-{i:04}" for i in range(1, len(frame) + 1)])
    frame = frame.iloc[rng.permutation(len(frame))].reset_index(drop=True)
    cut = int(0.6 * len(frame))
    live = frame.iloc[cut:].reset_index(drop=True)
    drifted = live.assign(**{name: live[name] * _SCALE for name in DRIFTING})
    return Clinic(_spoiled(frame.iloc[:cut].copy(), rng), live, drifted, _N_SPOILED)


def _spoiled(frame: pd.DataFrame, rng: np.random.Generator) -> pd.DataFrame:
    """Break some rows in three ways: missing, negative, and a unit mistaken by a factor of 1,000."""
    rows = rng.choice(len(frame), size=_N_SPOILED, replace=False)
    frame.loc[rows[0::3], "mean radius"] = float("nan")
    frame.loc[rows[1::3], "mean smoothness"] *= -1
    frame.loc[rows[2::3], "mean area"] *= 1000
    return frame
