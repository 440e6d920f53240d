"""Registry: versions of models, the aliases that point at them, and how they came to."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import TYPE_CHECKING

from prodml.crypto.wrapping import KeyWrap, as_wrap
from prodml.errors import ConfigError
from prodml.gate import Gate
from prodml.journal import HeadMemory
from prodml.ports import Clock, Keys, Storage, utc_now
from prodml.ports.duck import check_methods
from prodml.registry.approvals import ApprovalRule
from prodml.registry.comparison import GateLike
from prodml.registry.guard import Access, Audit, Guard
from prodml.registry.notes import Notes, check_tags
from prodml.registry.pointing import Pointing
from prodml.registry.protection import Protection
from prodml.registry.reader import RegistryReader
from prodml.registry.refs import check_alias, check_name
from prodml.registry.results import ModelVersion
from prodml.registry.retirement import Retirement
from prodml.registry.run import Estimator, RunLike, Submission, is_run
from prodml.registry.signature import Proofs, SignerLike, VerifierLike
from prodml.registry.trust import Form, Trust, check_trust
from prodml.registry.views import Views

if TYPE_CHECKING:
    from numpy.typing import ArrayLike

    from prodml.tables import Schema

__all__ = ["Registry"]


class Registry(RegistryReader, Views, Pointing, Notes, Retirement, Protection):
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
    signer : SignerLike or None, default None
        Signs versions with a private key when they are registered; a `prodml.crypto.Signer`.
    verifier : VerifierLike or None, default None
        Checks those signatures before anything of a version is used, with public keys alone;
        a `prodml.crypto.Verifier`. What is unsigned, or signed by somebody else, is refused. With a
        signer as well, checkpoints are signed; a cold start uses no others.
    encrypt : Keys, KeyWrap or None, default None
        Encrypts models, records, holdouts and reference rows before they are stored, under keys of
        the domain "encryption", or by a `prodml.crypto.KmsWrap`. Names, tags, metrics and reasons
        stay readable: searches need them.
    audit : Audit or None, default None
        Told of every action and how it ended; a `prodml.AuditTrail` will do.
    access : callable or None, default None
        ``(actor, action, resource) -> bool or None``; False forbids. Actions are "register",
        "promote", "rollback", "remove", "approve", "withdraw", "require", "deprecate", "delete",
        "collect", "tag", "comment", "describe", "rotate_keys", "export", "load" and "read" (of
        stored rows).
    heads : HeadMemory or None, default None
        Remembers how far every model's journal was seen to go: a later process then notices if the
        newest events were cut off, or all of it was written anew.
    clock : Clock, default `prodml.ports.utc_now`
        Stamps the events.

    Notes
    -----
    Models of scikit-learn are stored as data, in a format with nothing in it that can run; no trust is
    needed to load them. Anything else is pickled, if the writer says ``trust="pickle"``, and loads if
    the reader says so too or a signature was checked. The holdout and a sample of the training
    inputs are stored beside a model: without `encrypt`, whoever can read the storage can read
    these rows.

    Examples
    --------
    >>> import numpy as np
    >>> from sklearn.linear_model import LogisticRegression
    >>> from prodml.storage import MemoryStorage
    >>> X, y = np.array([[0.0], [1.0], [2.0], [3.0]]), np.array([0, 0, 1, 1])
    >>> registry = Registry(MemoryStorage(), actor="ops")
    >>> version = registry.register("tumours", LogisticRegression().fit(X, y), metrics={"auc": 1.0})
    >>> str(version), version.format
    ('tumours/1', 'inert/2')
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
        signer: SignerLike | None = None,
        verifier: VerifierLike | None = None,
        encrypt: Keys | KeyWrap | None = None,
        audit: Audit | None = None,
        access: Access | None = None,
        approvals: Mapping[str, int] | None = None,
        heads: HeadMemory | None = None,
        clock: Clock = utc_now,
    ) -> None:
        super().__init__(
            storage,
            proofs=Proofs(keys, signer, verifier),
            wrap=None if encrypt is None else as_wrap(encrypt),
            guard=Guard(actor, access, audit),
            heads=heads,
            clock=clock,
        )
        self._gate = Gate() if gate is None else _checked_gate(gate)
        if isinstance(gated, str):
            raise ConfigError(
                f'gated must be a collection of aliases, such as ["{gated}"], got a text'
            )
        self._gated = frozenset(map(check_alias, gated))
        asked_for = ApprovalRule() if approvals is None else ApprovalRule(approvals)
        self._rule = asked_for.stricter(ApprovalRule(getattr(access, "approvals", {})))

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
        format: Form | None = None,  # noqa: A002  (the word everybody looks for)
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
        format : {"inert", "joblib", "skops", "onnx", "pickle"}, optional
            How to store the model; inert by default. Whoever loads another one needs a checked
            signature, or must trust it by its name. "skops" and "onnx" need the extras of these names.

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
                submission,
                tags=check_tags(tags),
                reason=reason,
                trust=trust,
                once=once,
                form=format,
            )
            details.update(version=version.version, digest=version.digest)
        return version


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


def _checked_gate(gate: GateLike) -> GateLike:
    check_methods(gate, "decide", what="gate", such_as='Gate("roc_auc")')
    return gate
