"""A stored model whose trees stay in the file: one copy in memory, however many processes serve it."""

from __future__ import annotations

import mmap
from collections.abc import Callable
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from prodml.errors import ConfigError, IntegrityError, SchemaError
from prodml.fingerprint.container import unpack
from prodml.fingerprint.digest import sha256
from prodml.registry.formats.forest import check_pool, pool_columns
from prodml.registry.formats.guards import check_objects
from prodml.registry.formats.inert import blaming_the_file, check_header
from prodml.registry.formats.probe import check_probe
from prodml.registry.formats.receipts import Identity, Receipts
from prodml.registry.formats.restore import Reader
from prodml.trees import TreeEnsemble
from prodml.trees.sklearn_trees import read_facts, trees_of

__all__ = ["MappedModel"]

_METHODS = ("predict", "predict_proba")


class MappedModel:
    """Predicts what the stored estimator predicts, bit for bit, from arrays that lie in its file.

    Made by `Registry.map`. Unpickles in another process by opening the same file, which must still be
    the one that was verified here.

    Parameters
    ----------
    path : Path
        A file in the inert format.
    digest : str
        What its bytes must be; computed unless `receipts` know this very file.
    receipts : Receipts
        Which files were verified already.

    Raises
    ------
    IntegrityError
        If the bytes have another digest, are not a stored model, or the trees are not trees.
    ConfigError
        If it is another kind of model; those have nothing to map.
    """

    def __init__(self, path: Path, digest: str, receipts: Receipts) -> None:
        self.path, self.digest = path, digest
        with path.open("rb") as file:
            self._identity = Identity.of(file.fileno())
            view = _map(file.fileno())
        known = receipts.has(self._identity, digest)
        if not known and sha256(view) != digest:
            raise IntegrityError(f"the file {path} is not {digest}: its bytes were changed")
        with blaming_the_file():
            self._open(view, check=not known)
        if not known:
            receipts.keep(self._identity, digest)

    def _open(self, view: memoryview, *, check: bool) -> None:
        header, arrays = unpack(view)
        same_platform = check_header(header, "warn")
        if check and header["trees"]:
            check_pool(header["trees"], arrays)
        reader = _MappingReader(header["objects"], header["trees"], arrays, header.get("records"))
        self._model, self._steps, last = _parts(reader.read(header["root"]))
        self.trees = _ensemble(last, header["trees"], arrays)
        check_objects(o for o in reader.objects if not _holds_trees(o))
        probe = header["probe"]
        check_probe(reader, self, probe, same_platform=same_platform, methods=_METHODS)

    def __reduce__(self) -> tuple[Any, ...]:
        return _reopen, (self.path, self.digest, self._identity)

    def __repr__(self) -> str:
        return f"MappedModel({type(self._model).__name__}, {self.trees!r})"

    @property
    def n_features_in_(self) -> int:
        """Columns of the rows that the model takes."""
        return int(self._model.n_features_in_)

    @property
    def feature_names_in_(self) -> NDArray[np.object_]:
        """Names of those columns, if the model was taught with names."""
        names: NDArray[np.object_] = self._model.feature_names_in_
        return names

    @cached_property
    def classes_(self) -> NDArray[np.generic]:
        """Labels of a classifier."""
        if self.trees.classes is None:
            raise AttributeError("a regressor has no classes_")
        return self.trees.classes

    @property
    def predict_proba(self) -> Callable[[ArrayLike], NDArray[np.float64]]:
        """Predict the probability of every class; a regressor has no such method."""
        if self.trees.classes is None:
            raise AttributeError("a regressor has no predict_proba")
        return self._predict_proba

    def predict(self, X: ArrayLike) -> NDArray[np.generic]:
        """Predict labels or values, one per row.

        Parameters
        ----------
        X : DataFrame or array-like, shape (n_rows, n_features)
            Rows; a frame must have the columns that the model was taught with, in their order.

        Returns
        -------
        ndarray

        Raises
        ------
        SchemaError
            If the columns do not fit, or a value is not a number where the trees need one.
        """
        return self.trees.predict(self._rows(X))

    def _predict_proba(self, X: ArrayLike) -> NDArray[np.float64]:
        return self.trees.predict_proba(self._rows(X))

    def _rows(self, X: Any) -> Any:
        if self._steps is not None:
            return self._steps.transform(X)
        names = vars(self._model).get("feature_names_in_")
        if names is not None and hasattr(X, "columns") and list(X.columns) != list(names):
            raise SchemaError(
                f"the model was taught with the {len(names)} columns {', '.join(names[:9])}; the rows "
                "have others, or another order"
            )
        return X


class _StoredTree:
    """A tree that stays in the file."""

    def __init__(self, index: int) -> None:
        self.index = index


class _MappingReader(Reader):
    """Restores everything but the trees."""

    @cached_property
    def trees(self) -> list[Any]:
        return [_StoredTree(i) for i in range(len(self._tree_rows))]


def _map(descriptor: int) -> memoryview:
    try:
        return memoryview(mmap.mmap(descriptor, 0, access=mmap.ACCESS_READ))
    except ValueError:  # an empty file cannot be mapped
        return memoryview(b"")


def _reopen(path: Path, digest: str, identity: Identity) -> MappedModel:
    """Open a file that another process has verified, provided it is still the same file."""
    verified = Receipts()
    verified.keep(identity, digest)
    return MappedModel(path, digest, verified)


def _parts(model: Any) -> tuple[Any, Any, Any]:
    """Return the model, the steps before its trees (None for none), and the estimator of the trees."""
    from sklearn.pipeline import Pipeline

    if type(model) is not Pipeline:
        return model, None, model
    steps = model.steps
    good = isinstance(steps, list) and steps and all(len(step) == 2 for step in steps)
    if not good:
        raise IntegrityError("the stored Pipeline has no steps")
    return model, model[:-1] if len(steps) > 1 else None, steps[-1][1]


def _ensemble(estimator: Any, rows: list[Any], arrays: Any) -> TreeEnsemble:
    facts = read_facts(estimator)
    order = [tree.index for tree in trees_of(estimator) if isinstance(tree, _StoredTree)]
    if order != list(range(len(rows))):
        raise ConfigError(
            "the trees of this file do not lie in their order, or are not all of one estimator: it can "
            "be loaded, not mapped. Register the model again to store it in the present format."
        )
    columns = pool_columns(rows, arrays)
    width = 1 if facts["combine"] == "sum" else len(facts["base"])
    if columns["value"].size != len(columns["left"]) * width:
        raise IntegrityError("the trees' values do not fit their nodes")
    columns["value"] = columns["value"].reshape(-1, width)
    return TreeEnsemble(**facts, **columns, depth=max(row[3] for row in rows))


def _holds_trees(instance: Any) -> bool:
    from sklearn.ensemble._forest import BaseForest
    from sklearn.ensemble._gb import BaseGradientBoosting
    from sklearn.tree import BaseDecisionTree

    return isinstance(instance, (_StoredTree, BaseForest, BaseGradientBoosting, BaseDecisionTree))
