"""Rules M21 to M35 of the Metrics port: which instruments are one, and which are refused."""

from __future__ import annotations

import math

from prodml.ports import Metrics
from prodml.testing.metrics_probes import MetricsProbe, equal, refuses, rule

__all__ = ["IdentityRules"]


class IdentityRules(MetricsProbe):
    """Names, kinds, labels and buckets."""

    # --- identity ---------------------------------------------------------------------------

    @rule
    def test_m21_same_name_and_labels_are_one(self, metrics: Metrics) -> None:
        """M21: The same name and labels give the same instrument."""
        metrics.counter("rows_total", "Rows.", labels={"model": "a"}).inc(1)
        metrics.counter("rows_total", "Rows.", labels={"model": "a"}).inc(2)
        self.expect(metrics, "rows_total", 3.0, {"model": "a"})

    @rule
    def test_m22_label_order_does_not_matter(self, metrics: Metrics) -> None:
        """M22: Labels in another order are the same labels."""
        metrics.counter("rows_total", "Rows.", labels={"model": "a", "arm": "b"}).inc(1)
        metrics.counter("rows_total", "Rows.", labels={"arm": "b", "model": "a"}).inc(2)
        self.expect(metrics, "rows_total", 3.0, {"model": "a", "arm": "b"})

    @rule
    def test_m23_label_values_tell_series_apart(self, metrics: Metrics) -> None:
        """M23: Other label values are another instrument, also if values swap places."""
        metrics.counter("rows_total", "Rows.", labels={"a": "x", "b": "y"}).inc(1)
        metrics.counter("rows_total", "Rows.", labels={"a": "y", "b": "x"}).inc(2)
        self.expect(metrics, "rows_total", 1.0, {"a": "x", "b": "y"})
        self.expect(metrics, "rows_total", 2.0, {"a": "y", "b": "x"})

    @rule
    def test_m24_no_labels_and_empty_labels(self, metrics: Metrics) -> None:
        """M24: No labels and empty labels are the same."""
        metrics.gauge("busy_workers", "Workers.").inc(1)
        metrics.gauge("busy_workers", "Workers.", labels={}).inc(2)
        self.expect(metrics, "busy_workers", 3.0)

    @rule
    def test_m25_any_text_is_a_label_value(self, metrics: Metrics) -> None:
        """M25: Every text is a label value of its own: quotes, line feeds, commas, nothing."""
        values = ["", " ", '"', "\\", "\n", "\\n", 'a",b="c', "é", "e\u0301", "日本", "A", "a"]
        for i, value in enumerate(values, start=1):
            metrics.counter("rows_total", "Rows.", labels={"model": value}).inc(i)
        for i, value in enumerate(values, start=1):
            self.expect(metrics, "rows_total", float(i), {"model": value})

    @rule
    def test_m26_labels_are_copied(self, metrics: Metrics) -> None:
        """M26: What happens to the labels' mapping later does not matter."""
        labels = {"model": "a"}
        counter = metrics.counter("rows_total", "Rows.", labels=labels)
        labels["model"] = "b"
        counter.inc(2)
        self.expect(metrics, "rows_total", 2.0, {"model": "a"})

    @rule
    def test_m27_series_share_buckets(self, metrics: Metrics) -> None:
        """M27: Without `buckets`, a known histogram keeps those it was made with."""
        metrics.histogram("wait_seconds", "Wait.", labels={"a": "x"}, buckets=[3]).observe(1)
        metrics.histogram("wait_seconds", "Wait.", labels={"a": "y"}).observe(5)
        found = self.histogram(metrics, {"a": "y"})
        equal("buckets", dict(found["buckets"]), {3.0: 0, math.inf: 1})

    # --- refusals ---------------------------------------------------------------------------

    @rule
    def test_m28_one_name_one_kind(self, metrics: Metrics) -> None:
        """M28: A name of one kind is refused to the other kinds."""
        metrics.gauge("wait_seconds", "Wait.").set(7)
        refuses("gauge as histogram", metrics.histogram, "wait_seconds", "Wait.")
        self.expect(metrics, "wait_seconds", 7.0)

    @rule
    def test_m29_one_name_one_set_of_label_names(self, metrics: Metrics) -> None:
        """M29: Other label names under a known name are refused: more, fewer, none, others."""
        metrics.counter("rows_total", "Rows.", labels={"model": "a"}).inc(1)
        for labels in ({"arm": "a"}, {"model": "a", "arm": "b"}, {}, None):
            refuses(
                f"labels={labels}",
                metrics.counter,
                "rows_total",
                "Rows.",
                labels=labels,
            )
        self.expect(metrics, "rows_total", 1.0, {"model": "a"})

    @rule
    def test_m30_one_name_one_set_of_buckets(self, metrics: Metrics) -> None:
        """M30: Other buckets under a known name are refused."""
        metrics.histogram("wait_seconds", "Wait.", labels={"a": "x"}, buckets=[1, 2])
        refuses(
            "other buckets",
            metrics.histogram,
            "wait_seconds",
            "W.",
            labels={"a": "y"},
            buckets=[1, 3],
        )

    @rule
    def test_m31_names_are_lower_case_words(self, metrics: Metrics) -> None:
        """M31: A name that does not match ``[a-z][a-z0-9_]*`` is refused."""
        for name in (
            "",
            "Rows",
            "1rows",
            "_rows",
            "rows-seen",
            "rows seen",
            "röws",
            "rows\n",
            "a:b",
        ):
            refuses(f"gauge({name!r})", metrics.gauge, name, "Rows.")
            refuses(f"histogram({name!r})", metrics.histogram, name, "Rows.", buckets=[1])

    @rule
    def test_m32_counters_end_in_total(self, metrics: Metrics) -> None:
        """M32: A counter's name that does not end in ``_total`` is refused."""
        for name in ("rows", "total", "rows_total_", "rows_total\n"):
            refuses(f"counter({name!r})", metrics.counter, name, "Rows.")

    @rule
    def test_m33_label_values_are_text(self, metrics: Metrics) -> None:
        """M33: A label value that is not a str is refused, not converted."""
        for value in (1, None, True, 1.5, b"a", ["a"]):
            labels: dict[str, str] = {"model": value}  # type: ignore[dict-item]
            refuses(f"{value!r}", metrics.counter, "rows_total", "R.", labels=labels)

    @rule
    def test_m34_label_names_are_lower_case_words(self, metrics: Metrics) -> None:
        """M34: A label name is ``[a-z][a-z0-9_]*``; "le" and "quantile" are Prometheus's own."""
        for name in ("", "Model", "1a", "__a", "a-b", "a b", "a\n", "le", "quantile"):
            labels = {name: "x"}
            refuses(f"label {name!r}", metrics.gauge, "busy", "B.", labels=labels)

    @rule
    def test_m35_a_refused_call_leaves_no_trace(self, metrics: Metrics) -> None:
        """M35: After a refused call the name is as free as before."""
        bad: dict[str, str] = {"model": 1}  # type: ignore[dict-item]
        refuses("label", metrics.counter, "rows_total", "Rows.", labels=bad)
        refuses("buckets", metrics.histogram, "wait_seconds", "Wait.", buckets=[2, 1])
        metrics.counter("rows_total", "Rows.", labels={"arm": "a"}).inc(1)
        metrics.gauge("wait_seconds", "Wait.").set(1)
        self.expect(metrics, "rows_total", 1.0, {"arm": "a"})
