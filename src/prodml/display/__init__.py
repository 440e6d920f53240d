"""One look for every result: text tables, HTML fragments, SVG charts and whole pages.

Pure functions from plain values to strings, on the standard library alone. Results elsewhere in
prodml print through `text_table` and show in notebooks through `html_table`. Whatever is passed in
is escaped; colours are told apart by colour-blind readers and follow the reader's light or dark.
"""

from prodml.display.charts import (
    Lane,
    Mark,
    Span,
    bar_chart,
    histogram_chart,
    interval_chart,
    line_chart,
    span_chart,
)
from prodml.display.numbers import duration, number, percent, size
from prodml.display.page import page
from prodml.display.progress import progress
from prodml.display.tables import html_table, text_table

__all__ = [
    "Lane",
    "Mark",
    "Span",
    "bar_chart",
    "duration",
    "histogram_chart",
    "html_table",
    "interval_chart",
    "line_chart",
    "number",
    "page",
    "percent",
    "progress",
    "size",
    "span_chart",
    "text_table",
]
