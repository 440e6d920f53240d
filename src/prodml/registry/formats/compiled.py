"""Compiled objects inside fitted estimators: each kind has its own writer and reader.

None is restored by a state of its own making. Trees are validated first, neighbour trees are built
anew from their data, losses are called with checked numbers, random generators get a checked state.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

import numpy as np

from prodml.errors import IntegrityError, UntrustedModelError
from prodml.registry.formats.arrays import Unstorable, read_array, write_array

if TYPE_CHECKING:
    from prodml.registry.formats.graph import Writer
    from prodml.registry.formats.restore import Reader

__all__ = ["read_compiled", "write_compiled"]

_NEIGHBOURS = {
    **dict.fromkeys(("KDTree", "KDTree64", "KDTree32"), "sklearn.neighbors._kd_tree"),
    **dict.fromkeys(("BallTree", "BallTree64", "BallTree32"), "sklearn.neighbors._ball_tree"),
}
# Compiled losses and how many numbers each takes.
_LOSSES = {
    "sklearn._loss._loss": {
        "CyAbsoluteError": 0,
        "CyExponentialLoss": 0,
        "CyHalfBinomialLoss": 0,
        "CyHalfGammaLoss": 0,
        "CyHalfMultinomialLoss": 0,
        "CyHalfPoissonLoss": 0,
        "CyHalfSquaredError": 0,
        "CyHalfTweedieLoss": 1,
        "CyHalfTweedieLossIdentity": 1,
        "CyHuberLoss": 1,
        "CyPinballLoss": 1,
    },
    "sklearn.linear_model._sgd_fast": {
        "EpsilonInsensitive": 1,
        "Hinge": 1,
        "Huber": 1,
        "ModifiedHuber": 0,
        "SquaredEpsilonInsensitive": 1,
        "SquaredHinge": 1,
    },
}
# Where scikit-learn 1.6 leaves the package out of a compiled module's name.
_WHOLE_NAMES = {"_loss": "sklearn._loss._loss"}
_METRICS = (
    "BrayCurtisDistance",
    "CanberraDistance",
    "ChebyshevDistance",
    "EuclideanDistance",
    "HammingDistance",
    "HaversineDistance",
    "JaccardDistance",
    "ManhattanDistance",
    "MinkowskiDistance",
    "SEuclideanDistance",
)


def write_compiled(writer: Writer, value: Any) -> list[Any] | None:
    """Spell a compiled object, or return None if it is not one of these."""
    module, name = _named(type(value))
    if (module, name) == ("sklearn.tree._tree", "Tree"):
        return ["tree", writer.trees.add(value)]
    if module == _NEIGHBOURS.get(name):
        return _write_neighbours(writer, name, value)
    if name in _LOSSES.get(module, {}):
        # Those without a number leave pickling to Cython, whose arguments say nothing.
        args = value.__reduce__()[1] if _LOSSES[module][name] else ()
        return ["loss", f"{module}.{name}", *[writer.node(float(arg)) for arg in args]]
    if isinstance(value, (np.random.RandomState, np.random.Generator)):
        return _write_random(writer, value)
    if (module, name) == ("scipy.interpolate._bsplines", "BSpline"):
        parts = [write_array(writer, np.asarray(part)) for part in (value.t, value.c)]
        return ["spline", int(value.k), bool(value.extrapolate), int(value.axis), *parts]
    return None


def _named(cls: type) -> tuple[str, str]:
    module, name = cls.__module__, cls.__name__
    whole = _WHOLE_NAMES.get(module)
    if whole is not None and vars(import_module(whole)).get(name) is cls:
        return whole, name
    return module, name


def read_compiled(reader: Reader, entry: Any) -> Any:
    """Make the object that an entry of the table stands for."""
    if not isinstance(entry, list) or not entry or not isinstance(entry[0], str):
        raise IntegrityError("an entry of the object table is not one")
    kind, *args = entry
    maker = _MAKERS.get(kind)
    if maker is None:
        raise IntegrityError(f"unknown kind of object {kind!r:.40}")
    return maker(reader, *args)


def _write_neighbours(writer: Writer, name: str, tree: Any) -> list[Any]:
    state = tree.__getstate__()
    data, leaf_size, weight = np.asarray(state[0]), int(state[4]), state[12]
    weight = None if weight is None else np.asarray(weight)
    spec = _metric_spec(state[11])
    # Built anew on reading: only what comes out the same may be stored so.
    again = _build(name, data, leaf_size=leaf_size, spec=spec, weight=weight)
    if not np.array_equal(again.__getstate__()[1], state[1]):
        raise Unstorable(f"a {name} that cannot be built again from its data")
    return ["neighbours", name, leaf_size, *[writer.node(part) for part in (spec, data, weight)]]


def _metric_spec(metric: Any) -> dict[str, Any]:
    name = type(metric).__name__.removesuffix("64").removesuffix("32")
    if name not in _METRICS:
        raise Unstorable(f"the metric {name}")
    spec: dict[str, Any] = {"metric": name}
    p, vector, _ = metric.__getstate__()
    if name == "MinkowskiDistance":
        spec["p"] = float(p)
        if np.asarray(vector).size:
            spec["w"] = np.asarray(vector)
    if name == "SEuclideanDistance":
        spec["V"] = np.asarray(vector)
    return spec


def _build(name: str, data: Any, *, leaf_size: int, spec: dict[str, Any], weight: Any) -> Any:
    from sklearn.metrics import DistanceMetric

    params = {k: v for k, v in spec.items() if k != "metric"}
    plain = str(spec["metric"]).removesuffix("Distance").lower()
    dtype = np.float32 if name.endswith("32") else np.float64
    metric = DistanceMetric.get_metric(plain, dtype=dtype, **params)
    cls = getattr(import_module(_NEIGHBOURS[name]), name)
    return cls(data, leaf_size=leaf_size, metric=metric, sample_weight=weight)


def _read_neighbours(reader: Reader, *entry: Any) -> Any:
    name, leaf_size, *nodes = entry
    if name not in _NEIGHBOURS:
        raise UntrustedModelError(f"the file names the neighbour tree {name!r:.60}")
    metric, data, weight = (reader.value(node) for node in nodes)
    if not isinstance(data, np.ndarray) or data.ndim != 2 or not np.isfinite(data).all():
        raise IntegrityError("a neighbour tree has data that are not numbers")
    if not isinstance(metric, dict) or metric.get("metric") not in _METRICS:
        raise IntegrityError("a neighbour tree has an unknown metric")
    vectors = [v for k, v in metric.items() if k not in ("metric", "p")]
    if any(np.shape(vector) != (data.shape[1],) for vector in vectors):
        raise IntegrityError("a metric has weights that do not fit the data")
    if type(leaf_size) is not int or not 1 <= leaf_size < 2**31:
        raise IntegrityError("a neighbour tree has an impossible leaf size")
    return _build(name, data, leaf_size=leaf_size, spec=metric, weight=weight)


def _read_loss(reader: Reader, name: Any, *args: Any) -> Any:
    module, _, attribute = str(name).rpartition(".")
    wanted = _LOSSES.get(module, {}).get(attribute)
    if wanted is None:
        raise UntrustedModelError(f"the file names the loss {name!r:.80}, which is not a known one")
    numbers = [reader.value(arg) for arg in args]
    if len(numbers) != wanted or not all(isinstance(n, float) for n in numbers):
        raise IntegrityError(f"the loss {attribute} has other arguments than it takes")
    return getattr(import_module(module), attribute)(*numbers)


def _write_random(writer: Writer, value: Any) -> list[Any]:
    if isinstance(value, np.random.Generator):
        return ["random", "Generator", writer.node(dict(value.bit_generator.state))]
    return ["random", "RandomState", writer.node(value.get_state(legacy=False))]


def _read_random(reader: Reader, kind: Any, node: Any) -> Any:
    state = reader.value(node)
    _check_random_state(state)
    bits = getattr(np.random, state["bit_generator"])(0)
    if kind == "Generator":
        bits.state = state
        return np.random.Generator(bits)
    legacy = np.random.RandomState(bits)
    legacy.set_state(state)
    return legacy


def _check_random_state(state: Any) -> None:
    if not isinstance(state, dict) or not isinstance(state.get("state"), dict):
        raise IntegrityError("a random generator has no state")
    inner = state["state"]
    kind = state.get("bit_generator")
    if kind == "MT19937":
        key, at = inner.get("key"), inner.get("pos")
        good = isinstance(key, np.ndarray) and key.shape == (624,) and key.dtype == np.uint32
        # numpy trusts the position, and would read beyond the key.
        if not good or type(at) is not int or not 0 <= at <= 624:
            raise IntegrityError("a random generator has an impossible state")
    elif kind not in ("PCG64", "PCG64DXSM"):
        raise IntegrityError(f"unknown random generator {kind!r:.40}")


def _read_spline(reader: Reader, *entry: Any) -> Any:
    from scipy.interpolate import BSpline

    degree, extrapolate, axis, *parts = entry
    if type(degree) is not int or axis != 0:
        raise IntegrityError("a spline is not one")
    # The constructor checks that knots rise, are finite and fit the coefficients.
    knots, weights = (read_array(reader, part) for part in parts)
    return BSpline(knots, weights, degree, extrapolate=bool(extrapolate))


_MAKERS: dict[str, Any] = {
    "tree": lambda reader, index: reader.tree(index),
    "neighbours": _read_neighbours,
    "loss": _read_loss,
    "random": _read_random,
    "spline": _read_spline,
}
