"""What metrics say at one moment, and the text format of Prometheus."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence

import attrs

from prodml.metrics.rules import Kind, Labels

__all__ = ["CONTENT_TYPE", "Sample", "Samples", "float_text", "render"]

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"


@attrs.frozen
class Sample:
    """One number.

    Parameters
    ----------
    name : str
        Its name on the wire; a histogram writes ``_bucket``, ``_count`` and ``_sum``.
    labels : tuple of (str, str)
        In order of the names; a bucket has ``le`` among them.
    value : float
        The number; buckets are cumulative.
    """

    name: str
    labels: Labels
    value: float


@attrs.frozen
class Samples:
    """All numbers of one metric.

    Parameters
    ----------
    name : str
        Name of the metric.
    kind : {"counter", "gauge", "histogram"}
        What it is.
    help : str
        What it says.
    samples : tuple of Sample
        Its numbers.
    """

    name: str
    kind: Kind
    help: str
    samples: tuple[Sample, ...]


def render(families: Iterable[Samples]) -> str:
    r"""Write the text exposition format of Prometheus, version 0.0.4.

    Parameters
    ----------
    families : iterable of Samples
        What to write, in this order.

    Returns
    -------
    str
        Lines, each ended by a line feed; empty if there is nothing.

    Source
    ------
    https://prometheus.io/docs/instrumenting/exposition_formats/

    Examples
    --------
    >>> calls = Sample("calls_total", (("path", 'a"b'),), 2.0)
    >>> print(render([Samples("calls_total", "counter", "Calls.", (calls,))]), end="")
    # HELP calls_total Calls.
    # TYPE calls_total counter
    calls_total{path="a\"b"} 2.0
    """
    return "".join(map(_family_text, families))


def _family_text(family: Samples) -> str:
    told = family.help.replace("\\", r"\\").replace("\n", r"\n")
    head = f"# HELP {family.name} {told}\n# TYPE {family.name} {family.kind}\n"
    return head + "".join(map(_sample_text, family.samples))


def _sample_text(sample: Sample) -> str:
    return f"{sample.name}{_label_text(sample.labels)} {float_text(sample.value)}\n"


def _label_text(labels: Sequence[tuple[str, str]]) -> str:
    if not labels:
        return ""
    return "{" + ",".join(f'{name}="{_escaped(value)}"' for name, value in sorted(labels)) + "}"


def _escaped(value: str) -> str:
    return value.replace("\\", r"\\").replace("\n", r"\n").replace('"', r"\"")


def float_text(value: float) -> str:
    """Write a number as Go does, so that equal bounds have equal names everywhere.

    Examples
    --------
    >>> float_text(0.005), float_text(10.0), float_text(25_000_000.0), float_text(float("inf"))
    ('0.005', '10.0', '2.5e+07', '+Inf')
    """
    if math.isnan(value):
        return "NaN"
    if math.isinf(value):
        return "+Inf" if value > 0 else "-Inf"
    text = repr(value)
    dot = text.find(".")
    if value > 0 and dot > 6 and "e" not in text:
        mantissa = f"{text[0]}.{text[1:dot]}{text[dot + 1 :]}".rstrip("0").rstrip(".")
        return f"{mantissa}e+{dot - 1:02d}"
    return text
