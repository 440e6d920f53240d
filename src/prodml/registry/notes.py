"""The verbs that add words: tags, comments, and what the owner says of a model."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from prodml.errors import ConfigError
from prodml.journal import Draft
from prodml.registry.comments import Comment, comment_of
from prodml.registry.description import FIELDS, Description, description_of
from prodml.registry.refs import Numbered, check_version, ref_or_name
from prodml.registry.results import ModelVersion
from prodml.registry.shelf import State
from prodml.registry.shelves import Shelves

__all__ = ["Notes", "check_tags"]

_LONGEST = 10_000


class Notes(Shelves):
    """What adds words to models and versions; see `prodml.Registry`."""

    def tag(
        self,
        name: str,
        version: int | str | Numbered,
        tags: Mapping[str, str | None],
        *,
        reason: str = "",
    ) -> ModelVersion:
        """Change tags of a version; those that are not named stay. Approvals of it lapse.

        Parameters
        ----------
        name : str
            The model.
        version : int or str
            The version.
        tags : mapping of str to str or None
            New texts; None takes a tag away.
        reason : str, default ""
            Why.

        Returns
        -------
        ModelVersion
            With its tags as they are now.

        Raises
        ------
        ConfigError
            If tags do not map text to text or None, or there are none.
        UnknownNameError
            If there is no such model or version.
        """
        changed = check_tags(tags, may_be_none=True)
        if not changed:
            raise ConfigError('name at least one tag, such as {"team": "credit"}')
        shelf, number = self._existing(name), check_version(version, name=name)

        def decide(state: State) -> Draft:
            shelf.check_version(number, state)
            return Draft("version_tagged", {"version": number, "tags": changed}, reason)

        with self._guard.watch("tag", f"models/{name}/{number}") as details:
            shelf.journal.commit(decide)
            details["tags"] = sorted(changed)
        return shelf.version(number)

    def comment(self, ref: str, text: str) -> Comment:
        """Say something about a model or a version; it stays, with your name and the time.

        Parameters
        ----------
        ref : str
            ``"name"``, ``"name/3"`` or ``"name@alias"``, which means the version it points at now.
        text : str
            Up to 10,000 characters.

        Returns
        -------
        Comment

        Raises
        ------
        ConfigError
            If the text is empty or too long.
        UnknownNameError
            If there is no such model, version or alias.
        """
        said = _text("comment", text)
        if not said:
            raise ConfigError("a comment needs words: text is empty")
        wanted = ref_or_name(ref)
        shelf = self._existing(wanted.name)
        has_version = wanted.version is not None or wanted.alias is not None
        number = shelf.number(wanted) if has_version else None
        where = f"models/{wanted.name}" + (f"/{number}" if has_version else "")
        with self._guard.watch("comment", where):
            event = shelf.journal.append("commented", {"version": number, "text": said})
        return comment_of(event)

    def describe(
        self,
        name: str,
        *,
        summary: str | None = None,
        intended_use: str | None = None,
        limits: str | None = None,
        owner: str | None = None,
        licence: str | None = None,
        reason: str = "",
    ) -> Description:
        """Say what a model is for; shown on the card of each of its versions.

        Parameters
        ----------
        name : str
            The model.
        summary : str, optional
            What it does, in a sentence or two.
        intended_use : str, optional
            By whom, for which decisions, on which population.
        limits : str, optional
            Where it must not be used, and what is known to go wrong.
        owner : str, optional
            Who answers for it.
        licence : str, optional
            Under which terms, such as ``"apache-2.0"``.
        reason : str, default ""
            Why it is changed.

        Returns
        -------
        Description
            All that is said by now. What is not given stays; an empty text takes it away.

        Raises
        ------
        ConfigError
            If nothing is given, or a text is above 10,000 characters.
        UnknownNameError
            If there is no such model.
        """
        given = dict(zip(FIELDS, (summary, intended_use, limits, owner, licence), strict=True))
        about = {k: _text(k, v) for k, v in given.items() if v is not None}
        if not about:
            raise ConfigError(f"describe takes at least one of {', '.join(FIELDS)}")
        shelf = self._existing(name)
        with self._guard.watch("describe", f"models/{name}"):
            shelf.journal.append("model_described", {"about": about}, reason=reason)
        return description_of(name, shelf.journal.state())


def check_tags(tags: Mapping[str, Any] | None, *, may_be_none: bool = False) -> dict[str, Any]:
    """Return tags as a dict, once they are known to map text to text."""
    found = {} if tags is None else tags
    if isinstance(found, Mapping) and all(
        isinstance(k, str) and (isinstance(v, str) or (may_be_none and v is None))
        for k, v in found.items()
    ):
        return dict(found)
    raise ConfigError('tags must map text to text, such as {"team": "credit"}')


def _text(what: str, text: str) -> str:
    if not isinstance(text, str):
        raise ConfigError(f"{what} must be a text, got a {type(text).__name__}")
    if len(text) > _LONGEST:
        raise ConfigError(f"{what} has {len(text):,} characters, more than {_LONGEST:,}")
    return text.strip()
