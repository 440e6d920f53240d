"""One model's place in the registry: its journal, its blobs, and what they say together."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any

from prodml.errors import ConflictError, UnknownNameError
from prodml.journal import Collected, Draft, Event, Journal, Parcel, collect
from prodml.ports import Clock, Keys, Storage
from prodml.registry.artifacts import Artifacts
from prodml.registry.fold import ModelFold, current, way_back
from prodml.registry.refs import Ref
from prodml.registry.results import Checked, ModelVersion
from prodml.registry.run import Submission
from prodml.registry.signature import check_signature, sign

__all__ = ["Shelf"]

_LONGEST_TRAIL = 1_000


class Shelf:
    """Everything about one model.

    Parameters
    ----------
    storage : Storage
        Where it is kept.
    name : str
        The model.
    actor : str
        Who acts.
    clock : Clock
        Stamps the events.
    keys : Keys or None
        Signs versions, and checks signatures.
    """

    def __init__(
        self, storage: Storage, name: str, *, actor: str, clock: Clock, keys: Keys | None
    ) -> None:
        self.name = name
        self.artifacts = Artifacts(storage, name)
        self.journal = Journal(
            storage, f"models/{name}", actor=actor, clock=clock, fold=ModelFold()
        )
        self._keys = keys
        self._records: dict[str, dict[str, Any]] = {}
        self._lock = threading.Lock()

    @property
    def exists(self) -> bool:
        """Whether any version was registered."""
        return bool(self.journal.state()["versions"])

    def number(self, ref: Ref) -> int:
        """Return the number of the version a reference means.

        Raises
        ------
        UnknownNameError
            If there is no such version or alias.
        """
        state = self.journal.state()
        if ref.alias is None:
            self.facts(ref.version or 0)
            return ref.version or 0
        version = current(state, ref.alias)
        if version is None:
            raise self._unknown("alias", ref.alias, state["aliases"])
        return version

    def facts(self, number: int) -> dict[str, Any]:
        """Return what the event of a version says, its signature checked."""
        versions = self.journal.state()["versions"]
        if not 1 <= number <= len(versions):
            raise self._unknown("version", str(number), [str(n + 1) for n in range(len(versions))])
        facts: dict[str, Any] = versions[number - 1]
        check_signature(self._keys, self.name, facts)
        return facts

    def version(self, number: int) -> ModelVersion:
        """Return a version with everything recorded about it."""
        facts = self.facts(number)
        return _model_version(self.name, facts, self._record(facts, number))

    def model(self, number: int, *, trust: str | None) -> Any:
        """Restore the model of a version."""
        ref = f"{self.name}/{number}"
        return self.artifacts.model(self.facts(number), trust=trust, ref=ref)

    def register(
        self,
        submission: Submission,
        *,
        tags: Mapping[str, str],
        reason: str,
        trust: str | None,
        once: str | None = None,
    ) -> ModelVersion:
        """Store a new version; its number is its place among the events.

        With `once`, a version that was registered with the same text is returned instead.
        """
        before = _registered_as(self.journal.state(), once)
        if before is not None:
            return self.version(before)
        parcel = self._parcel()
        stored = {**self.artifacts.store(submission, trust=trust, parcel=parcel)}
        stored["tags"] = dict(tags)
        if once is not None:
            stored["once"] = once
        facts: dict[str, Any] = {}

        def decide(state: dict[str, Any]) -> Draft:
            before = _registered_as(state, once)
            if before is not None:
                raise _RegisteredBeforeError(before)
            facts.clear()
            facts.update(stored, version=len(state["versions"]) + 1)
            facts["blobs"] = parcel.settle(
                self.journal.generation, lambda: dict(self.artifacts.kept(state))
            )
            facts["signature"] = sign(self._keys, self.name, facts)
            return Draft("version_registered", dict(facts), reason)

        try:
            event = self.journal.commit(decide)
        except _RegisteredBeforeError as exc:
            return self.version(exc.version)
        return self.version(event.payload["version"])

    def point(
        self,
        alias: str,
        number: int,
        *,
        before: int | None,
        evidence: Mapping[str, Any],
        reason: str,
        check: Callable[[], object] | None = None,
    ) -> Event:
        """Point an alias at a version, provided it still points where it did.

        `check` is asked before each try. If anything happens to the model between its answer and
        the event, the event is not written, and it is asked again.

        Raises
        ------
        ConflictError
            If somebody moved it meanwhile.
        """

        def decide(state: dict[str, Any]) -> Draft:
            if check is not None:
                check()
            found = current(state, alias)
            if found != before:
                raise ConflictError(
                    f"{self.name}@{alias} pointed at {before or 'nothing'} when this began, now at "
                    f"{found or 'nothing'}: look again, then decide again"
                )
            trail = [*state["aliases"].get(alias, ()), number][-_LONGEST_TRAIL:]
            move = {"alias": alias, "from": before, "to": number, "trail": trail}
            return Draft("alias_set", {**move, **evidence}, reason)

        return self.journal.commit(decide)

    def step_back(self, alias: str, *, check: Callable[[int | None], None], reason: str) -> Event:
        """Point an alias at the version before; see `way_back`.

        Raises
        ------
        ConflictError
            If there is none.
        """

        def decide(state: dict[str, Any]) -> Draft:
            before, trail = current(state, alias), way_back(state, alias)
            if before is None:
                raise self._unknown("alias", alias, state["aliases"])
            check(before)
            if not trail:
                raise ConflictError(
                    f"{self.name}@{alias} points at {before}, and there is no version in good standing "
                    "before it to go back to"
                )
            move = {"alias": alias, "from": before, "to": trail[-1], "trail": trail}
            return Draft("alias_set", {**move, "kind": "rollback", "decision": None}, reason)

        return self.journal.commit(decide)

    def verify(self) -> Checked:
        """Read every event and every blob."""
        n_events = self.journal.verify().n_events
        state = self.journal.state()
        for number in range(1, len(state["versions"]) + 1):
            self.facts(number)
        return Checked(1, n_events, self.artifacts.check(self.artifacts.kept(state)))

    def collect(self, *, dry_run: bool, reason: str) -> Collected:
        """Delete the blobs that no living version refers to."""
        return collect(
            self.journal, self.artifacts.blobs, self.artifacts.kept, dry_run=dry_run, reason=reason
        )

    def _parcel(self) -> Parcel:
        head, state = self.journal.look()
        # Before the first collection every blob is of one generation, and put() finds what is there.
        kept = dict(self.artifacts.kept(state)) if head.generation else {}
        return Parcel(self.artifacts.blobs, generation=head.generation, kept=kept)

    def _record(self, facts: dict[str, Any], number: int) -> dict[str, Any]:
        digest = facts["record"]
        with self._lock:
            if digest not in self._records:
                self._records[digest] = self.artifacts.record(facts, f"{self.name}/{number}")
            return self._records[digest]

    def _unknown(self, what: str, name: str, known: Any) -> UnknownNameError:
        return UnknownNameError(what, name, known, where=f'of model "{self.name}"')


class _RegisteredBeforeError(Exception):
    """Never leaves this module."""

    def __init__(self, version: int) -> None:
        super().__init__(version)
        self.version = version


def _registered_as(state: dict[str, Any], once: str | None) -> int | None:
    found = (f["version"] for f in state["versions"] if f.get("once") == once)
    return None if once is None else next(found, None)


def _model_version(name: str, facts: dict[str, Any], record: dict[str, Any]) -> ModelVersion:
    from prodml.tables import Schema

    metrics = {k: float("nan") if v is None else float(v) for k, v in record["metrics"].items()}
    return ModelVersion(
        name=name,
        version=facts["version"],
        digest=facts["model"],
        format=facts["format"],
        created=datetime.fromisoformat(facts["at"]),
        schema=None if record["schema"] is None else Schema.from_dict(record["schema"]),
        metrics=metrics,
        params=record["params"],
        tags=dict(facts["tags"]),
        task=record["task"],
        classes=tuple(record["classes"]),
        run={**record["run"], "run_id": record["run_id"]} if record["run_id"] else record["run"],
        estimator=record["estimator"],
        size_bytes=facts["size_bytes"],
        holdout_digest=facts["holdout"],
        reference_digest=facts["reference"],
        target=record["target"],
        actor=facts["actor"],
        reason=facts["reason"],
        deprecated=facts["deprecated"],
    )
