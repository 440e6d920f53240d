"""The whole loop, walked once: stations in order, each with a line of what it found."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TextIO

from prodml.demo.data import load
from prodml.demo.learn import explain, gate, promote, register, train
from prodml.demo.operate import audit, drift, outcomes, retrain, roll_back, serve
from prodml.demo.prepare import extract, pseudonymise, validate
from prodml.demo.screen import Screen
from prodml.demo.world import World, open_world
from prodml.errors import ConfigError
from prodml.reports import Report

__all__ = ["run"]

STATIONS: tuple[Callable[[World], None], ...] = (
    extract,
    validate,
    pseudonymise,
    train,
    register,
    gate,
    promote,
    serve,
    outcomes,
    drift,
    explain,
    retrain,
    roll_back,
    audit,
)


def run(folder: Path, *, seed: int = 0, stream: TextIO | None = None) -> Path:
    """Walk the whole loop once.

    Parameters
    ----------
    folder : Path
        Where store, keys and report are written; new or empty.
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
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise ConfigError(
            f"{folder} holds something already; the demo writes into an empty folder."
        )
    screen = Screen(stream)
    world = open_world(folder.absolute(), load(seed), seed=seed, screen=screen)
    for station in STATIONS:
        station(world)
    path = _report(world).save(folder / "report.html")
    screen.end(f"Report: {path}")
    return path


def _report(world: World) -> Report:
    report = Report(
        "The loop, once around",
        "Breast-cancer measurements from scikit-learn, from raw rows to an audited rollback.",
    ).section("What happened", world.screen)
    for heading, items in world.sections:
        report = report.section(heading, *items)
    return report
