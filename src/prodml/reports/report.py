"""Report: results under headings, as one self-contained HTML page."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path
from typing import Protocol, TypeAlias, runtime_checkable

import attrs

from prodml.display import page
from prodml.display.cells import escape
from prodml.errors import ConfigError

__all__ = ["Item", "Report", "Section"]


@runtime_checkable
class Showable(Protocol):
    """Anything that shows itself in a notebook, as every result of prodml does."""

    def _repr_html_(self) -> str: ...


@runtime_checkable
class Drawable(Protocol):
    """Anything that draws itself as SVG."""

    def plot(self) -> str:
        """Return a picture as SVG text."""
        ...


Item: TypeAlias = "str | Showable | Drawable"


@attrs.frozen
class Section:
    """A heading and what stands under it.

    Parameters
    ----------
    heading : str
        Escaped.
    items : tuple
        Texts become paragraphs; SVG made by prodml stays a picture; results show as in a notebook,
        followed by their picture if they have one.
    """

    heading: str
    items: tuple[Item, ...]

    def to_html(self) -> str:
        """Return the body as HTML."""
        return "\n".join(part for item in self.items for part in _html(item))


@attrs.frozen
class Report:
    """A page of results.

    Parameters
    ----------
    title : str
        Escaped.
    subtitle : str, default ""
        One line below it; escaped.
    sections : tuple of Section
        In order.

    Examples
    --------
    >>> report = Report("Tumours, week 7").section("What happened", "No drift in 30 columns.")
    >>> "No drift" in report.to_html()
    True
    """

    title: str
    subtitle: str = ""
    sections: tuple[Section, ...] = ()

    def section(self, heading: str, *items: Item) -> Report:
        """Return a report with one more section.

        Parameters
        ----------
        heading : str
            Escaped.
        *items : str or result
            Texts, pictures (SVG text) and results that show themselves in a notebook.

        Raises
        ------
        ConfigError
            If an item can do neither.
        """
        if not isinstance(heading, str):
            raise ConfigError(f"a heading is a text, got a {type(heading).__name__}.")
        for item in items:
            if not isinstance(item, str | Showable | Drawable):
                raise ConfigError(
                    f"a report shows texts, and results with _repr_html_() or plot(); got {type(item).__name__}."
                )
        return attrs.evolve(self, sections=(*self.sections, Section(heading, items)))

    def to_html(self) -> str:
        """Return the whole document."""
        bodies = [(s.heading, s.to_html()) for s in self.sections]
        return page(self.title, bodies, subtitle=self.subtitle)

    def save(self, path: str | Path) -> Path:
        """Write the document; a reader sees the old file or the new one, never half of one.

        Parameters
        ----------
        path : str or Path
            Where to; its folder must exist.

        Returns
        -------
        Path
            The file, absolute.

        Raises
        ------
        ConfigError
            If the folder does not exist.
        """
        target = Path(path).absolute()
        if not target.parent.is_dir():
            raise ConfigError(f"cannot save the report: there is no folder {target.parent}.")
        if target.is_dir():
            raise ConfigError(f"cannot save the report: {target} is a folder; name a file in it.")
        handle, temporary = tempfile.mkstemp(dir=target.parent, suffix=".tmp")
        try:
            with os.fdopen(handle, "w", encoding="utf-8") as file:
                file.write(self.to_html())
            Path(temporary).replace(target)
        except BaseException:
            Path(temporary).unlink(missing_ok=True)
            raise
        return target

    def _repr_html_(self) -> str:
        return "\n".join(f"<h3>{escape(s.heading)}</h3>\n{s.to_html()}" for s in self.sections)


def _html(item: Item) -> list[str]:
    if isinstance(item, str):
        return [item if item.startswith("<svg") else f"<p>{escape(item)}</p>"]
    parts = [item._repr_html_()] if isinstance(item, Showable) else []
    return [*parts, item.plot()] if isinstance(item, Drawable) else parts
