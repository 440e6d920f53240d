"""Bounds beside the comparison: how long a model takes, how large it is, whether it works as stored."""

from __future__ import annotations

import attrs

from prodml import display
from prodml.errors import ConfigError
from prodml.gate.decision import Check, Verdict
from prodml.ports.duck import is_number

__all__ = ["Facts", "check_facts"]


def _measured(_: object, field: attrs.Attribute[float | None], value: float | None) -> None:
    if value is not None and not (is_number(value) and value > 0):
        raise ConfigError(f"{field.name} must be more than 0, got {value!r}")


@attrs.frozen(kw_only=True)
class Facts:
    """What was measured of both models beside their predictions; `prodml.Registry` measures it all.

    Parameters
    ----------
    champion_latency_s, challenger_latency_s : float, optional
        Seconds a model takes for the rows compared, both on the same machine.
    champion_size_bytes, challenger_size_bytes : float, optional
        Of the stored models.
    loads : bool, optional
        Whether the challenger was loaded from its stored bytes and predicted every row.

    Raises
    ------
    ConfigError
        If a measure is not above 0.
    """

    champion_latency_s: float | None = attrs.field(default=None, validator=_measured)
    challenger_latency_s: float | None = attrs.field(default=None, validator=_measured)
    champion_size_bytes: float | None = attrs.field(default=None, validator=_measured)
    challenger_size_bytes: float | None = attrs.field(default=None, validator=_measured)
    loads: bool | None = None


def check_facts(
    facts: Facts, max_latency_ratio: float | None, max_size_ratio: float | None
) -> list[Check]:
    """Hold what was measured against the bounds; what was asked and not measured is inconclusive."""
    checks = []
    if facts.loads is not None:
        said = "loaded from its bytes, predicts every row" if facts.loads else "does not load"
        checks.append(Check("loads", "promote" if facts.loads else "reject", said))
    if max_latency_ratio is not None:
        pair = (facts.champion_latency_s, facts.challenger_latency_s)
        checks.append(_ratio("latency", *pair, max_latency_ratio, unit="s"))
    if max_size_ratio is not None:
        sizes = (facts.champion_size_bytes, facts.challenger_size_bytes)
        checks.append(_ratio("size", *sizes, max_size_ratio, unit="bytes"))
    return checks


def _ratio(
    name: str, champion: float | None, challenger: float | None, most: float, *, unit: str
) -> Check:
    if champion is None or challenger is None:
        return Check(name, "inconclusive", "was not measured", champion, challenger, most)
    ratio = challenger / champion
    verdict: Verdict = "promote" if ratio <= most else "reject"
    said = (
        f"{display.number(challenger, 3)} {unit}, {display.number(ratio, 3)} times the champion's; "
        f"at most {display.number(most)} times are allowed"
    )
    return Check(name, verdict, said, champion, challenger, most)
