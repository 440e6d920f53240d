"""Callers of the demo's service: they ask over HTTP, and report later what came true."""

from __future__ import annotations

import json
import time
import urllib.request
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

import attrs

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["Answers", "ask", "records", "report_outcomes"]


@attrs.frozen
class Answers:
    """What callers were told.

    Parameters
    ----------
    predictions : list of dict
        As they came over the wire, in the order of the rows.
    seconds : list of float
        Round-trip time of each call.
    """

    predictions: list[dict[str, object]]
    seconds: list[float]

    def median_ms(self) -> float:
        """Return the median round trip in milliseconds."""
        return sorted(self.seconds)[len(self.seconds) // 2] * 1000


def ask(url: str, rows: Iterable[tuple[str, Mapping[str, object]]], *, explain: int = 0) -> Answers:
    """Send one request per row.

    Parameters
    ----------
    url : str
        Of the service.
    rows : iterable of (unit, inputs)
        Whom to ask about.
    explain : int, default 0
        How many reasons to ask for.
    """
    predictions, seconds = [], []
    for unit, inputs in rows:
        started = time.perf_counter()
        answer = _post(f"{url}/predict", {"inputs": inputs, "unit": unit, "explain": explain})
        seconds.append(time.perf_counter() - started)
        predictions += answer["predictions"]
    return Answers(predictions, seconds)


def report_outcomes(url: str, answers: Answers, truth: pd.Series) -> int:
    """Say what came true for every answer; return for how many that was stored."""
    ids = [str(p["id"]) for p in answers.predictions]
    outcomes = dict(zip(ids, truth.tolist(), strict=True))
    return int(_post(f"{url}/outcomes", {"outcomes": outcomes})["recorded"])


def records(frame: pd.DataFrame) -> list[Mapping[str, object]]:
    """Return the rows of a frame as callers would send them."""
    rows = frame.to_dict(orient="records")
    return [{str(name): value for name, value in row.items()} for row in rows]


def _post(url: str, body: Mapping[str, object]) -> Any:
    """Send JSON to the demo's own server on this machine and return its JSON."""
    request = urllib.request.Request(url, json.dumps(body).encode(), method="POST")  # noqa: S310
    with urllib.request.urlopen(request, timeout=30) as response:  # noqa: S310
        return json.load(response)
