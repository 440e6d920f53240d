"""What every chart is drawn with: the frame, the palette, text and strokes."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from prodml.display.cells import clip, escape, plain, width

__all__ = [
    "DASHES",
    "FONT",
    "PALETTE",
    "WIDTH",
    "colour",
    "empty",
    "fitted",
    "group",
    "header",
    "line",
    "path",
    "rect",
    "series_stroke",
    "svg",
    "text",
    "text_width",
]

WIDTH = 560
"""Width of every chart in its own units; it scales to the place it is shown in."""

FONT = 13
# Mean width of a letter in its own size: of a broad font to make room, of a usual one to cut text.
_LETTER = 0.64
_NARROW_LETTER = 0.56
_PHONE_FONT = 16  # in chart units: on a narrow screen the chart shrinks, its letters less so

# Okabe & Ito 2008, ordered by contrast on white; on dark ground their lighter twins come first.
PALETTE = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#7A7A7A")
_DARK_PALETTE = ("#56B4E9", "#E69F00", "#2FBF92", "#E39AC4", "#F0E442", "#4C9FD6", "#A0A0A0")
DASHES = ("", "7 4", "2 3", "10 3 2 3", "5 2", "1 4", "12 4")

_STYLE = (
    ".prodml-chart{display:block;width:100%;max-width:640px;height:auto;margin:0;overflow:visible;"
    "color:inherit;font-family:system-ui,-apple-system,'Segoe UI',Roboto,'Helvetica Neue',"
    f"sans-serif;font-size:{FONT}px;font-variant-numeric:tabular-nums}}"
    ".prodml-chart text{fill:currentColor}"
    f"@media (max-width:480px){{.prodml-chart{{font-size:{_PHONE_FONT}px}}}}"
    # A file of its own has nobody to inherit a colour from.
    "svg.prodml-chart:root{color-scheme:light dark;color:CanvasText;background:Canvas}"
    "@media (prefers-color-scheme:dark){"
    + "".join(
        f".prodml-chart .f{i}{{fill:{c}}}.prodml-chart .k{i}{{stroke:{c}}}"
        for i, c in enumerate(_DARK_PALETTE)
    )
    + "}"
)


def svg(height: float, parts: Iterable[str], *, title: str, description: str) -> str:
    """Return the whole drawing, with its name and description for those who cannot see it."""
    body = "\n".join(parts)
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" class="prodml-chart" role="img" '
        f'viewBox="0 0 {WIDTH} {_n(height)}" width="{WIDTH}" height="{_n(height)}" '
        f'aria-label="{escape(title)}" font-family="sans-serif" font-size="{FONT}" '
        'fill="currentColor">\n'
        f"<title>{escape(title)}</title><desc>{escape(description)}</desc>"
        f"<style>{_STYLE}</style>\n{body}\n</svg>"
    )


def header(title: str, names: Sequence[str] = (), *, unit: str = "") -> tuple[list[str], float]:
    """Return the title, the legend of `names`, the unit, and where the plot may begin."""
    parts = [text(0, 16, fitted(title, WIDTH, FONT + 2), weight=600, size=FONT + 2)]
    y = 24.0
    if len(names) > 1:
        legend, y = _legend(names, y + 16)
        parts += legend
    if unit:
        parts.append(text(0, y + 20, fitted(unit, WIDTH), opacity=0.65))
        y += 20
    return parts, y + 16


def empty(parts: Sequence[str], top: float, *, title: str, kind: str) -> str:
    """Return a chart that says that it has nothing to show."""
    note = text(0, top + 10, "No values.", opacity=0.65)
    return svg(top + 20, [*parts, note], title=title, description=f"{kind} without values.")


def text(
    x: float,
    y: float,
    content: str,
    *,
    anchor: str = "start",
    weight: int = 400,
    size: float | None = None,
    opacity: float = 1,
) -> str:
    """Return one line of text."""
    extra = "" if anchor == "start" else f' text-anchor="{anchor}"'
    extra += "" if weight == 400 else f' font-weight="{weight}"'
    extra += "" if size is None else f' style="font-size:{_n(size / FONT)}em"'
    extra += "" if opacity == 1 else f' opacity="{opacity}"'
    return f'<text x="{_n(x)}" y="{_n(y)}"{extra}>{escape(content)}</text>'


def line(
    x1: float, y1: float, x2: float, y2: float, *, stroke: str = "", opacity: float = 1
) -> str:
    """Return a straight stroke; without `stroke` a hairline in the text colour."""
    stroke = stroke or 'stroke="currentColor"'
    fade = "" if opacity == 1 else f' stroke-opacity="{opacity}"'
    return f'<line x1="{_n(x1)}" y1="{_n(y1)}" x2="{_n(x2)}" y2="{_n(y2)}" {stroke}{fade}/>'


def rect(x: float, y: float, w: float, h: float, *, fill: str) -> str:
    """Return a filled rectangle; a negative extent is turned around."""
    x, w = min(x, x + w), abs(w)
    y, h = min(y, y + h), abs(h)
    return f'<rect x="{_n(x)}" y="{_n(y)}" width="{_n(w)}" height="{_n(h)}" {fill}/>'


def path(points: Sequence[tuple[float, float]], *, attributes: str, closed: bool = False) -> str:
    """Return a polyline through the points."""
    steps = "L".join(f"{_n(x)} {_n(y)}" for x, y in points)
    return f'<path d="M{steps}{"Z" if closed else ""}" {attributes}/>'


def group(tooltip: str, *parts: str) -> str:
    """Return parts that share a tooltip."""
    return f"<g><title>{escape(tooltip)}</title>{''.join(parts)}</g>"


def colour(i: int, *, fill: bool = True) -> str:
    """Return the attributes that paint the i-th series, in light and in dark."""
    i %= len(PALETTE)
    if fill:
        return f'class="f{i}" fill="{PALETTE[i]}"'
    return f'class="k{i}" stroke="{PALETTE[i]}"'


def text_width(content: str, font: float = FONT) -> float:
    """Return about how wide a text will be, in chart units, with the letters of a narrow screen."""
    return width(content) * font * _LETTER * (_PHONE_FONT / FONT)


def fitted(content: str, room: float, font: float = FONT) -> str:
    """Return the text, cut so that it fits into `room`."""
    content = plain(content)
    letters = int(room / (font * _NARROW_LETTER * _PHONE_FONT / FONT))
    return clip(content, max(letters, 1))


def _legend(names: Sequence[str], y: float) -> tuple[list[str], float]:
    parts: list[str] = []
    x = 0.0
    for i, name in enumerate(names):
        label = fitted(name, WIDTH / 2)
        needed = 32 + text_width(label) + 14
        if x and x + needed > WIDTH:
            x, y = 0.0, y + 20
        parts.append(line(x, y - 4, x + 24, y - 4, stroke=series_stroke(i, 3)))
        parts.append(text(x + 32, y, label))
        x += needed
    return parts, y


def series_stroke(i: int, thickness: float = 2) -> str:
    """Return the stroke of the i-th series: its colour and, for those who need it, its dash."""
    dash = DASHES[i % len(DASHES)]
    dashed = f' stroke-dasharray="{dash}"' if dash else ""
    return f'{colour(i, fill=False)} stroke-width="{_n(thickness)}"{dashed} fill="none"'


def _n(x: float) -> str:
    return f"{x:.1f}".removesuffix(".0") if abs(x) >= 10 else f"{x:.3f}".rstrip("0").rstrip(".")
