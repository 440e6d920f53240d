"""One model's place in the registry: its journal, its blobs, and what they say together."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Mapping
from datetime import datetime
from itertools import islice
from typing import Any, TypeAlias

from prodml.crypto.wrapping import KeyWrap
from prodml.errors import ConflictError, IntegrityError, KeyMaterialError, UnknownNameError
from prodml.journal import Collected, Draft, Event, HeadMemory, Journal, Parcel, collect
from prodml.ports import Clock, Storage
from prodml.registry.artifacts import Artifacts, plain_record
from prodml.registry.fold import (
    ModelFold,
    current,
    is_known,
    n_versions,
    pointer,
    pointer_to,
    said_of,
    tags_of,
    way_back,
)
from prodml.registry.refs import Ref
from prodml.registry.results import Checked, ModelVersion
from prodml.registry.run import Submission
from prodml.registry.sealing import Locker
from prodml.registry.signature import Proofs

__all__ = ["Shelf", "State", "summary_of"]

_MOST_METRICS = 50
_LONGEST_NAME = 300

State: TypeAlias = "dict[str, Any]"


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
    heads : HeadMemory or None
        Remembers how far the journal was seen to go.
    proofs : Proofs
        Signs versions, and checks signatures.
    wrap : KeyWrap or None
        Wraps the keys that versions are encrypted with; None stores them as they are.
    """

    def __init__(
        self,
        storage: Storage,
        name: str,
        *,
        actor: str,
        clock: Clock,
        heads: HeadMemory | None,
        proofs: Proofs,
        wrap: KeyWrap | None,
    ) -> None:
        self.name = name
        self.locker = Locker(name, wrap)
        self.artifacts = Artifacts(storage, self.locker)
        self.journal = Journal(
            storage,
            f"models/{name}",
            actor=actor,
            clock=clock,
            fold=ModelFold(),
            heads=heads,
            signer=None
            if proofs.verifier is None
            else proofs.signer,  # nothing unchecked is signed
            verifier=proofs.verifier,
        )
        self._proofs = proofs
        self._actor = actor
        self._registered: dict[int, dict[str, Any]] = {}
        self._records: dict[str, dict[str, Any]] = {}
        self._lock = threading.Lock()

    @property
    def exists(self) -> bool:
        """Whether any version was registered, and the model not deleted since."""
        return is_known(self.journal.state())

    def number(self, ref: Ref, state: State | None = None) -> int:
        """Return the number of the version a reference means.

        Raises
        ------
        UnknownNameError
            If there is no such version or alias.
        """
        state = self.journal.state() if state is None else state
        if ref.alias is None:
            self.check_version(ref.version or 0, state)
            return ref.version or 0
        version = current(state, ref.alias)
        if version is None:
            raise self.unknown("alias", ref.alias, state["aliases"])
        return version

    def numbers(self, state: State | None = None) -> list[int]:
        """Return the numbers of the versions that were not deleted, rising."""
        state = self.journal.state() if state is None else state
        numbers = range(1, n_versions(state) + 1)
        return [n for n in numbers if said_of(state, "deleted", n) is None]

    def check_version(self, number: int, state: State) -> None:
        """Refuse a number that no version has, or none any more.

        Raises
        ------
        UnknownNameError
            Says why it was deleted, if it was.
        """
        if not 1 <= number <= n_versions(state):
            raise self.unknown("version", str(number), self.numbers(state))
        why = said_of(state, "deleted", number)
        if why is not None:
            where = f'of model "{self.name}" any more, it was deleted: {why}'
            raise UnknownNameError("version", str(number), None, where=where)

    def facts(self, number: int, state: State | None = None) -> dict[str, Any]:
        """Return what is known of a version: as it was registered, its signature checked, and since."""
        state = self.journal.state() if state is None else state
        self.check_version(number, state)
        registered = self._as_registered(number, state)
        verified = self._proofs.check(self.name, registered)
        tags = {**registered["tags"], **tags_of(state, number)}
        return {
            **registered,
            "verified": verified,
            "wrapped": said_of(state, "wrapped", number),
            "deprecated": said_of(state, "deprecated", number),
            "tags": {name: text for name, text in tags.items() if text is not None},
        }

    def version(self, number: int, state: State | None = None) -> ModelVersion:
        """Return a version with everything recorded about it."""
        facts = self.facts(number, state)
        return _model_version(self.name, facts, self.record(facts, number))

    def model(self, number: int, *, trust: str | tuple[str, ...] | None) -> Any:
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
        form: str | None = None,
    ) -> ModelVersion:
        """Store a new version; its number is its place among the events.

        With `once`, a version that was registered with the same text is returned instead.
        """
        before = _registered_as(self.journal.state(), once)
        if before is not None:
            return self.version(before)
        parcel = self._parcel()
        stored = {**self.artifacts.store(submission, trust=trust, parcel=parcel, form=form)}
        stored["tags"] = dict(tags)
        stored["summary"] = summary_of(plain_record(submission))
        if once is not None:
            stored["once"] = once
        facts: dict[str, Any] = {}

        def decide(state: dict[str, Any]) -> Draft:
            before = _registered_as(state, once)
            if before is not None:
                raise _RegisteredBeforeError(before)
            facts.clear()
            facts.update(stored, version=n_versions(state) + 1)
            facts["blobs"] = parcel.settle(self.journal.generation, lambda: dict(self._kept(state)))
            said = {"actor": self._actor, "reason": reason}
            facts["signature"] = self._proofs.sign(self.name, {**facts, **said})
            return Draft("version_registered", dict(facts), reason)

        try:
            event = self.journal.commit(decide)
        except _RegisteredBeforeError as exc:
            return self.version(exc.version)
        self._remember(event)
        return self.version(event.payload["version"])

    def point(
        self,
        alias: str,
        number: int,
        *,
        before: int | None,
        evidence: Mapping[str, Any],
        reason: str,
        check: Callable[[State], object],
    ) -> Event:
        """Point an alias at a version, provided it still points where it did and `check` is content.

        `check` is asked before each try. If anything happens to the model between its answer and
        the event, the event is not written, and it is asked again.

        Raises
        ------
        ConflictError
            If somebody moved it meanwhile.
        """

        def decide(state: dict[str, Any]) -> Draft:
            found = current(state, alias)
            if found != before:
                raise ConflictError(
                    f"{self.name}@{alias} pointed at {before or 'nothing'} when this began, now at "
                    f"{found or 'nothing'}: look again, then decide again"
                )
            self.check_version(number, state)
            check(state)
            move = {"alias": alias, "from": before, "to": number}
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
                raise self.unknown("alias", alias, state["aliases"])
            check(before)
            if not trail:
                raise ConflictError(
                    f"{self.name}@{alias} points at {before}, and there is no version in good standing "
                    "before it to go back to"
                )
            move = {"alias": alias, "from": before, "to": trail[-1]}
            return Draft("alias_set", {**move, "kind": "rollback", "decision": None}, reason)

        return self.journal.commit(decide)

    def verify(self) -> Checked:
        """Read every event and every blob."""
        n_events = self.journal.verify().n_events
        state = self.journal.state()
        for number in self.numbers(state):
            self._check_summary(self.facts(number, state), number)
        return Checked(1, n_events, self.artifacts.check(self._kept(state)))

    def collect(self, *, dry_run: bool, reason: str) -> Collected:
        """Delete the blobs that no living version refers to."""
        return collect(
            self.journal, self.artifacts.blobs, self._kept, dry_run=dry_run, reason=reason
        )

    def _parcel(self) -> Parcel:
        head, state = self.journal.look()
        # Before the first collection every blob is of one generation, and put() finds what is there.
        kept = dict(self._kept(state)) if head.generation else {}
        return Parcel(self.artifacts.blobs, generation=head.generation, kept=kept)

    def _kept(self, state: State) -> set[tuple[str, int]]:
        """Return digest and generation of every blob that a living version refers to."""
        return {
            place
            for number in self.numbers(state)
            for place in self.artifacts.places(self._as_registered(number, state)).items()
        }

    def summary(self, facts: dict[str, Any], number: int) -> dict[str, Any]:
        """Return what searches look at: a copy of parts of the record, carried by the event."""
        found: dict[str, Any] | None = facts.get("summary")
        return summary_of(self.record(facts, number)) if found is None else found

    def record(self, facts: dict[str, Any], number: int) -> dict[str, Any]:
        """Return the record of a version."""
        digest = facts["record"]
        with self._lock:
            if digest not in self._records:
                self._records[digest] = self.artifacts.record(facts, f"{self.name}/{number}")
            return self._records[digest]

    def _check_summary(self, facts: dict[str, Any], number: int) -> None:
        said = facts.get("summary")
        try:
            found = summary_of(self.record(facts, number))
        except KeyMaterialError:
            return  # nobody here can read the record; its bytes are checked by their digest
        if said is not None and said != found:
            raise IntegrityError(
                f"what the event of {self.name}/{number} says of it is not what its record says"
            )

    def unknown(self, what: str, name: str, known: Iterable[object]) -> UnknownNameError:
        """Return the error that says that this model has no such version or alias."""
        return UnknownNameError(what, name, map(str, known), where=f'of model "{self.name}"')

    def _as_registered(self, number: int, state: State) -> dict[str, Any]:
        # Events never change, so one look at each is enough.
        if number not in self._registered:
            self._remember(self._event(pointer_to(state, number)))
        return self._registered[number]

    def _remember(self, event: Event) -> None:
        said = {"at": event.at.isoformat(), "actor": event.actor, "reason": event.reason}
        self._registered[event.payload["version"]] = {**event.payload, **said}

    def _event(self, wanted: str) -> Event:
        seq = int(wanted.partition(":")[0])
        found = next(self.journal.events(after=seq - 1), None)
        if found is None or pointer(found) != wanted:
            raise IntegrityError(
                f'event {seq} of journal "{self.journal.stream}" is not the one that was folded'
            )
        return found


def summary_of(record: Mapping[str, Any]) -> dict[str, Any]:
    """Return the parts of a record that searches look at, small enough for an event."""
    data = record["run"].get("data")
    digest = data.get("digest") if isinstance(data, Mapping) else None
    return {
        "estimator": record["estimator"][:_LONGEST_NAME],
        "task": record["task"],
        "metrics": dict(islice(record["metrics"].items(), _MOST_METRICS)),
        "run_id": record["run_id"],
        "data": digest if isinstance(digest, str) else "",
    }


class _RegisteredBeforeError(Exception):
    """Never leaves this module."""

    def __init__(self, version: int) -> None:
        super().__init__(version)
        self.version = version


def _registered_as(state: dict[str, Any], once: str | None) -> int | None:
    number: int | None = None if once is None else said_of(state, "once", once)
    is_gone = number is not None and said_of(state, "deleted", number) is not None
    return None if is_gone else number


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
