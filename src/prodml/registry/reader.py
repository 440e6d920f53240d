"""The half of a registry that only reads: what a server of predictions needs."""

from __future__ import annotations

import warnings
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from prodml.errors import IntegrityError, KeyNotFoundError, ProdmlWarning
from prodml.journal import Head
from prodml.registry.history import History, history_of
from prodml.registry.refs import check_name
from prodml.registry.results import Checked, Holdout, ModelVersion
from prodml.registry.shelves import Shelves
from prodml.registry.trust import Trust, trusted_by_reader

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd
    from numpy.typing import ArrayLike

    from prodml.registry.formats.mapped import MappedModel

__all__ = ["Model", "RegistryReader"]


class Model(Protocol):
    """What `Registry.load` returns: a fitted estimator with whatever methods its class has."""

    def predict(self, X: ArrayLike | pd.DataFrame, /) -> np.ndarray:
        """Return one prediction per row."""
        ...

    def predict_proba(self, X: ArrayLike | pd.DataFrame, /) -> np.ndarray:
        """Return one probability per row and class, if it is a classifier that has them."""
        ...


class RegistryReader(Shelves):
    """What can be asked of a registry; `prodml.Registry` adds what can be done to it."""

    def load(self, ref: str, *, trust: Trust | Sequence[str] | None = None) -> Model:
        """Return a model, once its bytes are proven to be those that were registered.

        Parameters
        ----------
        ref : str
            ``"name@alias"`` or ``"name/3"``, with or without ``"models:/"`` before it.
        trust : {"pickle", "joblib", "skops", "onnx"} or list of str, optional
            Needed for a version that is stored in the format of this name, unless its signature was
            checked: loading those can run any code, or reaches native code that believes them. For
            skops also a list of the names of types that may be made.

        Returns
        -------
        estimator

        Raises
        ------
        IntegrityError
            If the bytes are not those that were registered, or the restored model answers the
            recorded rows otherwise.
        UntrustedModelError
            If it is a pickle (joblib, skops, ONNX), no signature of it was checked and `trust` does not
            name it; or if it is not signed where the registry has keys or a verifier.
        UnknownNameError
            If there is no such model, version or alias.
        """
        trusted = trusted_by_reader(trust)
        try:
            return self._load(ref, trusted)
        except IntegrityError as exc:
            if not isinstance(exc.__cause__, KeyNotFoundError):
                raise
            # Deleted and collected between the look and the read: what does the reference mean now?
            return self._load(ref, trusted)

    def map(self, ref: str, *, receipts: str | Path | None = None) -> MappedModel:
        """Return a model of trees that predicts from its stored file, which all processes share.

        Nothing of the trees is copied: eight processes that serve one forest need its memory once.

        Parameters
        ----------
        ref : str
            As in `load`.
        receipts : str or Path, optional
            A folder that only this user can write to. The digest of a file is computed once per
            machine, a note of it is left there, and who finds the note compares device, inode, size
            and times of change instead. Without it, once per process and those it forks.

        Returns
        -------
        MappedModel
            With `predict`, and `predict_proba` if it is a classifier; bit-equal to what `load`
            returns.

        Raises
        ------
        IntegrityError, UntrustedModelError, UnknownNameError
            As `load`.
        ConfigError
            If the model is not a tree, forest or gradient boosting of scikit-learn (or a Pipeline that
            ends in one), or others may write to the folder of receipts.
        """
        shelf, number = self._find(ref)
        with self._guard.watch("load", f"models/{shelf.name}/{number}") as details:
            facts = shelf.facts(number)
            details["digest"] = facts["model"]
            place = None if receipts is None else Path(receipts)
            model: MappedModel = shelf.artifacts.mapped(
                facts, receipts=place, ref=f"{shelf.name}/{number}"
            )
        return model

    def get(self, ref: str) -> ModelVersion:
        """Return what is known about a version, without loading its model."""
        shelf, number = self._find(ref)
        return shelf.version(number)

    def holdout(self, ref: str) -> Holdout | None:
        """Return the holdout of a version; None if it was registered without one."""
        shelf, number = self._find(ref)
        with self._guard.watch("read", f"models/{shelf.name}/{number}/holdout"):
            return shelf.artifacts.holdout(shelf.facts(number), f"{shelf.name}/{number}")

    def reference(self, ref: str) -> pd.DataFrame | None:
        """Return a sample of what a version was trained on, at most 1,000 rows; None if unknown."""
        shelf, number = self._find(ref)
        with self._guard.watch("read", f"models/{shelf.name}/{number}/reference"):
            return shelf.artifacts.reference(shelf.facts(number), f"{shelf.name}/{number}")

    def versions(self, name: str) -> list[ModelVersion]:
        """Return all versions of a model, the oldest first."""
        shelf = self._existing(name)
        state = shelf.journal.state()
        return [shelf.version(number, state) for number in shelf.numbers(state)]

    def aliases(self, name: str) -> dict[str, int]:
        """Return where every alias of a model points."""
        trails = self._existing(name).journal.state()["aliases"]
        return {alias: trail[-1] for alias, trail in sorted(trails.items())}

    def history(self, name: str) -> History:
        """Return who pointed which alias where, when and why, who agreed, and whom the gate refused."""
        return history_of(self._existing(name))

    def head(self, name: str) -> Head:
        """Return number and digest of a model's newest event, to be kept elsewhere for `verify`."""
        return self._existing(name).journal.head()

    def verify(
        self, name: str | None = None, *, expect: Mapping[str, Head] | None = None
    ) -> Checked:
        """Read every event and every blob of a model, or of all, and check them.

        Parameters
        ----------
        name : str, optional
            The model; None for all.
        expect : mapping of str to Head, optional
            Model to an earlier `head`: shows that newer events were cut off, or that a journal
            was written anew, which its own chain cannot show.

        Returns
        -------
        Checked

        Raises
        ------
        IntegrityError
            Names the first event or blob that is not what was written.
        """
        heads = dict(expect or {})
        names = sorted({*self.models(), *heads}) if name is None else [check_name(name)]
        for each in heads.keys() & set(names):
            self._shelf(each).journal.verify(expect=heads[each])
        checks = [self._existing(each).verify() for each in names]
        return Checked(
            n_models=len(checks),
            n_events=sum(check.n_events for check in checks),
            n_blobs=sum(check.n_blobs for check in checks),
        )

    def _load(self, ref: str, trusted: str | tuple[str, ...] | None) -> Model:
        shelf, number = self._find(ref)
        with self._guard.watch("load", f"models/{shelf.name}/{number}") as details:
            facts = shelf.facts(number)
            details["digest"] = facts["model"]
            model: Any = shelf.model(number, trust=trusted)
        if facts["deprecated"] is not None:
            warnings.warn(
                f"{shelf.name}/{number} is deprecated: {facts['deprecated']}",
                ProdmlWarning,
                stacklevel=3,
            )
        return model  # type: ignore[no-any-return]
