"""The stations of the loop, in order."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, TextIO

import attrs

from prodml.demo import data, serve
from prodml.demo.screen import Screen
from prodml.display import number, percent
from prodml.errors import ConfigError, ConflictError, RefusedError
from prodml.reports import Report

if TYPE_CHECKING:
    import pandas as pd

    import prodml as pm
    from prodml.gate import GateDecision
    from prodml.pipeline import PipelineResult
    from prodml.training import TrainingRun

__all__ = ["World", "run"]

MODEL = "tumours"
TARGET = "diagnosis"


@attrs.define
class World:
    """What the stations hand on to each other."""

    folder: Path
    seed: int
    screen: Screen
    clinic: data.Clinic
    store: pm.ports.Storage  # type: ignore[name-defined]
    audit: pm.AuditTrail
    registry: pm.Registry
    keys: pm.FileKeys
    report: Report
    anonymizer: pm.Anonymizer | None = None
    prepared: PipelineResult | None = None
    runs: list[TrainingRun] = attrs.field(factory=list)


def run(folder: Path, *, seed: int = 0, stream: TextIO | None = None) -> Path:
    """Walk the whole loop once.

    Parameters
    ----------
    folder : Path
        Where store, keys and report are written; must be empty or new.
    seed : int, default 0
        Decides which rows come first, which are spoiled, and every random choice of the models.
    stream : TextIO, optional
        Where the lines are printed; standard output if left out.

    Returns
    -------
    Path
        The HTML report.

    Raises
    ------
    ConfigError
        If the folder holds something already.
    """
    world = _arrive(folder, seed, Screen(stream))
    for station in STATIONS:
        station(world)
    path = world.report.save(world.folder / "report.html")
    world.screen.end(f"Report: {path}")
    return path
