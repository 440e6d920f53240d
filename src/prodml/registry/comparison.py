"""Champion and challenger on the same rows, as they come out of the registry."""

from __future__ import annotations

import json
import math
import time
from collections.abc import Callable, Mapping
from functools import partial
from inspect import signature
from typing import TYPE_CHECKING, Any, Protocol, cast

import attrs

from prodml.errors import ProdmlError, RefusedError, SchemaError
from prodml.gate import Facts, Gate, GateDecision, Predictions
from prodml.registry.artifacts import inputs_for
from prodml.registry.results import Holdout, ModelVersion

if TYPE_CHECKING:
    from numpy.typing import ArrayLike

    from prodml.tables import Column, Schema

__all__ = ["Bout", "GateLike", "check_schemas", "plain_decision", "read_decision"]


_TIMES = 5
_MOST_BYTES = 40_000  # of a decision in an event, which holds 64 KiB


class GateLike(Protocol):
    """Decides between two models; `prodml.Gate` is one.

    If its `decide` takes ``uses=``, it is also given ``columns=`` of the holdout, ``facts=``,
    ``holdout=`` (its digest) and ``uses=`` (how often it has decided), as `prodml.Gate` takes them.
    """

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


@attrs.frozen(eq=False)
class Bout:
    """What both models say about the holdout, ready to be decided on as often as need be.

    Parameters
    ----------
    holdout : Holdout
        The rows.
    digest : str
        Theirs.
    champion, challenger : Predictions
        What each model said.
    facts : Facts
        What was measured while they did.
    """

    holdout: Holdout
    digest: str
    champion: Predictions
    challenger: Predictions
    facts: Facts

    @classmethod
    def of(
        cls,
        gate: GateLike,
        holdout: Holdout,
        champion: tuple[ModelVersion, Any],
        challenger: tuple[ModelVersion, Any],
    ) -> Bout:
        """Let both models predict the holdout; their time is taken where the gate bounds it."""
        both = (champion, challenger)
        first, second = (_predictions(version, model, holdout) for version, model in both)
        times: tuple[float | None, ...] = (None, None)
        if getattr(gate, "max_latency_ratio", None) is not None:
            times = _latencies([partial(_predictions, v, m, holdout) for v, m in both])
        sizes = [version.size_bytes or None for version, _ in both]
        facts = Facts(
            champion_latency_s=times[0],
            challenger_latency_s=times[1],
            champion_size_bytes=sizes[0],
            challenger_size_bytes=sizes[1],
            loads=True,  # both come out of the registry's bytes, or this line is not reached
        )
        return cls(holdout, challenger[0].holdout_digest, first, second, facts)

    def decide(self, gate: GateLike, *, uses: int) -> GateDecision:
        """Ask the gate; one that takes them is given the rows' columns, facts and earlier uses."""
        said = (self.holdout.target, self.champion, self.challenger)
        if "uses" not in signature(gate.decide).parameters:
            return gate.decide(*said)
        inputs = self.holdout.inputs
        aware = cast("Gate", gate)
        return aware.decide(
            *said,
            columns={str(name): inputs[name].to_numpy() for name in inputs.columns},
            facts=self.facts,
            holdout=self.digest,
            uses=uses,
        )


def _latencies(predict: list[Callable[[], object]]) -> tuple[float, ...]:
    """Return the shortest of five times of each, taken in turn: what else runs only adds to it."""
    best = [math.inf] * len(predict)
    for _ in range(_TIMES):
        for i, call in enumerate(predict):
            start = time.perf_counter()
            call()
            best[i] = min(best[i], time.perf_counter() - start)
    return tuple(best)


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
    """Return a decision as an event can hold it.

    What is not a finite number becomes None; of more slices than an event has room for, those that
    decided are kept and the rest is counted.
    """
    most = len(decision.slices)
    plain = _finite(decision.to_dict())
    while most and len(json.dumps(plain)) > _MOST_BYTES:
        most //= 2
        plain = _finite(decision.shortened(most).to_dict())
    return cast("dict[str, Any]", plain)


def _finite(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {k: _finite(v) for k, v in value.items()}
    if isinstance(value, (list, tuple)):
        return [_finite(v) for v in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value


def read_decision(payload: Any) -> GateDecision | None:
    """Read a decision out of an event."""
    return GateDecision.from_dict(payload) if isinstance(payload, dict) else None
