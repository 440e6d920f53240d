"""Which instruments there are: one per name and labels, all of one name alike."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import TypeVar, cast

import attrs

from prodml.errors import ConfigError
from prodml.metrics.rules import DEFAULT_BUCKETS, Labels, Spec

__all__ = ["Catalogue", "Family"]

I = TypeVar("I")  # noqa: E741 - an instrument

_SUFFIXES = {
    "counter": ("_total", "_created"),
    "gauge": ("",),
    "histogram": ("", "_bucket", "_sum", "_count", "_created"),
}


@attrs.frozen
class Family:
    """All instruments of one name.

    Parameters
    ----------
    spec : Spec
        What they have in common; a histogram's buckets are filled in.
    label_names : tuple of str
        In order.
    children : dict of Labels to object
        The instruments.
    """

    spec: Spec
    label_names: tuple[str, ...]
    children: dict[Labels, object] = attrs.field(factory=dict, repr=False)


class Catalogue:
    """Finds or makes instruments; safe to call from many threads."""

    def __init__(self) -> None:
        self._lock = threading.RLock()  # a finaliser may ask for an instrument, too
        self._families: dict[str, Family] = {}
        self._owners: dict[str, str] = {}  # every name on the wire -> the family that writes it

    def instrument(self, spec: Spec, labels: Labels, make: Callable[[Family], I]) -> I:
        """Return the instrument of this name and these labels; `make` is called for a new one.

        Raises
        ------
        ConfigError
            If the name is taken by another kind, other label names or other buckets.
        """
        with self._lock:
            family = self._families.get(spec.name) or self._new_family(spec, labels)
            _refuse_other(family, spec, labels)
            if labels not in family.children:
                family.children[labels] = make(family)
                self._keep(family)
            return cast("I", family.children[labels])

    def families(self) -> list[tuple[Family, list[tuple[Labels, object]]]]:
        """Return what there is at this moment, in the order of its making."""
        with self._lock:
            return [(family, list(family.children.items())) for family in self._families.values()]

    def _new_family(self, spec: Spec, labels: Labels) -> Family:
        for name in _names_on_the_wire(spec):
            if name in self._owners:
                raise ConfigError(
                    f'the {spec.kind} "{spec.name}" would write "{name}", which '
                    f'"{self._owners[name]}" does already: choose another name'
                )
        if spec.kind == "histogram" and spec.buckets is None:
            spec = attrs.evolve(spec, buckets=DEFAULT_BUCKETS)
        return Family(spec, tuple(name for name, _ in labels))

    def _keep(self, family: Family) -> None:
        # Only now, when its first instrument exists: what could not be made leaves no trace.
        self._families[family.spec.name] = family
        self._owners.update(dict.fromkeys(_names_on_the_wire(family.spec), family.spec.name))


def _names_on_the_wire(spec: Spec) -> list[str]:
    stem = spec.name.removesuffix("_total")
    # A counter occupies its stem as well: the OpenMetrics format calls the family that.
    return [stem, *(stem + suffix for suffix in _SUFFIXES[spec.kind])]


def _refuse_other(family: Family, spec: Spec, labels: Labels) -> None:
    there = family.spec
    if there.kind != spec.kind:
        raise ConfigError(f'"{spec.name}" is a {there.kind} already, so it cannot be a {spec.kind}')
    names = tuple(name for name, _ in labels)
    if names != family.label_names:
        raise ConfigError(
            f'"{spec.name}" has the labels {list(family.label_names)}, got {list(names)}: '
            "all instruments of one name have the same label names"
        )
    if spec.buckets is not None and spec.buckets != there.buckets:
        raise ConfigError(
            f'"{spec.name}" has the buckets {list(there.buckets or ())}, '
            f"got {list(spec.buckets)}: all instruments of one name have the same buckets"
        )
