"""The verbs that look: card, timeline, lineage, search, differences, comments."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any

from prodml.errors import ConfigError
from prodml.registry.card import ModelCard
from prodml.registry.comments import Comments, comment_of
from prodml.registry.description import Description, description_of
from prodml.registry.difference import VersionDiff, diff_of
from prodml.registry.history import history_of
from prodml.registry.lineage import Lineage, lineage_of
from prodml.registry.overview import Overview, OverviewRow
from prodml.registry.refs import Ref, ref_or_name
from prodml.registry.search import Bounds, Found, Question, SearchResult, ordered
from prodml.registry.shelf import Shelf, State
from prodml.registry.shelves import Shelves
from prodml.registry.timeline import Registered, Timeline

__all__ = ["Views"]

_SHOWN = 3


class Views(Shelves):
    """What shows models and versions to people; see `prodml.Registry`."""

    def card(self, ref: str) -> ModelCard:
        """Return a model card, computed from what is recorded."""
        shelf, number = self._find(ref)
        state, history = shelf.journal.state(), history_of(shelf)
        return ModelCard(
            version=shelf.version(number, state),
            aliases=_aliases_of(state, number),
            history=history,
            about=description_of(shelf.name, state),
            comments=_comments(shelf, number),
        )

    def timeline(self, name: str) -> Timeline:
        """Return versions along time, and which alias pointed where from when to when.

        It prints as a table, draws itself with ``plot()``, and ``at`` answers what an alias was at
        a moment.
        """
        shelf = self._existing(name)
        state = shelf.journal.state()
        facts = [shelf.facts(number, state) for number in shelf.numbers(state)]
        versions = [
            Registered(f["version"], datetime.fromisoformat(f["at"]), f["actor"], f["reason"])
            for f in facts
        ]
        return Timeline(name, tuple(versions), history_of(shelf), self._clock())

    def lineage(self, ref: str) -> Lineage:
        """Return what a version was made of, and what it was used as, from when to when.

        The other way round, from data or a run to versions: `search` with ``data=`` or ``run=``.
        """
        shelf, number = self._find(ref)
        state = shelf.journal.state()
        mine = _found(shelf, number, state)
        relatives = [
            other.version
            for other in self._all(shelf, state)
            if other.version != number and _is_relative(mine, other)
        ]
        return lineage_of(shelf.version(number, state), history_of(shelf), tuple(relatives))

    def diff(self, before: str, after: str) -> VersionDiff:
        """Return what differs between two versions, of one model or of two."""
        sides = [self._find(ref) for ref in (before, after)]
        return diff_of(*(shelf.version(number) for shelf, number in sides))

    def overview(self) -> Overview:
        """Return all models at a glance."""
        return Overview(tuple(self._glance(self._shelf(name)) for name in self.models()))

    def comments(self, ref: str) -> Comments:
        """Return what people said about a model, or about one version: ``"name"``, ``"name/3"``."""
        wanted = ref_or_name(ref)
        if wanted == Ref(wanted.name):
            return _comments(self._existing(wanted.name), None)
        return _comments(*self._find(ref))

    def description(self, name: str) -> Description:
        """Return what the owner says of a model; see `Registry.describe`."""
        return description_of(name, self._existing(name).journal.state())

    def search(
        self,
        name: str | None = None,
        *,
        tags: Mapping[str, str] | None = None,
        metrics: Mapping[str, Bounds] | None = None,
        alias: str | None = None,
        estimator: str | None = None,
        task: str | None = None,
        actor: str | None = None,
        since: datetime | None = None,
        until: datetime | None = None,
        data: str | None = None,
        run: str | None = None,
        deprecated: bool | None = None,
        order_by: str | None = None,
        ascending: bool = False,
        limit: int | None = None,
    ) -> SearchResult:
        """Return the versions that fit everything that is asked.

        Costs one look per model, and reading each event that registered a version once.

        Parameters
        ----------
        name, alias, estimator, task, actor : str, optional
            Of the model, of an alias that points at the version, of its class with or without
            module, of its task, of whoever registered it. ``*`` stands for anything.
        tags : mapping of str to str, optional
            What tags must read; ``*`` for anything.
        metrics : mapping of str to number or range, optional
            The least value of a metric, or a pair of bounds, None for open:
            ``{"auc": 0.9, "rmse": (None, 2.5)}``. A version without the metric does not fit.
        since, until : datetime, optional
            Registered from then on, or before then.
        data, run : str, optional
            Fingerprint of the training data, or id of the run, that it came from.
        deprecated : bool, optional
            Only deprecated versions, or only those in good standing.
        order_by : str, optional
            A metric; the newest first without it.
        ascending : bool, default False
            The smallest, or the oldest, first.
        limit : int, optional
            At most so many.

        Returns
        -------
        SearchResult

        Raises
        ------
        ConfigError
            If something cannot be searched for.
        """
        question = Question(
            name=name,
            tags={} if tags is None else tags,
            metrics={} if metrics is None else metrics,
            alias=alias,
            estimator=estimator,
            task=task,
            actor=actor,
            since=since,
            until=until,
            data=data,
            run=run,
            deprecated=deprecated,
        )
        if limit is not None and (type(limit) is not int or limit < 1):
            raise ConfigError(f"limit must be 1 or more, got {limit!r:.40}")
        shelves = [self._shelf(each) for each in self.models() if question.fits_model(each)]
        found = [
            line
            for shelf in shelves
            for line in self._all(shelf, shelf.journal.state())
            if question.fits(line)
        ]
        lines = ordered(found, order_by, ascending=ascending)[:limit]
        return SearchResult(tuple(lines), _shown(lines, [*question.metrics, order_by]))

    def _all(self, shelf: Shelf, state: State) -> Iterator[Found]:
        return (_found(shelf, number, state) for number in shelf.numbers(state))

    def _glance(self, shelf: Shelf) -> OverviewRow:
        state = shelf.journal.state()
        numbers = shelf.numbers(state)
        newest = max(numbers, default=None)
        facts = None if newest is None else shelf.facts(newest, state)
        aliases = {alias: trail[-1] for alias, trail in sorted(state["aliases"].items())}
        return OverviewRow(
            name=shelf.name,
            n_versions=len(numbers),
            newest=newest,
            registered=None if facts is None else datetime.fromisoformat(facts["at"]),
            aliases=aliases,
            owner=description_of(shelf.name, state).owner,
        )


def _found(shelf: Shelf, number: int, state: State) -> Found:
    facts = shelf.facts(number, state)
    summary = shelf.summary(facts, number)
    return Found(
        name=shelf.name,
        version=number,
        aliases=_aliases_of(state, number),
        estimator=summary["estimator"],
        task=summary["task"],
        metrics={k: math.nan if v is None else float(v) for k, v in summary["metrics"].items()},
        tags=facts["tags"],
        created=datetime.fromisoformat(facts["at"]),
        actor=facts["actor"],
        run_id=summary["run_id"],
        data=summary["data"],
        deprecated=facts["deprecated"],
    )


def _aliases_of(state: State, number: int) -> tuple[str, ...]:
    return tuple(sorted(alias for alias, trail in state["aliases"].items() if trail[-1] == number))


def _is_relative(one: Found, other: Found) -> bool:
    same_data = bool(one.data) and one.data == other.data
    return same_data or (bool(one.run_id) and one.run_id == other.run_id)


def _comments(shelf: Shelf, number: int | None) -> Comments:
    said = [comment_of(event) for event in shelf.journal.events() if event.type == "commented"]
    about = [c for c in said if number is None or c.version in (None, number)]
    return Comments(shelf.name, tuple(about))


def _shown(found: list[Found], asked: list[Any]) -> tuple[str, ...]:
    """Return which metrics to show: those asked for, else the first few that are not of training."""
    wanted = dict.fromkeys(name for name in asked if name is not None)
    if wanted:
        return tuple(wanted)
    names = dict.fromkeys(
        name for f in found for name in f.metrics if not name.startswith(("train_", "cv_"))
    )
    return tuple(names)[:_SHOWN]
