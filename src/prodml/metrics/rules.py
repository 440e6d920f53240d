"""What a metric may be called, which labels it may have, and where its buckets may end."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence
from itertools import pairwise
from typing import Literal, TypeAlias

import attrs

from prodml.errors import ConfigError

__all__ = ["DEFAULT_BUCKETS", "Kind", "Labels", "Spec", "check_labels", "check_spec"]

Kind: TypeAlias = Literal["counter", "gauge", "histogram"]
Labels: TypeAlias = tuple[tuple[str, str], ...]
"""Pairs of name and value, in order of the names."""

DEFAULT_BUCKETS = (
    *(1e-5, 2.5e-5, 5e-5, 1e-4, 2.5e-4, 5e-4, 1e-3, 2.5e-3, 5e-3),
    *(0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0),
)
"""Upper bounds in seconds, from 10 microseconds to 10 seconds: a model may answer in 40."""

_NAME = re.compile(r"[a-z][a-z0-9_]*")
_RESERVED_LABELS = {"le", "quantile"}


@attrs.frozen
class Spec:
    """What is fixed for every instrument of one name.

    Parameters
    ----------
    kind : {"counter", "gauge", "histogram"}
        What it counts.
    name : str
        Its name; a counter's ends in ``_total``.
    help : str
        A sentence for whoever reads the numbers.
    buckets : tuple of float or None
        Rising, finite upper bounds of a histogram; None: whatever the name has, else the default.
    """

    kind: Kind
    name: str
    help: str
    buckets: tuple[float, ...] | None = None


def check_spec(
    kind: Kind,
    name: str,
    help: str,  # noqa: A002 - the port's word
    buckets: Sequence[float] | None = None,
) -> Spec:
    """Return the checked description of an instrument.

    Raises
    ------
    ConfigError
        If the name is no metric name, a counter's name lacks ``_total`` or another's has it, the
        help is no text, or the buckets do not rise.
    """
    if not isinstance(name, str) or not _NAME.fullmatch(name):
        raise ConfigError(
            f"the name of a {kind} must be lower-case letters, digits and '_', and begin with a "
            f"letter, got {name!r}"
        )
    if (kind == "counter") != name.endswith("_total"):
        hint = f"{name}_total" if kind == "counter" else name.removesuffix("_total")
        raise ConfigError(
            f'only counters end in "_total", and all of them do, got the {kind} "{name}". '
            f'Did you mean "{hint}"?'
        )
    if not isinstance(help, str):
        raise ConfigError(f'the help of "{name}" must be text, got {type(help).__name__}')
    return Spec(kind, name, help, None if buckets is None else _check_buckets(name, buckets))


def check_labels(name: str, labels: Mapping[str, str] | None) -> Labels:
    """Return the labels in order of their names.

    Raises
    ------
    ConfigError
        If a label has no proper name, or its value is no text. The value is not shown.
    """
    if not labels:
        return ()
    if not isinstance(labels, Mapping):
        raise ConfigError(
            f'the labels of "{name}" must map names to text, got {type(labels).__name__}'
        )
    for label, value in labels.items():
        _check_label(name, label, value)
    return tuple(sorted(labels.items()))


def _check_label(name: str, label: str, value: str) -> None:
    if not isinstance(label, str) or not _NAME.fullmatch(label) or label in _RESERVED_LABELS:
        raise ConfigError(
            f"a label of \"{name}\" must be lower-case letters, digits and '_', begin with a letter "
            f'and not be "le" or "quantile", got {label!r}'
        )
    if not isinstance(value, str):
        raise ConfigError(
            f'the label "{label}" of "{name}" must be text, got {type(value).__name__}: '
            "write str(value) where you mean it"
        )
    if not value.isascii() and any("\ud800" <= char <= "\udfff" for char in value):
        raise ConfigError(
            f'the label "{label}" of "{name}" holds a lone surrogate: no Unicode text'
        )


def _check_buckets(name: str, buckets: Sequence[float]) -> tuple[float, ...]:
    bounds = tuple(float(bound) for bound in buckets)
    if bounds and bounds[-1] == math.inf:  # always there, said or not
        bounds = bounds[:-1]
    if not bounds or not all(map(math.isfinite, bounds)):
        raise ConfigError(f'the buckets of "{name}" must be at least one finite upper bound')
    if any(b <= a for a, b in pairwise(bounds)):
        raise ConfigError(f'the buckets of "{name}" must rise strictly, got {list(bounds)}')
    return bounds
