"""The inert format: a fitted scikit-learn model as data, with nothing in it that can run.

One container (`prodml.fingerprint.container`): the header holds the graph of objects by the names of
their classes, arrays lie behind it. The same model gives the same bytes.
"""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from prodml.errors import IntegrityError, ProdmlError, ProdmlWarning, UntrustedModelError

__all__ = ["NAME", "NAMES", "blaming_the_file", "check_header", "dumps", "loads"]

NAME = "inert/2"
NAMES = ("inert/1", NAME)  # read: in the first, objects that are alike were not spelled once
_MEMBERS = {"format", "made_with", "root", "objects", "trees", "probe"}
# They learn nothing when fitted; scikit-learn 1.6 takes them for unfitted all the same.
_STATELESS = {
    "sklearn.feature_extraction._hash.FeatureHasher",
    "sklearn.feature_extraction.text.HashingVectorizer",
}


def dumps(model: object, *, rows: object = None) -> bytes:
    """Store a fitted estimator of scikit-learn.

    Parameters
    ----------
    model : estimator
        Fitted; pipelines and other compositions of what scikit-learn ships are fine.
    rows : DataFrame, ndarray, list or None, default None
        Rows the model can predict on. The first 8 are stored with the model's answers, and every
        load asks them again. Without rows, some are made up where the model says how wide they are.

    Returns
    -------
    bytes

    Raises
    ------
    UntrustedModelError
        If the model holds something that this format does not cover: a class or function of yours,
        a lambda, a type of array without an inert spelling. Says what and where.

    Examples
    --------
    >>> import numpy as np
    >>> from sklearn.linear_model import LinearRegression
    >>> model = LinearRegression().fit(np.array([[0.0], [1.0]]), np.array([1.0, 3.0]))
    >>> loads(dumps(model)).predict([[2.0]]).round(6).tolist()
    [5.0]
    """
    from prodml.fingerprint.container import pack
    from prodml.registry.formats.graph import Writer
    from prodml.registry.formats.probe import default_rows, write_probe

    writer = Writer()
    root = writer.write(model)
    header = {
        "format": NAME,
        "made_with": _platform(),
        "root": root,
        "objects": writer.table(),
        "trees": writer.trees.rows,
    }
    header["probe"] = write_probe(writer, model, default_rows(model) if rows is None else rows)
    if writer.records.kinds():
        header["records"] = writer.records.kinds()
    data = pack(header, {**writer.arrays, **writer.trees.arrays(), **writer.records.arrays()})
    _check_restores(data)
    return data


def loads(data: bytes | memoryview, *, on_other_version: str = "warn") -> Any:
    """Restore a model that `dumps` stored. Nothing in the bytes is run, whoever wrote them.

    Parameters
    ----------
    data : bytes
        What `dumps` returned.
    on_other_version : {"warn", "error", "ignore"}, default "warn"
        What to do if another scikit-learn stored it. Whichever: the recorded answers must come out.

    Returns
    -------
    estimator

    Raises
    ------
    UntrustedModelError
        If the file names a class, function or type that a stored model may not be made of, or
        another scikit-learn wrote it and `on_other_version` is "error".
    IntegrityError
        If the bytes are not a stored model, its parts do not fit together, or it answers the
        recorded rows otherwise than when it was stored.
    """
    with blaming_the_file():
        return _loads(data, on_other_version)


@contextmanager
def blaming_the_file() -> Iterator[None]:
    """Turn whatever goes wrong inside into an `IntegrityError`.

    Bytes from anywhere reach scikit-learn there; whatever it says about them, they are at fault.
    """
    try:
        yield
    except ProdmlError:
        raise
    except Warning:
        raise  # the caller made warnings into errors
    except Exception as exc:
        raise IntegrityError(
            f"not a stored model: {type(exc).__name__} while it was restored"
        ) from exc


def _loads(data: bytes | memoryview, on_other_version: str) -> Any:
    from prodml.fingerprint.container import unpack
    from prodml.registry.formats.guards import check_objects
    from prodml.registry.formats.probe import check_probe
    from prodml.registry.formats.restore import Reader

    header, arrays = unpack(data)
    same_platform = check_header(header, on_other_version)
    reader = Reader(header["objects"], header["trees"], arrays, header.get("records"))
    model = reader.read(header["root"])
    check_objects(reader.objects)
    _check_fitted(model)
    check_probe(reader, model, header["probe"], same_platform=same_platform)
    return model


def check_header(header: dict[str, Any], on_other_version: str) -> bool:
    """Refuse a header that is none of ours; say whether the same platform wrote it."""
    if set(header) - {"records"} != _MEMBERS or header["format"] not in NAMES:
        raise IntegrityError(f"not a model in the format {' or '.join(NAMES)}")
    return _compare_platform(header["made_with"], on_other_version)


def _check_restores(data: bytes) -> None:
    """Refuse now what could not be loaded later."""
    try:
        loads(data)
    except (IntegrityError, UntrustedModelError) as exc:
        raise UntrustedModelError(
            f"the model does not come back from the inert format as it was ({exc}). Register it "
            'with trust="pickle" to store it pickled.'
        ) from exc


def _check_fitted(model: Any) -> None:
    from sklearn.exceptions import NotFittedError as NotFitted
    from sklearn.utils.validation import check_is_fitted

    if not hasattr(model, "fit"):
        raise IntegrityError(f"a stored model is an estimator, this is a {type(model).__name__}")
    if f"{type(model).__module__}.{type(model).__qualname__}" in _STATELESS:
        return
    try:
        check_is_fitted(model)
    except NotFitted:
        raise IntegrityError(f"the stored {type(model).__name__} is not fitted") from None


def _platform() -> dict[str, str]:
    import platform

    import numpy as np
    import scipy
    import sklearn

    return {
        "sklearn": sklearn.__version__,
        "numpy": np.__version__,
        "scipy": scipy.__version__,
        "machine": platform.machine(),
        "cpu": _cpu_features(),
    }


def _cpu_features() -> str:
    """Return a digest of what the processor can do; linear algebra chooses its kernels by that."""
    from importlib import import_module

    from prodml.fingerprint.digest import sha256

    try:
        features = import_module("numpy._core._multiarray_umath").__cpu_features__
    except (ImportError, AttributeError):
        return "unknown"

    return sha256(" ".join(sorted(k for k, on in features.items() if on)).encode())[7:19]


def _compare_platform(made_with: Any, on_other_version: str) -> bool:
    here = _platform()
    there = made_with.get("sklearn")
    if there != here["sklearn"] and on_other_version != "ignore":
        message = f"the model was stored by scikit-learn {there!r:.20}, this is {here['sklearn']}"
        if on_other_version == "error":
            raise UntrustedModelError(f"{message}. Train it again, or load with the same version.")
        warnings.warn(f"{message}; its recorded answers are checked", ProdmlWarning, stacklevel=5)
    return bool(made_with == here)
