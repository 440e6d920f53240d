"""Metrics that go nowhere."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from prodml.metrics.rules import check_labels, check_spec

__all__ = ["NullInstrument", "NullMetrics"]


class NullInstrument:
    """Takes every number and forgets it."""

    __slots__ = ()

    def inc(self, amount: float = 1.0) -> None:
        """Do nothing."""

    def set(self, value: float) -> None:
        """Do nothing."""

    def observe(self, value: float) -> None:
        """Do nothing."""


_NOTHING = NullInstrument()


class NullMetrics:
    """Metrics that go nowhere: the default of every ``metrics=`` argument.

    Names and labels are checked as everywhere, so that a mistake shows before real metrics do.

    Examples
    --------
    >>> NullMetrics().counter("rows_total", "Rows seen.").inc()
    """

    def counter(
        self,
        name: str,
        help: str,  # noqa: A002 - the port's word
        *,
        labels: Mapping[str, str] | None = None,
    ) -> NullInstrument:
        """Return a counter that forgets.

        Raises
        ------
        ConfigError
            If the name or a label is malformed.
        """
        check_spec("counter", name, help)
        check_labels(name, labels)
        return _NOTHING

    def gauge(
        self,
        name: str,
        help: str,  # noqa: A002 - the port's word
        *,
        labels: Mapping[str, str] | None = None,
    ) -> NullInstrument:
        """Return a gauge that forgets."""
        check_spec("gauge", name, help)
        check_labels(name, labels)
        return _NOTHING

    def histogram(
        self,
        name: str,
        help: str,  # noqa: A002 - the port's word
        *,
        labels: Mapping[str, str] | None = None,
        buckets: Sequence[float] | None = None,
    ) -> NullInstrument:
        """Return a histogram that forgets."""
        check_spec("histogram", name, help, buckets)
        check_labels(name, labels)
        return _NOTHING

    def __repr__(self) -> str:
        return "NullMetrics()"
