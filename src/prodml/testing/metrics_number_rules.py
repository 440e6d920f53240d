"""Rules M01 to M20 of the Metrics port: what the numbers are."""

from __future__ import annotations

import math

from prodml.ports import Metrics
from prodml.testing.metrics_probes import MetricsProbe, equal, refuses, rule

__all__ = ["NumberRules"]


class NumberRules(MetricsProbe):
    """Counters, gauges and histograms count right."""

    # --- counters ---------------------------------------------------------------------------

    @rule
    def test_m01_a_counter_starts_at_zero(self, metrics: Metrics) -> None:
        """M01: A counter can be read at zero as soon as it is made."""
        metrics.counter("rows_total", "Rows.")
        self.expect(metrics, "rows_total", 0.0)

    @rule
    def test_m02_inc_adds_one(self, metrics: Metrics) -> None:
        """M02: `inc()` adds one."""
        counter = metrics.counter("rows_total", "Rows.")
        counter.inc()
        counter.inc()
        self.expect(metrics, "rows_total", 2.0)

    @rule
    def test_m03_inc_adds_the_amount(self, metrics: Metrics) -> None:
        """M03: `inc(amount)` adds the amount, whole or not, zero too."""
        counter = metrics.counter("rows_total", "Rows.")
        for amount in (41, 0.5, 0, 0.25):
            counter.inc(amount)
        self.expect(metrics, "rows_total", 41.75)

    @rule
    def test_m04_a_counter_never_falls(self, metrics: Metrics) -> None:
        """M04: A counter refuses a negative amount with ConfigError and keeps its value."""
        counter = metrics.counter("rows_total", "Rows.")
        counter.inc(3)
        refuses("inc(-1)", counter.inc, -1)
        self.expect(metrics, "rows_total", 3.0)

    @rule
    def test_m05_a_counter_refuses_nan(self, metrics: Metrics) -> None:
        """M05: A counter refuses NaN with ConfigError and keeps its value."""
        counter = metrics.counter("rows_total", "Rows.")
        counter.inc(3)
        refuses("inc(nan)", counter.inc, math.nan)
        self.expect(metrics, "rows_total", 3.0)

    @rule
    def test_m06_a_counter_refuses_infinity(self, metrics: Metrics) -> None:
        """M06: A counter refuses infinity with ConfigError and keeps its value."""
        counter = metrics.counter("rows_total", "Rows.")
        refuses("inc(inf)", counter.inc, math.inf)
        self.expect(metrics, "rows_total", 0.0)

    # --- gauges -----------------------------------------------------------------------------

    @rule
    def test_m07_a_gauge_starts_at_zero(self, metrics: Metrics) -> None:
        """M07: A gauge can be read at zero as soon as it is made."""
        metrics.gauge("queue_length_ratio", "Queue.")
        self.expect(metrics, "queue_length_ratio", 0.0)

    @rule
    def test_m08_set_replaces(self, metrics: Metrics) -> None:
        """M08: `set` replaces the value, up and down."""
        gauge = metrics.gauge("accuracy_ratio", "Accuracy.")
        for value in (0.5, 0.75, 0.25):
            gauge.set(value)
            self.expect(metrics, "accuracy_ratio", value)

    @rule
    def test_m09_a_gauge_may_be_negative(self, metrics: Metrics) -> None:
        """M09: A gauge may be set below zero."""
        metrics.gauge("skew_seconds", "Skew.").set(-1.5)
        self.expect(metrics, "skew_seconds", -1.5)

    @rule
    def test_m10_a_gauge_moves_both_ways(self, metrics: Metrics) -> None:
        """M10: A gauge's `inc` adds, one by default, a negative amount too."""
        gauge = metrics.gauge("busy_workers", "Workers.")
        gauge.inc()
        gauge.inc(4)
        gauge.inc(-2)
        self.expect(metrics, "busy_workers", 3.0)

    # --- histograms -------------------------------------------------------------------------

    @rule
    def test_m11_a_histogram_starts_empty(self, metrics: Metrics) -> None:
        """M11: A histogram can be read with all its buckets at zero as soon as it is made."""
        metrics.histogram("wait_seconds", "Wait.", buckets=[1, 2])
        self.expect_histogram(metrics, 0, 0.0, {1.0: 0, 2.0: 0, math.inf: 0})

    @rule
    def test_m12_observations_are_counted_and_summed(self, metrics: Metrics) -> None:
        """M12: A histogram knows the number and the sum of its observations."""
        histogram = metrics.histogram("wait_seconds", "Wait.", buckets=[1, 2])
        for value in (0.5, 1.5, 1.5):
            histogram.observe(value)
        self.expect_histogram(metrics, 3, 3.5)

    @rule
    def test_m13_buckets_are_cumulative(self, metrics: Metrics) -> None:
        """M13: A bucket counts all observations up to its bound."""
        histogram = metrics.histogram("wait_seconds", "Wait.", buckets=[1, 2, 4])
        for value in (0.5, 1.5, 3.0):
            histogram.observe(value)
        self.expect_histogram(metrics, 3, 5.0, {1.0: 1, 2.0: 2, 4.0: 3, math.inf: 3})

    @rule
    def test_m14_bounds_are_inclusive(self, metrics: Metrics) -> None:
        """M14: An observation equal to a bound belongs to that bucket."""
        metrics.histogram("wait_seconds", "Wait.", buckets=[1, 2]).observe(1)
        self.expect_histogram(metrics, 1, 1.0, {1.0: 1, 2.0: 1, math.inf: 1})

    @rule
    def test_m15_nothing_is_too_large(self, metrics: Metrics) -> None:
        """M15: What lies beyond the last bound is counted in the bucket at infinity."""
        metrics.histogram("wait_seconds", "Wait.", buckets=[1, 2]).observe(1e9)
        self.expect_histogram(metrics, 1, 1e9, {1.0: 0, 2.0: 0, math.inf: 1})

    @rule
    def test_m16_negative_observations_count(self, metrics: Metrics) -> None:
        """M16: A negative observation is counted in every bucket and lowers the sum."""
        metrics.histogram("wait_seconds", "Wait.", buckets=[1, 2]).observe(-3)
        self.expect_histogram(metrics, 1, -3.0, {1.0: 1, 2.0: 1, math.inf: 1})

    @rule
    def test_m17_only_finite_observations(self, metrics: Metrics) -> None:
        """M17: `observe` refuses NaN and infinities with ConfigError and counts nothing."""
        histogram = metrics.histogram("wait_seconds", "Wait.", buckets=[1])
        for value in (math.nan, math.inf, -math.inf):
            refuses(f"observe({value})", histogram.observe, value)
        self.expect_histogram(metrics, 0, 0.0, {1.0: 0, math.inf: 0})

    @rule
    def test_m18_buckets_have_a_default(self, metrics: Metrics) -> None:
        """M18: Without `buckets` a histogram tells 40 microseconds from 4 milliseconds and 4 s."""
        histogram = metrics.histogram("wait_seconds", "Wait.")
        for value in (4e-5, 4e-3, 4.0):
            histogram.observe(value)
        buckets = self.histogram(metrics)["buckets"]
        equal("distinct counts", set(buckets.values()) >= {1, 2, 3}, expected=True)

    @rule
    def test_m19_infinity_may_be_named(self, metrics: Metrics) -> None:
        """M19: A last bound of infinity means the bucket that is always there."""
        metrics.histogram("wait_seconds", "Wait.", buckets=[1, math.inf]).observe(5)
        self.expect_histogram(metrics, 1, 5.0, {1.0: 0, math.inf: 1})

    @rule
    def test_m20_bounds_must_rise(self, metrics: Metrics) -> None:
        """M20: Buckets that are empty, NaN or do not rise strictly are refused."""
        for buckets in ([], [2, 1], [1, 1], [math.nan], [math.inf]):
            refuses(
                f"buckets={buckets}",
                metrics.histogram,
                "wait_seconds",
                "Wait.",
                buckets=buckets,
            )
