"""The rules of the Metrics port as a test class: prove an adapter of your own with five lines.

::

    class TestMine(MetricsContract):
        @pytest.fixture
        def metrics(self):
            return MyMetrics()

        def read(self, metrics, name, labels):
            return metrics.my_way_to_read(name, labels)

Each rule has a number, with which the message of a broken one begins.
"""

from __future__ import annotations

import math
import threading

from prodml.ports import Metrics
from prodml.testing.metrics_identity_rules import IdentityRules
from prodml.testing.metrics_number_rules import NumberRules
from prodml.testing.metrics_probes import (
    N_EACH,
    N_THREADS,
    HistogramReading,
    in_threads,
    repeat,
    rule,
)

__all__ = ["HistogramReading", "MetricsContract"]


class MetricsContract(NumberRules, IdentityRules):
    """Every rule of the Metrics port; a subclass says what to test and how to read it.

    A subclass, whose name begins with ``Test``, gives a fixture `metrics` that returns a fresh,
    empty adapter, and a method `read` that returns what the adapter holds under a name and labels:
    a float for a counter or gauge, a `HistogramReading` (count, sum, cumulative buckets) for a
    histogram. `read` is only asked for what was made before.

    Forty rules: M01 to M20 say what the numbers are, M21 to M35 which instruments are one and which
    are refused, M36 to M40 that nothing gets lost between threads.
    """

    @rule
    def test_m36_no_increment_is_lost(self, metrics: Metrics) -> None:
        """M36: No increment of a counter is lost, from however many threads."""
        counter = metrics.counter("rows_total", "Rows.")
        in_threads(lambda _: repeat(counter.inc))
        self.expect(metrics, "rows_total", float(N_THREADS * N_EACH))

    @rule
    def test_m37_no_movement_of_a_gauge_is_lost(self, metrics: Metrics) -> None:
        """M37: No `inc` of a gauge is lost, from however many threads."""
        gauge = metrics.gauge("busy_workers", "Workers.")
        in_threads(lambda i: repeat(lambda: gauge.inc(-1.0 if i % 4 == 0 else 1.0)))
        self.expect(metrics, "busy_workers", float(N_THREADS // 2 * N_EACH))

    @rule
    def test_m38_no_observation_is_lost(self, metrics: Metrics) -> None:
        """M38: No observation is lost, from however many threads: in count, sum and buckets."""
        histogram = metrics.histogram("wait_seconds", "Wait.", buckets=[2, 5])
        in_threads(lambda i: repeat(lambda: histogram.observe(i)))
        each = float(N_EACH)
        self.expect_histogram(
            metrics, 8 * each, 28 * each, {2.0: 3 * each, 5.0: 6 * each, math.inf: 8 * each}
        )

    @rule
    def test_m39_threads_that_meet_make_one_instrument(self, metrics: Metrics) -> None:
        """M39: Threads that ask for a new instrument at the same moment get the same one."""
        for i in range(40):
            name = f"rows_{i}_total"
            gate = threading.Barrier(N_THREADS)

            def ask(_: int, name: str = name, gate: threading.Barrier = gate) -> None:
                gate.wait()
                metrics.counter(name, "Rows.", labels={"model": "a"}).inc()

            in_threads(ask)
            self.expect(metrics, name, float(N_THREADS), {"model": "a"})

    @rule
    def test_m40_reading_changes_nothing(self, metrics: Metrics) -> None:
        """M40: Reading changes nothing: a second reading is the same, and counting goes on."""
        counter = metrics.counter("rows_total", "Rows.")
        counter.inc(2)
        self.expect(metrics, "rows_total", 2.0)
        self.expect(metrics, "rows_total", 2.0)
        counter.inc(1)
        self.expect(metrics, "rows_total", 3.0)
