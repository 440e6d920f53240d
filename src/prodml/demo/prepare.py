"""Extract, validate, pseudonymise: from raw rows to rows that a model may see."""

from __future__ import annotations

from typing import TYPE_CHECKING

from prodml.contracts import Check, Contract, ContractReport
from prodml.demo.world import TARGET, World
from prodml.display import number, percent
from prodml.pipeline import Pipeline
from prodml.privacy import Anonymizer, Pseudonymize
from prodml.privacy.risk import risk

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["extract", "pseudonymise", "validate"]


def extract(world: World) -> None:
    """Say what there is."""
    history, live = world.clinic.history, world.clinic.live
    world.screen.say(
        "extract",
        f"{len(history)} rows of history and {len(live)} that come later, {history.shape[1]} columns; "
        f"{world.clinic.n_spoiled} rows of history spoiled on purpose",
    )


def validate(world: World) -> None:
    """Run the pipeline: contract, anonymizer, features; bad rows are set aside."""
    contract = Contract(_checks(world.clinic.history), name="contract")
    anonymizer = Anonymizer({"patient": Pseudonymize()}, keys=world.keys, remainder="keep")

    def history(source: pd.DataFrame) -> pd.DataFrame:
        return source

    def features(anonymizer: pd.DataFrame) -> pd.DataFrame:
        return anonymizer.drop(columns="patient")

    steps = [history, contract, ("anonymizer", anonymizer), features]
    world.pipeline = Pipeline(steps, name="tumours")
    prepared = world.pipeline.run(source=world.clinic.history, targets=["anonymizer", "features"])
    world.prepared = prepared
    bad = prepared.quarantined["contract"]
    report = prepared.reports["contract"]
    assert isinstance(report, ContractReport)  # noqa: S101
    world.screen.say(
        "validate",
        f"{len(world.frame())} rows good, {len(bad)} quarantined by {len(report.failed)} of "
        f"{len(report.results)} rules",
    )
    broken = [f"{rule.column}: {rule.rule}, broken in {rule.n_bad} rows" for rule in report.failed]
    world.show("Data", prepared, "Rules that were broken:", *broken)


def pseudonymise(world: World) -> None:
    """Say what became of the one column that names somebody."""
    assert world.prepared is not None  # noqa: S101
    rows = world.prepared["anonymizer"]
    named = set(world.clinic.history["patient"])
    left = sum(value in named for value in rows["patient"])
    report = risk(rows.round(1), quasi_identifiers=["mean radius", "mean texture"])
    world.screen.say(
        "pseudonymise",
        f"{rows['patient'].nunique()} patients under keyed pseudonyms, {left} names left; two rounded "
        f"measurements still single out {percent(report.share_unique)} (k = {number(report.k)})",
    )
    world.show("Privacy", report)


def _checks(frame: pd.DataFrame) -> dict[str, Check | list[Check]]:
    """Measurements are positive numbers below what the instrument can show; nothing is missing."""
    measured = [name for name in frame.columns if name not in ("patient", TARGET)]
    checks: dict[str, Check | list[Check]] = {
        name: Check.number(min=0, max=10_000) for name in measured
    }
    checks["patient"] = [Check.text(matches=r"patient-\d{4}"), Check.unique()]
    checks[TARGET] = Check.one_of(["benign", "malignant"])
    return checks
