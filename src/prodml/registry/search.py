"""Which versions fit: by name, tag, metric, alias, estimator, time, data and run."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from fnmatch import fnmatchcase
from typing import Any, TypeAlias

import attrs

from prodml import display
from prodml.errors import ConfigError
from prodml.ports.clock import check_aware
from prodml.registry.results import when

__all__ = ["Bounds", "Found", "Question", "SearchResult", "ordered"]

Bounds: TypeAlias = "float | tuple[float | None, float | None]"


@attrs.frozen
class Found:
    """A version that fits, as a line of a `SearchResult`.

    ``registry.get(str(found))`` returns everything about it.

    Parameters
    ----------
    name, version : str, int
        The version.
    aliases : tuple of str
        What points at it.
    estimator : str
        Its class.
    task : str
        As in `ModelVersion`.
    metrics : mapping of str to float
        As measured before it was registered; the first 50.
    tags : mapping of str to str
        As they are now.
    created : datetime
        When it was registered.
    actor : str
        Who registered it.
    run_id : str
        The training run; empty if unknown.
    data : str
        Fingerprint of what it was trained on; empty if unknown.
    deprecated : str or None
        Why nobody should use it any more.
    """

    name: str
    version: int
    aliases: tuple[str, ...]
    estimator: str
    task: str
    metrics: Mapping[str, float]
    tags: Mapping[str, str]
    created: datetime
    actor: str
    run_id: str
    data: str
    deprecated: str | None

    def __str__(self) -> str:
        return f"{self.name}/{self.version}"

    def to_dict(self) -> dict[str, object]:
        """Return the line as plain values."""
        plain = attrs.asdict(self, recurse=False)
        metrics = {k: v if math.isfinite(v) else None for k, v in self.metrics.items()}
        lists = {"aliases": list(self.aliases), "created": self.created.isoformat()}
        return {**plain, **lists, "metrics": metrics, "tags": dict(self.tags)}


@attrs.frozen(repr=False)
class SearchResult:
    """Versions that fit, the newest first unless they were ordered by a metric.

    Parameters
    ----------
    found : tuple of Found
        The versions.
    shown : tuple of str
        Metrics that the table shows.
    """

    found: tuple[Found, ...]
    shown: tuple[str, ...] = ()

    def __len__(self) -> int:
        return len(self.found)

    def __iter__(self) -> Iterator[Found]:
        return iter(self.found)

    def __getitem__(self, place: int) -> Found:
        return self.found[place]

    def __repr__(self) -> str:
        return display.text_table(self._rows(), self._headers(), title=self._title())

    def _repr_html_(self) -> str:
        return display.html_table(self._rows(), self._headers(), title=self._title())

    def to_dict(self) -> dict[str, object]:
        """Return the result as plain values."""
        return {"found": [found.to_dict() for found in self.found]}

    def _title(self) -> str:
        return "1 version" if len(self.found) == 1 else f"{len(self.found)} versions"

    def _headers(self) -> list[str]:
        return ["version", "aliases", "estimator", *self.shown, "tags", "registered", "by"]

    def _rows(self) -> list[list[object]]:
        return [
            [
                str(f) + (" (deprecated)" if f.deprecated is not None else ""),
                ", ".join(f.aliases),
                f.estimator.rpartition(".")[2],
                *(f.metrics.get(name) for name in self.shown),
                ", ".join(f"{k}={v}" for k, v in f.tags.items()),
                when(f.created),
                f.actor,
            ]
            for f in self.found
        ]


def _bounds(metrics: object) -> dict[str, tuple[float, float]]:
    if not isinstance(metrics, Mapping):
        raise ConfigError(_METRICS.format(type(metrics).__name__))
    return {str(name): _range(str(name), wanted) for name, wanted in metrics.items()}


def _range(name: str, wanted: object) -> tuple[float, float]:
    pair: tuple[Any, ...] = wanted if isinstance(wanted, tuple) else (wanted, None)
    if len(pair) != 2 or any(isinstance(x, bool | str) for x in pair):
        raise ConfigError(_METRICS.format(f"{wanted!r:.60} for {name}"))
    try:
        low = -math.inf if pair[0] is None else float(pair[0])
        high = math.inf if pair[1] is None else float(pair[1])
    except (TypeError, ValueError):
        raise ConfigError(_METRICS.format(f"{wanted!r:.60} for {name}")) from None
    if not low <= high:
        raise ConfigError(f"the range of {name} is empty: {low} to {high}")
    return low, high


_METRICS = 'metrics map names to a least value or a range, such as {{"auc": 0.9, "rmse": (None, 2.5)}}, got {}'


def _tags(tags: object) -> dict[str, str]:
    if isinstance(tags, Mapping) and all(
        isinstance(k, str) and isinstance(v, str) for k, v in tags.items()
    ):
        return dict(tags)
    raise ConfigError('tags map names to what they must read, such as {"team": "credit*"}')


def _check_pattern(_: object, field: Any, value: object) -> None:
    if value is not None and not isinstance(value, str):
        raise ConfigError(f"{field.name} must be a text, got a {type(value).__name__}")


def _check_moment(_: object, field: Any, value: object) -> None:
    check_aware(value, field.name)


@attrs.frozen(kw_only=True)
class Question:
    """What is searched for; what is None may be anything. Texts may hold ``*``.

    Parameters
    ----------
    name, alias, estimator, task, actor, data, run : str or None
        Patterns, see `Registry.search`.
    tags : mapping of str to str
        Patterns by tag.
    metrics : mapping of str to number or range
        By metric.
    since, until : datetime or None
        When it was registered.
    deprecated : bool or None
        Whether it must be, or must not.
    """

    name: str | None = attrs.field(default=None, validator=_check_pattern)
    alias: str | None = attrs.field(default=None, validator=_check_pattern)
    estimator: str | None = attrs.field(default=None, validator=_check_pattern)
    task: str | None = attrs.field(default=None, validator=_check_pattern)
    actor: str | None = attrs.field(default=None, validator=_check_pattern)
    data: str | None = attrs.field(default=None, validator=_check_pattern)
    run: str | None = attrs.field(default=None, validator=_check_pattern)
    tags: Mapping[str, str] = attrs.field(factory=dict, converter=_tags)
    metrics: Mapping[str, tuple[float, float]] = attrs.field(factory=dict, converter=_bounds)
    since: datetime | None = attrs.field(default=None, validator=_check_moment)
    until: datetime | None = attrs.field(default=None, validator=_check_moment)
    deprecated: bool | None = None

    def fits_model(self, name: str) -> bool:
        """Say whether versions of this model may fit."""
        return _fits(self.name, name)

    def fits(self, found: Found) -> bool:
        """Say whether a version fits."""
        return (
            self._fits_texts(found)
            and self._fits_alias(found)
            and self._fits_tags(found)
            and self._fits_metrics(found)
            and self._fits_time(found)
            and (self.deprecated is None or self.deprecated is (found.deprecated is not None))
        )

    def _fits_texts(self, found: Found) -> bool:
        short = found.estimator.rpartition(".")[2]
        return (
            (_fits(self.estimator, found.estimator) or _fits(self.estimator, short))
            and _fits(self.task, found.task)
            and _fits(self.actor, found.actor)
            and _fits(self.data, found.data)
            and _fits(self.run, found.run_id)
        )

    def _fits_alias(self, found: Found) -> bool:
        return self.alias is None or any(fnmatchcase(alias, self.alias) for alias in found.aliases)

    def _fits_tags(self, found: Found) -> bool:
        return all(k in found.tags and fnmatchcase(found.tags[k], v) for k, v in self.tags.items())

    def _fits_metrics(self, found: Found) -> bool:
        return all(
            low <= found.metrics.get(name, math.nan) <= high
            for name, (low, high) in self.metrics.items()
        )

    def _fits_time(self, found: Found) -> bool:
        return (self.since is None or found.created >= self.since) and (
            self.until is None or found.created < self.until
        )


def ordered(found: Sequence[Found], by: str | None, *, ascending: bool) -> list[Found]:
    """Return versions the newest first, or by a metric; those without it come last."""
    newest = sorted(found, key=lambda f: (f.created, f.version), reverse=True)
    if by is None:
        return newest[::-1] if ascending else newest
    sign = 1 if ascending else -1
    known = [f for f in newest if math.isfinite(f.metrics.get(by, math.nan))]
    others = [f for f in newest if not math.isfinite(f.metrics.get(by, math.nan))]
    return sorted(known, key=lambda f: sign * f.metrics[by]) + others


def _fits(pattern: str | None, text: str) -> bool:
    return pattern is None or fnmatchcase(text, pattern)
