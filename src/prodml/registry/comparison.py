"""Champion and challenger on the same rows, as they come out of the registry."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Protocol

from prodml.errors import ProdmlError, RefusedError, SchemaError
from prodml.gate import GateDecision, Predictions
from prodml.registry.artifacts import inputs_for
from prodml.registry.results import Holdout, ModelVersion

if TYPE_CHECKING:
    from numpy.typing import ArrayLike

    from prodml.tables import Column, Schema

__all__ = ["GateLike", "check_schemas", "compare", "plain_decision", "read_decision"]


class GateLike(Protocol):
    """Decides between two models; `prodml.Gate` is one."""

    def decide(
        self, y_true: ArrayLike, champion: Predictions, challenger: Predictions
    ) -> GateDecision:
        """Return a decision with its evidence."""
        ...


def check_schemas(champion: ModelVersion, challenger: ModelVersion) -> None:
    """Refuse a challenger that could not take what callers send the champion.

    Raises
    ------
    RefusedError
        Names the columns: one the champion never asked for, one of another kind, or one that may
        not be missing any more. Columns the challenger no longer needs are fine.
    """
    if champion.schema is None or challenger.schema is None:
        return
    known = {column.name: column for column in champion.schema.columns}
    faults = [f for c in challenger.schema.columns if (f := _fault(known.get(c.name), c))]
    if faults:
        raise RefusedError(
            f"{challenger} cannot take the inputs of {champion}: {'; '.join(faults)}. Change the "
            "callers first, or force the promotion and give a reason"
        )


def _fault(before: Column | None, now: Column) -> str:
    if before is None:
        return f'"{now.name}" is new'
    # Where integers come in, a model that takes any number is content.
    if before.kind != now.kind and (before.kind, now.kind) != ("integer", "number"):
        return f'"{now.name}" was {before.kind} and is {now.kind}'
    if before.nullable and not now.nullable:
        return f'"{now.name}" could be missing and may not be missing any more'
    return ""


def compare(
    gate: GateLike,
    holdout: Holdout,
    champion: tuple[ModelVersion, Any],
    challenger: tuple[ModelVersion, Any],
) -> GateDecision:
    """Let both models predict the holdout and the gate decide."""
    said = [_predictions(version, model, holdout) for version, model in (champion, challenger)]
    return gate.decide(holdout.target, *said)


def _predictions(version: ModelVersion, model: Any, holdout: Holdout) -> Predictions:
    schema: Schema | None = version.schema
    try:
        frame = holdout.inputs if schema is None else schema.check(holdout.inputs)
    except SchemaError as exc:
        raise RefusedError(f"{version} cannot predict the challenger's holdout: {exc}") from exc
    try:
        return Predictions.of(model, inputs_for(model, frame))
    except ProdmlError:
        raise
    except Exception as exc:
        raise RefusedError(
            f"{version} fails on the challenger's holdout: {type(exc).__name__}"
        ) from exc


def plain_decision(decision: GateDecision) -> dict[str, Any]:
    """Return a decision as JSON can hold it; what is not a finite number becomes None."""
    return {k: _finite(v) for k, v in decision.to_dict().items()}


def _finite(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {k: _finite(v) for k, v in value.items()}
    if isinstance(value, (list, tuple)):
        return [_finite(v) for v in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value


def read_decision(payload: Any) -> GateDecision | None:
    """Read a decision out of an event."""
    return GateDecision.from_dict(payload) if isinstance(payload, dict) else None
