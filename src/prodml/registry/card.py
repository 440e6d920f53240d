"""A model card made of recorded facts; what nobody recorded is said to be unknown."""

from __future__ import annotations

from html import escape

import attrs

from prodml import display
from prodml.registry.card_facts import Section, sections_of
from prodml.registry.card_markdown import front_matter, markdown_table
from prodml.registry.comments import Comments
from prodml.registry.description import Description
from prodml.registry.history import History
from prodml.registry.results import ModelVersion

__all__ = ["ModelCard"]

_UNKNOWN = "Not recorded."


@attrs.frozen(repr=False)
class ModelCard:
    """What is recorded about a version, for people.

    Parameters
    ----------
    version : ModelVersion
        The version.
    aliases : tuple of str
        Aliases that point at it.
    history : History
        Everything that happened to the aliases of the model.
    about : Description
        What the owner says.
    comments : Comments
        What people said about the version, and about the model as a whole.
    """

    version: ModelVersion
    aliases: tuple[str, ...]
    history: History
    about: Description
    comments: Comments

    def to_markdown(self) -> str:
        """Return the card as Markdown, with the front matter that model hubs read."""
        parts = [front_matter(self.version, self.about), f"# {self.version}"]
        if self.about.summary:
            parts.append(_inline_paragraphs(self.about.summary))
        for section in self._sections():
            parts += [f"## {section.heading}", *_markdown(section)]
        return "\n\n".join(parts) + "\n"

    def to_html(self) -> str:
        """Return the card as a page that needs nothing else."""
        bodies = [(section.heading, _html(section)) for section in self._sections()]
        return display.page(
            f"Model card: {self.version}", bodies, subtitle=self.about.summary or self._subtitle()
        )

    def __repr__(self) -> str:
        return self.to_markdown()

    def _repr_html_(self) -> str:
        bodies = [f"<h3>{escape(s.heading)}</h3>\n{_html(s)}" for s in self._sections()]
        return "\n".join([f"<h2>{escape(str(self.version))}</h2>", *bodies])

    def _subtitle(self) -> str:
        version = self.version
        kind = version.estimator.rpartition(".")[2]
        target = f" of {version.target}" if version.target else ""
        return f"{kind}, {version.task}{target}"

    def _sections(self) -> list[Section]:
        return sections_of(self.version, self.aliases, self.history, self.about, self.comments)


def _markdown(section: Section) -> list[str]:
    parts = [_inline_paragraphs(text) for text in section.paragraphs]
    parts += [markdown_table(table.rows, table.headers) for table in section.tables if table.rows]
    return parts or [_UNKNOWN]


def _html(section: Section) -> str:
    parts = [f"<p>{escape(line)}</p>" for text in section.paragraphs for line in _lines(text)]
    parts += section.pictures
    parts += [
        display.html_table(t.rows, t.headers, title=t.title) for t in section.tables if t.rows
    ]
    return "\n".join(parts) or f"<p>{_UNKNOWN}</p>"


def _inline_paragraphs(text: str) -> str:
    # Indented or not, foreign text stays text: no heading, no list, no markup.
    return "\n\n".join(_plain(line) for line in _lines(text))


def _plain(line: str) -> str:
    safe = escape(line, quote=False)
    return f"\\{safe}" if safe[:1] in "#-+*>=_~`|" else safe


def _lines(text: str) -> list[str]:
    return [" ".join(line.split()) for line in text.splitlines() if line.strip()]
