"""Train, register, gate, promote, explain."""

from __future__ import annotations

from prodml.demo.world import MODEL, TARGET, World
from prodml.display import number, percent
from prodml.errors import RefusedError
from prodml.explain import Explainer
from prodml.gate import GateDecision
from prodml.training import Trainer

__all__ = ["explain", "gate", "promote", "register", "told", "train"]


def train(world: World) -> None:
    """Train a simple champion and a challenger on the same split."""
    from sklearn.ensemble import RandomForestClassifier
    from sklearn.tree import DecisionTreeClassifier

    models = {
        "champion": DecisionTreeClassifier(max_depth=1),
        "challenger": RandomForestClassifier(),
    }
    for name, model in models.items():
        trainer = Trainer(model, target=TARGET, random_state=world.seed)
        world.runs[name] = trainer.fit(world.frame())
    scores = ", ".join(
        f"{name} {type(run.estimator).__name__} {percent(run.metrics['accuracy'])}"
        for name, run in world.runs.items()
    )
    n = len(world.runs["champion"].holdout)
    world.screen.say("train", f"accuracy on {n} rows held out: {scores}")
    world.show("Training", *world.runs.values())


def register(world: World) -> None:
    """Store both as versions."""
    versions = [world.registry.register(MODEL, run) for run in world.runs.values()]
    n_bytes = sum(meta.size_bytes for meta in world.store.list("models/"))
    formats = ", ".join(f"{v} ({v.format})" for v in versions)
    world.screen.say(
        "register", f"{formats}; {n_bytes // 1024} KiB with data, code and seeds on record"
    )


def gate(world: World) -> None:
    """Let the first version in, and let the gate judge the second."""
    world.registry.promote(MODEL, 1, alias="champion", reason="first of its name")
    world.registry.promote(MODEL, 2, alias="challenger", reason="tried on live traffic")
    decision = _asked(world, 2)
    world.screen.say("gate", told(decision))
    world.show("Gate", decision)


def promote(world: World) -> None:
    """Say where the aliases point now."""
    aliases = world.registry.aliases(MODEL)
    world.screen.say(
        "promote", ", ".join(f"{alias} → {MODEL}/{v}" for alias, v in sorted(aliases.items()))
    )


def explain(world: World) -> None:
    """Explain one answer of the challenger."""
    ref = f"{MODEL}@challenger"
    explainer = Explainer(
        world.registry.load(ref), background=world.registry.reference(ref), random_state=world.seed
    )
    rows = world.clinic.live.drop(columns=["patient", TARGET]).head(50)
    explanation = explainer.explain(rows)
    reasons = "; ".join(reason.text for reason in explanation.reasons(3, row=0))
    world.screen.say("explain", f"first live row: {reasons}")
    world.show("Explanation", explanation)


def _asked(world: World, version: int) -> GateDecision:
    """Ask the gate by promoting; it answers with its evidence either way."""
    try:
        promotion = world.registry.promote(MODEL, version, alias="champion", reason="gate")
    except RefusedError as exc:
        assert isinstance(exc.decision, GateDecision)  # noqa: S101, PT017
        return exc.decision
    assert promotion.decision is not None  # noqa: S101
    return promotion.decision


def told(decision: GateDecision) -> str:
    """Return a verdict with its evidence, in half a sentence."""
    needed = f"; some {decision.n_needed} rows would decide" if decision.n_needed else ""
    return (
        f"{decision.verdict}: {decision.metric} {number(decision.champion_score)} → "
        f"{number(decision.challenger_score)} on {decision.n_rows} shared rows, "
        f"p = {number(decision.p_value, 2)}{needed}"
    )
