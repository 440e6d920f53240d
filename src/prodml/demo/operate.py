"""Serve, route, learn what came true, find drift, retrain, roll back, audit."""

from __future__ import annotations

from prodml.ab import ABRouter
from prodml.demo.learn import told
from prodml.demo.traffic import Answers, ask, records, report_outcomes
from prodml.demo.world import MODEL, TARGET, World
from prodml.display import number, percent, progress
from prodml.drift import DriftDetector
from prodml.errors import ConflictError
from prodml.metrics import MemoryMetrics
from prodml.retraining import OnDrift, RetrainLoop, RetrainOutcome
from prodml.serving import HttpServer, Predictor
from prodml.training import Trainer

__all__ = ["audit", "drift", "outcomes", "retrain", "roll_back", "serve"]


def serve(world: World) -> None:
    """Answer every live row over HTTP, half by each model."""
    arms = {"champion": 0.5, "challenger": 0.5}
    router = ABRouter(MODEL, arms, storage=world.store, actor="demo")
    metrics = MemoryMetrics()
    predictor = Predictor(
        world.registry,
        f"{MODEL}@champion",
        router=router,
        metrics=metrics,
        log=world.log,
        audit=world.trail,
    )
    assert world.pipeline is not None  # noqa: S101
    live = world.clinic.live
    inputs = records(live.drop(columns=["patient", TARGET]))
    # The log keeps units as they come, so callers send the pseudonym and not the patient.
    units = world.pipeline.apply(live, target="anonymizer")["patient"]
    rows = list(zip(units.tolist(), inputs, strict=True))
    with HttpServer(predictor) as server:
        answers = ask(server.url, progress(rows, label="serving"))
    world.router, world.predictor, world.answers = router, predictor, answers
    world.screen.say("serve", _served(answers))


def _served(answers: Answers) -> str:
    arms = [p["arm"] for p in answers.predictions]
    shares = ", ".join(f"{arm} {arms.count(arm)}" for arm in sorted(set(map(str, arms))))
    return f"{len(arms)} answers over HTTP on loopback, median {number(answers.median_ms(), 2)} ms; {shares}"


def outcomes(world: World) -> None:
    """Report what came true, from a server that was started again, and compare the arms."""
    assert world.answers is not None and world.router is not None  # noqa: PT018, S101
    assert world.predictor is not None  # noqa: S101
    with HttpServer(world.predictor) as server:
        report_outcomes(server.url, world.answers, world.clinic.live[TARGET])
    performance = world.log.performance()
    result = world.router.analyze("error")
    row = result["challenger"]
    limits = f"{percent(performance.low or 0.0)} to {percent(performance.high or 1.0)}"
    world.screen.say(
        "outcomes",
        f"{performance.n_outcomes} came in late: accuracy {percent(performance.scores['accuracy'])} "
        f"({limits}); the challenger's error rate differs by {number(row.difference, 2)}: {row.verdict}",
    )
    world.show("Experiment", result, performance)


def drift(world: World) -> None:
    """Look at honest live rows, and at the same rows from a scanner set up anew."""
    detector = DriftDetector().fit(world.runs["champion"].reference)
    unlabelled = ["patient", TARGET]
    quiet = detector.detect(world.clinic.live.drop(columns=unlabelled))
    world.drifted = detector.detect(world.clinic.drifted.drop(columns=unlabelled))
    found = ", ".join(world.drifted.drifted_columns)
    world.screen.say(
        "drift",
        f"{len(quiet.drifted_columns)} of {len(quiet)} columns in the live rows; "
        f"{len(world.drifted.drifted_columns)} after a scanner was set up anew: {found}",
    )
    world.show("Drift", world.drifted)


def retrain(world: World) -> None:
    """Train on what the new scanner sends, because of the drift; the gate decides."""
    from sklearn.ensemble import RandomForestClassifier

    fresh = world.clinic.drifted.drop(columns="patient")
    loop = RetrainLoop(
        MODEL,
        trainer=Trainer(RandomForestClassifier(), target=TARGET, random_state=world.seed),
        registry=world.registry,
        storage=world.store,
        triggers=[OnDrift()],
        source=lambda: fresh,
    )
    outcome = loop.run_once(drift=world.drifted)
    world.screen.say(
        "retrain",
        f"{outcome.message}; trained {MODEL}/{outcome.version} on {len(fresh)} new rows, {_judged(outcome)}",
    )
    world.show("Retraining", outcome)


def _judged(outcome: RetrainOutcome) -> str:
    if outcome.decision is None:
        return f"{outcome.status} without a gate"
    fate = "promoted" if outcome.promoted else "not promoted"
    return f"{fate}: {told(outcome.decision)}"


def roll_back(world: World) -> None:
    """Return to the version before; if the champion never moved, move it by force first, and say so."""
    forced = ""
    try:
        back = world.registry.rollback(MODEL, reason="demo")
    except ConflictError:
        world.registry.promote(MODEL, 2, force=True, reason="so that there is a way back")
        forced = " (forced there a moment ago: the gate had let nothing pass)"
        back = world.registry.rollback(MODEL, reason="demo")
    world.screen.say(
        "roll back",
        f"champion {MODEL}/{back.previous}{forced} → {MODEL}/{back.version}, one call, on record",
    )
    world.show("History", world.registry.history(MODEL))


def audit(world: World) -> None:
    """Walk every chain and every stored byte."""
    trail = world.trail.verify()
    checked = world.registry.verify()
    world.screen.say(
        "audit",
        f"{trail.n_events} actions on an unbroken chain; {checked.n_events} events and "
        f"{checked.n_blobs} blobs of the registry are what was written",
    )
