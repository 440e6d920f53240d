# ruff: noqa: RUF002 - the dash for a missing value is meant
"""Tables for terminals and for notebooks."""

from __future__ import annotations

import re
from collections.abc import Sequence

from prodml.display.cells import cell, clip, escape, is_number, reads_as_number, width
from prodml.display.numbers import MISSING, decimals
from prodml.errors import ConfigError

__all__ = ["html_table", "text_table"]

_GAP = "  "
_TIME = re.compile(r"\d{4}-\d\d-\d\d \d\d:\d\d(:\d\d)?( UTC)?", re.ASCII)  # breaks badly
_MAX_CELL = 80


def text_table(rows: Sequence[Sequence[object]], headers: Sequence[str], *, title: str = "") -> str:
    """Return a table as lines of text, aligned, with numbers to the right.

    Parameters
    ----------
    rows : sequence of sequences
        Cells, any objects; see `prodml.display.cells.cell`. The floats of a column share one
        number of decimals. A cell of more than 80 columns is cut.
    headers : sequence of str
        One per column.
    title : str, default ""
        A line above the table.

    Returns
    -------
    str
        No line ends in a blank, the text not in a line break.

    Raises
    ------
    ConfigError
        If a row has not as many cells as there are headers, or there are none.

    Examples
    --------
    >>> print(text_table([["age", 0.5, True], ["income", 0.1234, None]], ["column", "p", "drift"]))
    column       p  drift
    ──────  ──────  ─────
    age     0.5000  yes
    income  0.1234  –
    """
    columns = _columns(rows, headers)
    rights = [_is_right(column) for column in columns]
    names = [clip(cell(str(h)), _MAX_CELL) for h in headers]
    texts = [[clip(text, _MAX_CELL) for text in column] for column in columns]
    widths = [max(map(width, [name, *column])) for name, column in zip(names, texts, strict=True)]
    lines = [cell(title)] if title else []
    lines.append(_line(names, widths, rights))
    lines.append(_GAP.join("─" * w for w in widths).rstrip())
    lines += [_line(row, widths, rights) for row in zip(*texts, strict=True)]
    if not rows:
        lines.append("(no rows)")
    return "\n".join(lines)


def html_table(rows: Sequence[Sequence[object]], headers: Sequence[str], *, title: str = "") -> str:
    """Return a table as an HTML fragment that brings its own style.

    Colours derive from the text colour around it, so the fragment suits a light and a dark
    notebook alike. Everything that is passed in is escaped.

    Parameters
    ----------
    rows : sequence of sequences
        Cells, as in `text_table`; nothing is cut.
    headers : sequence of str
        One per column.
    title : str, default ""
        The caption.

    Returns
    -------
    str
        A ``<div>`` with one ``<table>``.

    Raises
    ------
    ConfigError
        If a row has not as many cells as there are headers, or there are none.

    Examples
    --------
    >>> "&lt;b&gt;" in html_table([["<b>"]], ["column"])
    True
    """
    columns = _columns(rows, headers)
    marks = [_mark(column) for column in columns]
    head = "".join(
        f'<th scope="col"{mark}>{escape(name)}</th>'
        for name, mark in zip(headers, marks, strict=True)
    )
    body = "\n".join(_html_row(row, marks) for row in zip(*columns, strict=True))
    if not rows:
        body = f'<tr><td colspan="{len(marks)}">no rows</td></tr>'
    caption = f"<caption>{escape(title)}</caption>" if title else ""
    return (
        f'<div class="prodml-table"><style>{TABLE_STYLE}</style>\n<table>{caption}\n'
        f"<thead><tr>{head}</tr></thead>\n<tbody>\n{body}\n</tbody></table></div>"
    )


# currentColor follows the host's theme; only the hover tint needs to know light from dark.
TABLE_STYLE = (
    ".prodml-table{overflow-x:auto;margin:.75em 0;font-family:system-ui,-apple-system,'Segoe UI',"
    "Roboto,'Helvetica Neue',sans-serif;font-size:.875rem;line-height:1.45}"
    ".prodml-table table{border-collapse:collapse;border:0;margin:0;color:inherit}"
    ".prodml-table caption{caption-side:top;text-align:left;font-weight:600;padding:0 0 .4em;"
    "color:inherit}"
    ".prodml-table.prodml-table th,.prodml-table.prodml-table td{border:0;padding:.38em 1.1em .38em 0;text-align:left;"
    "vertical-align:top;background:none}"
    ".prodml-table.prodml-table th:last-child,.prodml-table.prodml-table td:last-child{padding-right:.3em}"
    ".prodml-table th{font-weight:600;white-space:nowrap;opacity:.72}"
    ".prodml-table.prodml-table td.n,.prodml-table.prodml-table th.n{text-align:right;font-variant-numeric:tabular-nums;"
    "white-space:nowrap}"
    ".prodml-table td.t{white-space:nowrap}"
    ".prodml-table thead tr{border-bottom:1.5px solid currentColor}"
    ".prodml-table tbody tr{border-bottom:1px solid rgba(128,128,128,.25);background:none}"
    ".prodml-table tbody tr:hover{background:rgba(0,90,160,.06)}"
    "@media (prefers-color-scheme:dark){.prodml-table tbody tr:hover{"
    "background:rgba(120,180,255,.12)}}"
)


def _mark(column: Sequence[str]) -> str:
    if _is_right(column):
        return ' class="n"'
    return ' class="t"' if column and all(map(_TIME.fullmatch, column)) else ""


def _html_row(row: Sequence[str], marks: Sequence[str]) -> str:
    cells = "".join(f"<td{m}>{escape(c)}</td>" for c, m in zip(row, marks, strict=True))
    return f"<tr>{cells}</tr>"


def _columns(rows: Sequence[Sequence[object]], headers: Sequence[str]) -> list[list[str]]:
    if isinstance(headers, str) or not headers:
        raise ConfigError("headers must be a list of at least one column name")
    for i, row in enumerate(rows):
        if len(row) != len(headers):
            raise ConfigError(
                f"row {i} has {len(row)} cells, but there are {len(headers)} headers: "
                "every row needs one cell per header"
            )
    return [_texts([row[i] for row in rows]) for i in range(len(headers))]


def _texts(values: Sequence[object]) -> list[str]:
    texts = [cell(value) for value in values]
    if not all(value is None or is_number(value) for value in values):
        return texts
    places = max((decimals(text) or 0 for text in texts), default=0)
    if not places:
        return texts
    return [_with_decimals(value, text, places) for value, text in zip(values, texts, strict=True)]


def _with_decimals(value: object, text: str, places: int) -> str:
    if decimals(text) is None or hasattr(value, "__index__"):
        return text
    return f"{float(value):,.{places}f}" if "," in text else f"{float(value):.{places}f}"  # type: ignore[arg-type]


def _is_right(column: Sequence[str]) -> bool:
    present = [text for text in column if text not in {"", MISSING}]
    return bool(present) and all(map(reads_as_number, present))


def _line(texts: Sequence[str], widths: Sequence[int], rights: Sequence[bool]) -> str:
    padded = [
        " " * (w - width(t)) + t if right else t + " " * (w - width(t))
        for t, w, right in zip(texts, widths, rights, strict=True)
    ]
    return _GAP.join(padded).rstrip()
