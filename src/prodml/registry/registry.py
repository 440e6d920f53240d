"""Registry: versions of models, the aliases that point at them, and how they came to."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from typing import TYPE_CHECKING

from prodml.errors import ConfigError
from prodml.gate import Gate
from prodml.journal import Collected
from prodml.ports import Clock, Keys, Storage, utc_now
from prodml.ports.duck import check_methods
from prodml.registry.comparison import GateLike
from prodml.registry.guard import Access, Audit, Guard
from prodml.registry.promotion import Candidate, check_expected, promotion_of
from prodml.registry.reader import RegistryReader, Trust, check_trust
from prodml.registry.refs import check_alias, check_name, check_version
from prodml.registry.results import ModelVersion, Promotion
from prodml.registry.run import Estimator, RunLike, Submission, is_run

if TYPE_CHECKING:
    from numpy.typing import ArrayLike

    from prodml.tables import Schema

__all__ = ["Registry"]


class Registry(RegistryReader):
    """Keeps models in versions, verified, and remembers which alias pointed at which, when and why.

    Parameters
    ----------
    storage : Storage
        Where everything is kept; `prodml.open_storage` opens one.
    actor : str, default ""
        Who acts; written into every event.
    gate : GateLike or None, default None
        Decides whether a gated alias may move; None for ``Gate()``.
    gated : collection of str, default ("champion",)
        Aliases that move only when the gate is convinced. Others move freely.
    keys : Keys or None, default None
        With keys, versions are signed when registered and every signature is checked before a
        model is loaded, so that writing to the storage is not enough to plant a model.
    audit : Audit or None, default None
        Told of every action and how it ended; a `prodml.AuditTrail` will do.
    access : callable or None, default None
        ``(actor, action, resource) -> bool or None``; False forbids. Actions are "register",
        "promote", "rollback", "deprecate", "collect", "load" and "read" (of stored rows).
    clock : Clock, default `prodml.ports.utc_now`
        Stamps the events.

    Notes
    -----
    Models of scikit-learn are stored as data, in a format with nothing in it that can run; no trust is
    needed to load them. Anything else is pickled, if writer and reader both say ``trust="pickle"``.
    The holdout and a sample of the training inputs are stored beside a model: whoever can read the
    storage can read these rows.

    Examples
    --------
    >>> import numpy as np
    >>> from sklearn.linear_model import LogisticRegression
    >>> from prodml.storage import MemoryStorage
    >>> X, y = np.array([[0.0], [1.0], [2.0], [3.0]]), np.array([0, 0, 1, 1])
    >>> registry = Registry(MemoryStorage(), actor="ops")
    >>> version = registry.register("tumours", LogisticRegression().fit(X, y), metrics={"auc": 1.0})
    >>> str(version), version.format
    ('tumours/1', 'inert/1')
    >>> str(registry.promote("tumours", 1, reason="the first"))
    'tumours@champion → 1'
    >>> registry.load("tumours@champion").predict([[2.5]])
    array([1])
    """

    def __init__(
        self,
        storage: Storage,
        *,
        actor: str = "",
        gate: GateLike | None = None,
        gated: Collection[str] = ("champion",),
        keys: Keys | None = None,
        audit: Audit | None = None,
        access: Access | None = None,
        clock: Clock = utc_now,
    ) -> None:
        super().__init__(storage, keys=keys, guard=Guard(actor, access, audit), clock=clock)
        self._gate = Gate() if gate is None else _checked_gate(gate)
        if isinstance(gated, str):
            raise ConfigError(
                f'gated must be a collection of aliases, such as ["{gated}"], got a text'
            )
        self._gated = frozenset(map(check_alias, gated))

    def register(
        self,
        name: str,
        run: RunLike | Estimator,
        *,
        schema: Schema | None = None,
        metrics: Mapping[str, float] | None = None,
        holdout: tuple[object, ArrayLike] | None = None,
        reference: object = None,
        tags: Mapping[str, str] | None = None,
        reason: str = "",
        trust: Trust | None = None,
        once: str | None = None,
    ) -> ModelVersion:
        """Store a model as the next version of its name.

        Parameters
        ----------
        name : str
            Of the model: a-z, 0-9, ``.``, ``_``, ``-``; at most 128 characters.
        run : TrainingRun or estimator
            What `prodml.Trainer.fit` returns, or any fitted estimator.
        schema, metrics : Schema, mapping of str to float, optional
            Of a bare estimator; a run brings its own.
        holdout : tuple of inputs and target, optional
            Rows a bare estimator was not trained on; a gate needs them.
        reference : table, optional
            Rows a bare estimator was trained on; at most 1,000 are kept.
        tags : mapping of str to str, optional
            Anything worth knowing.
        reason : str, default ""
            Why.
        trust : {"pickle"}, optional
            Store a model that has no inert form pickled.
        once : str, optional
            Names what is registered, such as the id of a run. If a version was registered under this
            name before, that one is returned and nothing is written: whoever was interrupted
            may simply register again.

        Returns
        -------
        ModelVersion
            When this has returned, it is stored. Numbers have no gaps, however many register.

        Raises
        ------
        UntrustedModelError
            If the model has no inert form and `trust` is not given.
        ConfigError
            On a bad name, or facts that do not fit.
        RefusedError
            If the access policy forbids it.
        """
        check_trust(trust)
        if once is not None and (not isinstance(once, str) or not once):
            raise ConfigError(f"once must be a text, such as the id of a run, got {once!r:.60}")
        with self._guard.watch("register", f"models/{check_name(name)}") as details:
            submission = _submission(run, schema, metrics, holdout, reference)
            version = self._shelf(name).register(
                submission, tags=_tags(tags), reason=reason, trust=trust, once=once
            )
            details.update(version=version.version, digest=version.digest)
        return version

    def promote(
        self,
        name: str,
        version: int | str | ModelVersion,
        *,
        alias: str = "champion",
        expect: int | str | ModelVersion | None = None,
        reason: str = "",
        force: bool = False,
        gate: GateLike | None = None,
        trust: Trust | None = None,
        check: Callable[[], object] | None = None,
    ) -> Promotion:
        """Point an alias at a version, if the gate is convinced.

        The gate compares the version with the one the alias points at now, on the new version's
        holdout, both loaded from the registry. Its decision is recorded, whichever way it goes. A
        first promotion has nothing to be compared with and is allowed.

        Parameters
        ----------
        name : str
            The model.
        version : int or str
            The version: 3, "3" or "v3".
        alias : str, default "champion"
            The alias; only those in `gated` ask the gate.
        expect : int or str, optional
            Where you believe the alias points now; 0 for nowhere.
        reason : str, default ""
            Why.
        force : bool, default False
            Move it whatever the gate says. Needs a reason, and is marked in the history.
        gate : GateLike, optional
            Instead of the registry's own.
        trust : {"pickle"}, optional
            Allow pickled models to be loaded for the comparison.
        check : callable, optional
            Asked last of all, and again if anything happened to the model meanwhile; raises if the
            promotion must not be any more. What guards it may be kept anywhere: a lease, a freeze.

        Returns
        -------
        Promotion

        Raises
        ------
        RefusedError
            If the gate is not convinced (its evidence is on ``.decision``), the version cannot
            take the champion's inputs, has no holdout or is deprecated, or the policy forbids it.
        ConflictError
            If the alias points at this version already, not where you expect, or was moved while
            the gate decided.
        UnknownNameError
            If there is no such model or version.
        """
        check_trust(trust)
        if check is not None and not callable(check):
            raise ConfigError(f"check must be a function, got a {type(check).__name__}")
        shelf = self._existing(name)
        gate = self._gate if gate is None else gate
        with self._guard.watch("promote", f"models/{name}@{check_alias(alias)}") as details:
            details["version"] = check_version(version, name=name)
            promotion = Candidate.of(
                shelf,
                version,
                alias,
                expect=expect,
                gate=gate if alias in self._gated else None,
                trust=trust,
                force=force,
                reason=reason,
                check=check,
            ).promote()
            details.update(previous=promotion.previous, kind=promotion.kind)
        return promotion

    def rollback(
        self,
        name: str,
        *,
        alias: str = "champion",
        expect: int | str | ModelVersion | None = None,
        reason: str = "",
    ) -> Promotion:
        """Point an alias back at the version it pointed at before. Asks no gate.

        Rolled back again, it goes one further back, never forward. Deprecated versions are
        passed over. What is promoted after a rollback takes the place of what was rolled away.

        Parameters
        ----------
        name, alias, expect, reason
            As in `promote`.

        Returns
        -------
        Promotion

        Raises
        ------
        ConflictError
            If there is no version before, or the alias does not point where you expect.
        UnknownNameError
            If there is no such model or alias.
        """
        shelf = self._existing(name)
        with self._guard.watch("rollback", f"models/{name}@{check_alias(alias)}") as details:
            event = shelf.step_back(
                alias,
                check=lambda found: check_expected(name, alias, expect, found),
                reason=reason,
            )
            promotion = promotion_of(name, event)
            details.update(version=promotion.version, previous=promotion.previous)
        return promotion

    def deprecate(self, name: str, version: int | str | ModelVersion, reason: str) -> ModelVersion:
        """Warn against a version from now on; aliases stay where they are.

        Raises
        ------
        ConfigError
            If the reason is empty.
        UnknownNameError
            If there is no such model or version.
        """
        if not isinstance(reason, str) or not reason.strip():
            raise ConfigError("say why nobody should use this version any more: reason is empty")
        shelf = self._existing(name)
        number = check_version(version, name=name)
        with self._guard.watch("deprecate", f"models/{name}/{number}"):
            shelf.facts(number)
            shelf.journal.append("version_deprecated", {"version": number}, reason=reason)
        return shelf.version(number)

    def collect(
        self, name: str | None = None, *, dry_run: bool = False, reason: str = ""
    ) -> Collected:
        """Delete the stored bytes that no version refers to any more.

        These are what deleted versions leave behind, and uploads whose writer died. It may run at
        any time, beside any number of writers and readers, and there is no age to wait for; a
        registration that is under way stores its bytes once more.

        Parameters
        ----------
        name : str, optional
            The model; None for all.
        dry_run : bool, default False
            Whether to count only.
        reason : str, default ""
            Why; written into the journal.

        Returns
        -------
        Collected
            How many blobs, and how many bytes.

        Raises
        ------
        UnknownNameError
            If there is no such model.
        RefusedError
            If the access policy forbids it.
        """
        total = Collected(0, 0, dry_run)
        for each in self._names() if name is None else [name]:
            shelf = self._shelf(each) if name is None else self._existing(each)
            with self._guard.watch("collect", f"models/{each}") as details:
                found = shelf.collect(dry_run=dry_run, reason=reason)
                details.update(found.to_dict())
            total += found
        return total


def _submission(
    run: RunLike | Estimator,
    schema: Schema | None,
    metrics: Mapping[str, float] | None,
    holdout: tuple[object, ArrayLike] | None,
    reference: object,
) -> Submission:
    if not is_run(run):
        return Submission.of_estimator(
            run,  # type: ignore[arg-type]
            schema=schema,
            metrics=metrics,
            holdout=holdout,
            reference=reference,
        )
    if any(given is not None for given in (schema, metrics, holdout, reference)):
        raise ConfigError("a training run brings its own schema, metrics, holdout and reference")
    return Submission.of_run(run)


def _tags(tags: Mapping[str, str] | None) -> dict[str, str]:
    found = {} if tags is None else tags
    if isinstance(found, Mapping) and all(
        isinstance(k, str) and isinstance(v, str) for k, v in found.items()
    ):
        return dict(found)
    raise ConfigError('tags must map text to text, such as {"team": "credit"}')


def _checked_gate(gate: GateLike) -> GateLike:
    check_methods(gate, "decide", what="gate", such_as='Gate("roc_auc")')
    return gate
