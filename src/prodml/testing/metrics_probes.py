"""How the rules of the Metrics port look at an adapter, and how they say what they saw."""

from __future__ import annotations

import sys
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import ParamSpec, TypeAlias, TypedDict, TypeVar

import pytest

from prodml.errors import ConfigError
from prodml.ports import Metrics
from prodml.testing.rules import equal, rule

__all__ = [
    "N_EACH",
    "N_THREADS",
    "HistogramReading",
    "MetricsProbe",
    "equal",
    "in_threads",
    "refuses",
    "repeat",
    "rule",
]

N_THREADS = 8
N_EACH = 10_000

P = ParamSpec("P")
T = TypeVar("T")


class HistogramReading(TypedDict):
    """What `MetricsContract.read` returns for a histogram."""

    count: float
    """Number of observations."""
    sum: float
    """Their sum."""
    buckets: Mapping[float, float]
    """Upper bound -> number of observations up to it (cumulative), `math.inf` included."""


Reading: TypeAlias = float | HistogramReading


class MetricsProbe:
    """What every group of rules stands on: the adapter, a way to read it, and what to expect.

    `metrics` is a fixture that returns a fresh, empty adapter. `read` returns what the adapter
    holds under a name and labels: a float for a counter or gauge, a `HistogramReading` for a
    histogram; it is only asked for what was made before.
    """

    @pytest.fixture
    def metrics(self) -> Metrics:
        """Return a fresh adapter."""
        raise NotImplementedError("give your test class a fixture `metrics`")

    def read(self, metrics: Metrics, name: str, labels: Mapping[str, str]) -> Reading:
        """Return what the adapter holds."""
        raise NotImplementedError("give your test class a method `read`")

    def expect(
        self, metrics: Metrics, name: str, value: float, labels: Mapping[str, str] | None = None
    ) -> None:
        """Fail unless a counter or gauge has this value."""
        equal(f"{name} {dict(labels or {})}", self.read(metrics, name, labels or {}), value)

    def histogram(
        self, metrics: Metrics, labels: Mapping[str, str] | None = None
    ) -> HistogramReading:
        """Return the histogram ``wait_seconds``."""
        found = self.read(metrics, "wait_seconds", labels or {})
        if isinstance(found, int | float):
            raise AssertionError(f"read() gave {found} for a histogram")  # noqa: TRY004 - a broken rule
        return found

    def expect_histogram(
        self,
        metrics: Metrics,
        count: float,
        total: float,
        buckets: Mapping[float, float] | None = None,
    ) -> None:
        """Fail unless the histogram ``wait_seconds`` holds this."""
        found = self.histogram(metrics)
        equal("count", found["count"], count)
        equal("sum", found["sum"], total)
        if buckets is not None:
            equal("buckets", dict(found["buckets"]), dict(buckets))


def refuses(what: str, call: Callable[P, object], *args: P.args, **kwargs: P.kwargs) -> None:
    """Fail unless the call raises ConfigError."""
    try:
        call(*args, **kwargs)
    except ConfigError:
        return
    except Exception as exc:
        raise AssertionError(f"{what} raised {type(exc).__name__}, not ConfigError") from exc
    raise AssertionError(f"{what} was accepted")


def repeat(call: Callable[[], None]) -> None:
    """Call ten thousand times."""
    for _ in range(N_EACH):
        call()


def in_threads(work: Callable[[int], None]) -> None:
    """Run ``work(0) ... work(7)`` in threads that take turns as often as they can."""
    errors: list[BaseException] = []
    start = threading.Barrier(N_THREADS)  # else the first may have finished before the last begins

    def guarded(i: int) -> None:
        start.wait()
        try:
            work(i)
        except BaseException as exc:  # noqa: BLE001 - a dead thread must not look like success
            errors.append(exc)

    with short_turns():
        threads = [threading.Thread(target=guarded, args=(i,)) for i in range(N_THREADS)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    if errors:
        raise AssertionError(f"a thread failed: {errors[0]!r}") from errors[0]


@contextmanager
def short_turns() -> Iterator[None]:
    """Let threads switch every microsecond, so that races show."""
    before = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    try:
        yield
    finally:
        sys.setswitchinterval(before)
