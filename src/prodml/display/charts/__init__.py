"""Charts as SVG text, written by hand: no dependency, no script, no outside request.

Each chart scales to its place, has a title and a description for screen readers, uses a palette
that colour-blind readers can tell apart (Okabe and Ito 2008) and takes the text colour around it.
"""

from prodml.display.charts.bars import bar_chart
from prodml.display.charts.histograms import histogram_chart
from prodml.display.charts.intervals import interval_chart
from prodml.display.charts.lines import line_chart
from prodml.display.charts.spans import Lane, Mark, Span, span_chart

__all__ = [
    "Lane",
    "Mark",
    "Span",
    "bar_chart",
    "histogram_chart",
    "interval_chart",
    "line_chart",
    "span_chart",
]
