"""A whole page: one HTML file that needs nothing else."""

from __future__ import annotations

import re
from collections.abc import Sequence

from prodml.display.cells import escape

__all__ = ["page"]

_CONTENTS_FROM = 4


def page(title: str, sections: Sequence[tuple[str, str]], *, subtitle: str = "") -> str:
    """Return a complete HTML document that opens anywhere and asks for nothing from outside.

    It suits a screen, a phone and paper, in light and in dark. Its own content policy forbids
    scripts and requests.

    Parameters
    ----------
    title : str
        Name of the page; escaped.
    sections : sequence of (heading, html)
        Headings are escaped. Each body is HTML and is taken as it is: build it from `html_table`
        and the charts, which escape what they are given, and pass foreign text through
        `html.escape`. From four sections on there is a table of contents.
    subtitle : str, default ""
        A line below the title; escaped.

    Returns
    -------
    str
        The document.

    Examples
    --------
    >>> page("Drift", [("Columns", "<p>None drifted.</p>")]).startswith("<!doctype html>")
    True
    """
    anchors = _anchors([heading for heading, _ in sections])
    below = f'<p class="subtitle">{escape(subtitle)}</p>' if subtitle else ""
    body = "\n".join(
        f'<section id="{anchor}">\n<h2>{escape(heading)}</h2>\n{html}\n</section>'
        for anchor, (heading, html) in zip(anchors, sections, strict=True)
    )
    return (
        '<!doctype html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        '<meta http-equiv="Content-Security-Policy" '
        "content=\"default-src 'none'; style-src 'unsafe-inline'; img-src data:\">\n"
        f"<title>{escape(title)}</title>\n<style>{_STYLE}</style>\n</head>\n<body>\n<main>\n"
        f"<header>\n<h1>{escape(title)}</h1>\n{below}\n</header>\n"
        f"{_contents(anchors, sections)}{body}\n</main>\n</body>\n</html>\n"
    )


def _anchors(headings: Sequence[str]) -> list[str]:
    taken: set[str] = set()
    anchors = []
    for heading in headings:
        stem = re.sub(r"[^a-z0-9]+", "-", heading.lower()).strip("-") or "section"
        anchor, n = stem, 1
        while anchor in taken:
            n += 1
            anchor = f"{stem}-{n}"
        taken.add(anchor)
        anchors.append(anchor)
    return anchors


def _contents(anchors: Sequence[str], sections: Sequence[tuple[str, str]]) -> str:
    if len(sections) < _CONTENTS_FROM:
        return ""
    items = "".join(
        f'<li><a href="#{anchor}">{escape(heading)}</a></li>'
        for anchor, (heading, _) in zip(anchors, sections, strict=True)
    )
    return f'<nav aria-label="Contents"><ol>{items}</ol></nav>\n'


_STYLE = """
:root{color-scheme:light dark;--ink:#1c2126;--soft:#5a646e;--paper:#fff;--edge:#dfe3e8;
--link:#005a96;--tint:#f4f6f8}
@media (prefers-color-scheme:dark){:root{--ink:#e4e8ec;--soft:#9aa5b0;--paper:#14181c;
--edge:#2d343b;--link:#7cc4f5;--tint:#1c2227}}
*{box-sizing:border-box}
html{-webkit-text-size-adjust:100%;scroll-behavior:smooth}
body{margin:0;background:var(--paper);color:var(--ink);
font:1rem/1.6 system-ui,-apple-system,"Segoe UI",Roboto,"Helvetica Neue",sans-serif}
main{max-width:56rem;margin:0 auto;padding:clamp(1.25rem,5vw,4rem) clamp(1rem,4vw,2rem) 5rem}
header{margin-bottom:2rem}
h1{font-size:clamp(1.6rem,1.2rem + 2vw,2.3rem);line-height:1.15;letter-spacing:-.02em;margin:0;
overflow-wrap:anywhere;text-wrap:balance}
.subtitle{color:var(--soft);font-size:1.05rem;margin:.5rem 0 0;overflow-wrap:anywhere}
h2{font-size:1.25rem;line-height:1.3;letter-spacing:-.01em;margin:0 0 .75rem;overflow-wrap:anywhere}
h3{font-size:1.02rem;margin:1.5rem 0 .5rem}
section{margin-top:2.75rem;padding-top:1.5rem;border-top:1px solid var(--edge)}
p{margin:.6rem 0;max-width:68ch}svg{margin:.75rem 0}
a{color:var(--link);text-decoration-thickness:1px;text-underline-offset:.15em}
code,pre{font-family:ui-monospace,SFMono-Regular,Menlo,Consolas,monospace;font-size:.875em}
code{background:var(--tint);padding:.1em .35em;border-radius:4px}
pre{background:var(--tint);padding:1rem;border-radius:8px;overflow-x:auto;line-height:1.45}
pre code{padding:0;background:none;font-size:1em}
nav{background:var(--tint);border-radius:10px;padding:.9rem 1.2rem}
nav ol{margin:0;padding-left:1.4rem;columns:2;column-gap:2rem}
nav li{break-inside:avoid;padding:.1rem 0}
nav a{text-decoration:none}
nav a:hover{text-decoration:underline}
@media (max-width:34rem){nav ol{columns:1}section{margin-top:2rem}}
@media print{main{max-width:none;padding:0}nav{display:none}section{break-inside:avoid-page}}
@media (prefers-reduced-motion:reduce){html{scroll-behavior:auto}}
"""
