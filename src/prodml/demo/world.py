"""What the stations hand on to each other."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import attrs

from prodml.demo.screen import Screen
from prodml.keys import FileKeys
from prodml.monitoring import PredictionLog
from prodml.ports import Storage
from prodml.registry import Registry
from prodml.reports.report import Item
from prodml.security import AuditTrail
from prodml.storage import open_storage

if TYPE_CHECKING:
    import pandas as pd

    from prodml.ab import ABRouter
    from prodml.demo.data import Clinic
    from prodml.demo.traffic import Answers
    from prodml.drift import DriftReport
    from prodml.pipeline import Pipeline, PipelineResult
    from prodml.serving import Predictor
    from prodml.training import TrainingRun

__all__ = ["MODEL", "TARGET", "World", "open_world"]

MODEL = "tumours"
TARGET = "diagnosis"


@attrs.define
class World:
    """State of one walk; each station reads what earlier ones left and adds its own.

    Parameters
    ----------
    folder : Path
        Where everything is written.
    clinic : Clinic
        The data.
    seed : int
        Of every random choice.
    screen : Screen
        Where lines go.
    store : Storage
        What all objects remember in.
    trail : AuditTrail
        Who did what.
    registry : Registry
        Models.
    keys : FileKeys
        For pseudonyms.
    log : PredictionLog
        What was answered.
    """

    folder: Path
    clinic: Clinic
    seed: int
    screen: Screen
    store: Storage
    trail: AuditTrail
    registry: Registry
    keys: FileKeys
    log: PredictionLog
    sections: list[tuple[str, tuple[Item, ...]]] = attrs.field(factory=list)
    pipeline: Pipeline | None = None
    prepared: PipelineResult | None = None
    runs: dict[str, TrainingRun] = attrs.field(factory=dict)
    predictor: Predictor | None = None
    router: ABRouter | None = None
    answers: Answers | None = None
    drifted: DriftReport | None = None

    def show(self, heading: str, *items: Item) -> None:
        """Add a section to the report."""
        self.sections.append((heading, items))

    def frame(self) -> pd.DataFrame:
        """Return the rows that models are trained on."""
        assert self.prepared is not None  # noqa: S101
        rows: pd.DataFrame = self.prepared["features"]
        return rows


def open_world(folder: Path, clinic: Clinic, *, seed: int, screen: Screen) -> World:
    """Open store, keys, registry, log and audit trail in an empty folder."""
    folder.mkdir(parents=True, exist_ok=True)
    store = open_storage(folder / "store")
    trail = AuditTrail(store, actor="demo")
    return World(
        folder=folder,
        clinic=clinic,
        seed=seed,
        screen=screen,
        store=store,
        trail=trail,
        registry=Registry(store, actor="demo", audit=trail),
        keys=FileKeys.create(folder / "keys.json", domains=["pseudonym"]),
        log=PredictionLog(store, MODEL),
    )
