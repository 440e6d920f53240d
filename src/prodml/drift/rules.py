"""What counts as drift, checked once."""

from __future__ import annotations

import attrs

from prodml.errors import ConfigError, known_names
from prodml.stats.multiplicity import CORRECTIONS

__all__ = ["Rules"]


def _number(low: float, high: float, *, open_ends: bool) -> object:
    brackets = "()" if open_ends else "[)"

    def check(_: object, field: attrs.Attribute[float], value: object) -> None:
        fits = isinstance(value, int | float) and not isinstance(value, bool)
        if fits and (low < value < high or (value == low and not open_ends)):  # type: ignore[operator]
            return
        raise ConfigError(
            f"{field.name} must lie in {brackets[0]}{low:g}, {high:g}{brackets[1]}, got {value!r}."
            + (f" Did you mean {value / 100:g}?" if fits and 1 < value < 100 else "")  # type: ignore[operator]
        )

    return check


def _at_least(least: int) -> object:
    def check(_: object, field: attrs.Attribute[int], value: object) -> None:
        if not isinstance(value, int) or isinstance(value, bool) or value < least:
            raise ConfigError(
                f"{field.name} must be a whole number of at least {least}, got {value!r}."
            )

    return check


def _correction(_: object, field: attrs.Attribute[str], value: object) -> None:
    if value not in CORRECTIONS:
        raise ConfigError(f"no {field.name} {value!r}. {known_names(str(value), CORRECTIONS)}")


@attrs.frozen
class Rules:
    """The thresholds of a `DriftDetector`, each in its range.

    Parameters
    ----------
    alpha : float in (0, 1)
        Level of the whole frame.
    correction : {"bh", "by", "holm", "bonferroni", "none"}
        For the number of tests.
    min_effect : float in [0, 1)
        Least difference between distributions that matters.
    min_rate : float in [0, 1)
        Least difference between shares (missing, infinite, unseen) that matters.
    min_rows : int
        Fewer values than this are not tested; at least 2.
    max_values : int
        Distinct numbers of a reference column that are kept; at least 100.
    random_state : int
        Seed of permutations, at least 0.
    """

    alpha: float = attrs.field(validator=_number(0, 1, open_ends=True))  # type: ignore[call-overload]
    correction: str = attrs.field(validator=_correction)
    min_effect: float = attrs.field(validator=_number(0, 1, open_ends=False))  # type: ignore[call-overload]
    min_rate: float = attrs.field(validator=_number(0, 1, open_ends=False))  # type: ignore[call-overload]
    min_rows: int = attrs.field(validator=_at_least(2))  # type: ignore[call-overload]
    max_values: int = attrs.field(validator=_at_least(100))  # type: ignore[call-overload]
    random_state: int = attrs.field(validator=_at_least(0))  # type: ignore[call-overload]
