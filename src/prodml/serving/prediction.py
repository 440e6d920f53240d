"""Prediction: one answer, and where it came from."""

from __future__ import annotations

import os
import time
from collections.abc import Mapping
from datetime import datetime

import attrs

from prodml.display import html_table, number, text_table

__all__ = ["Prediction", "new_prediction_id"]


@attrs.frozen(repr=False)
class Prediction:
    """One answer of a model.

    Parameters
    ----------
    id : str
        Names this answer; an outcome that comes later refers to it.
    prediction : str, int, float or bool
        The class, or the number.
    probabilities : mapping of str to float, or None
        Class to probability, where the model gives them.
    model : str
        Name of the model.
    version : int
        Version that answered.
    arm : str or None
        Arm of the experiment, if traffic is routed.
    unit : str or None
        Who or what was predicted for.
    at : datetime
        When; aware, in UTC.
    reasons : tuple of str
        What spoke for this answer, strongest first; empty unless asked for.
    """

    id: str
    prediction: str | int | float | bool
    probabilities: Mapping[str, float] | None
    model: str
    version: int
    arm: str | None
    unit: str | None
    at: datetime
    reasons: tuple[str, ...] = ()

    @property
    def confidence(self) -> float | None:
        """Probability of the predicted class, in [0, 1]; None where the model gives none."""
        if self.probabilities is None:
            return None
        return self.probabilities[str(self.prediction)]

    def to_dict(self) -> dict[str, object]:
        """Return what a caller is sent, as JSON can hold it."""
        answer: dict[str, object] = {
            "id": self.id,
            "prediction": self.prediction,
            "confidence": self.confidence,
            "probabilities": self.probabilities,
            "model": self.model,
            "version": self.version,
            "arm": self.arm,
            "reasons": list(self.reasons),
        }
        return {k: v for k, v in answer.items() if v not in (None, [])}

    def _rows(self) -> list[tuple[str, str]]:
        rows = [("prediction", str(self.prediction))]
        if self.confidence is not None:
            rows.append(("confidence", number(self.confidence)))
        rows.append(
            ("model", f"{self.model}/{self.version}" + (f", arm {self.arm}" if self.arm else ""))
        )
        rows += [(f"reason {i}", text) for i, text in enumerate(self.reasons, 1)]
        return [*rows, ("id", self.id)]

    def __repr__(self) -> str:
        return text_table(self._rows(), ("Prediction", ""))

    def _repr_html_(self) -> str:
        return html_table(self._rows(), ("Prediction", ""))


def new_prediction_id() -> str:
    """Return a UUIDv7: unique, and sorted by time to the millisecond.

    Returns
    -------
    str
        36 characters.

    References
    ----------
    RFC 9562, section 5.7.
    """
    stamp = time.time_ns() // 1_000_000
    bits = (stamp << 80) | int.from_bytes(os.urandom(10), "big")
    bits = bits & ~(0xF << 76) | (0x7 << 76)
    bits = bits & ~(0x3 << 62) | (0x2 << 62)
    digits = f"{bits:032x}"
    return "-".join((digits[:8], digits[8:12], digits[12:16], digits[16:20], digits[20:]))
