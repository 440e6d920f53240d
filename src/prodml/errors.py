"""Every error that prodml raises on purpose.

::

    ProdmlError
    ├── ConfigError              (ValueError)       an argument is outside what is allowed
    ├── SchemaError              (ValueError)       data lack a column, or hold another kind than asked
    │   └── ContractError        (ValueError)       data break a Contract
    ├── NotFittedError           (ValueError, AttributeError)   fit() has not run yet
    ├── MissingExtraError        (ImportError)      an optional package is not installed
    ├── UnknownNameError         (LookupError)      no model, version, alias, arm, step or run of that name
    ├── ConflictError            (RuntimeError)     somebody else changed it first, or it is fixed by now
    ├── RefusedError             (RuntimeError)     a rule said no: a gate, a policy
    ├── StepError                (RuntimeError)     a step of a Pipeline failed
    ├── PredictionError          (RuntimeError)     a model failed while predicting
    ├── StorageError             (OSError)
    │   ├── InvalidKeyError      (ValueError)       a key that not every backend could hold
    │   ├── KeyNotFoundError     (KeyError)         nothing is stored under this key
    │   ├── AlreadyExistsError   (FileExistsError)  write-once met an earlier writer
    │   └── AmbiguousWriteError                     the answer was lost; read the key back
    ├── IntegrityError           (ValueError)       stored bytes are not the bytes that were written
    ├── UntrustedModelError      (ValueError)       loading could run foreign code and nobody said it may
    └── KeyMaterialError         (LookupError)      no such secret key, or one too weak

Each error also inherits from the builtin a caller would guess, and carries what it speaks of as
attributes. `ProdmlWarning` is the category of every warning.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable

__all__ = [
    "AlreadyExistsError",
    "AmbiguousWriteError",
    "ConfigError",
    "ConflictError",
    "ContractError",
    "IntegrityError",
    "InvalidKeyError",
    "KeyMaterialError",
    "KeyNotFoundError",
    "MissingExtraError",
    "NotFittedError",
    "PredictionError",
    "ProdmlError",
    "ProdmlWarning",
    "RefusedError",
    "SchemaError",
    "StepError",
    "StorageError",
    "UnknownNameError",
    "UntrustedModelError",
]


class ProdmlWarning(UserWarning):
    """Category of every warning that prodml gives."""


class ProdmlError(Exception):
    """Root of every error that prodml raises on purpose."""

    def __str__(self) -> str:
        # KeyError would show the repr of its argument; a message is meant to be read.
        return str(self.args[0]) if self.args else ""


class ConfigError(ProdmlError, ValueError):
    """An argument is outside what is allowed."""


class SchemaError(ProdmlError, ValueError):
    """Data lack a column, or hold another kind of values than was asked for.

    Attributes
    ----------
    column : str or None
        The column the message speaks of.
    known : tuple of str
        The columns that were there instead.
    """

    def __init__(
        self, message: str, *, column: str | None = None, known: Iterable[str] = ()
    ) -> None:
        super().__init__(message)
        self.column = column
        self.known = tuple(known)


class ContractError(SchemaError):
    """Data break a contract."""


class NotFittedError(ProdmlError, ValueError, AttributeError):
    """An estimator was used before `fit`."""


class MissingExtraError(ProdmlError, ImportError):
    """An optional package is not installed.

    Attributes
    ----------
    extra : str
        The extra of prodml that brings the package.
    """

    def __init__(self, message: str, *, extra: str = "") -> None:
        super().__init__(message)
        self.extra = extra


class UnknownNameError(ProdmlError, LookupError):
    """Nothing goes by this name.

    Attributes
    ----------
    what : str
        The kind of thing that was asked for, such as ``"model"``.
    name : str
        The name that was asked for.
    known : tuple of str
        The names that exist.
    """

    def __init__(
        self, what: str, name: str, known: Iterable[str] | None = (), *, where: str = ""
    ) -> None:
        """Say what was asked for; with None as `known`, names are too many or too private to list."""
        hint = "" if known is None else f" {known_names(name, known := tuple(map(str, known)))}"
        super().__init__(f'no {what} "{name}"{where and " " + where}.{hint}')
        self.what = what
        self.name = name
        self.known = tuple(known or ())


class ConflictError(ProdmlError, RuntimeError):
    """Somebody else changed it first, or it is fixed by now."""


class RefusedError(ProdmlError, RuntimeError):
    """A rule said no: a gate, an access policy, a failed check.

    Attributes
    ----------
    decision : object or None
        The evidence, where there is any, such as a `GateDecision`.
    """

    def __init__(self, message: str, *, decision: object = None) -> None:
        super().__init__(message)
        self.decision = decision


class StepError(ProdmlError, RuntimeError):
    """A step of a pipeline failed.

    Attributes
    ----------
    step : str
        Name of the step.
    """

    def __init__(self, message: str, *, step: str = "") -> None:
        super().__init__(message)
        self.step = step


class PredictionError(ProdmlError, RuntimeError):
    """A model failed while predicting; details are in the log under `error_id`.

    Attributes
    ----------
    error_id : str
        Finds the log line that has the cause.
    """

    def __init__(self, message: str, *, error_id: str = "") -> None:
        super().__init__(message)
        self.error_id = error_id


class StorageError(ProdmlError, OSError):
    """A storage backend could not do what was asked.

    Attributes
    ----------
    key : str
        The key the message speaks of.
    """

    def __init__(self, message: str, *, key: str = "") -> None:
        super().__init__(message)
        self.key = key


class InvalidKeyError(StorageError, ValueError):
    """A key that not every backend could hold."""


class KeyNotFoundError(StorageError, KeyError):
    """Nothing is stored under this key."""


class AlreadyExistsError(StorageError, FileExistsError):
    """A write-once key already holds a value."""


class AmbiguousWriteError(StorageError):
    """The answer to a write was lost: it may have happened. Read the key back."""


class IntegrityError(ProdmlError, ValueError):
    """Stored bytes are not the bytes that were written."""


class UntrustedModelError(ProdmlError, ValueError):
    """Loading this could run foreign code, and nobody said that it may."""


class KeyMaterialError(ProdmlError, LookupError):
    """No such secret key, or one too weak to use."""


def known_names(name: str, known: Iterable[str], *, limit: int = 10) -> str:
    """Say which names exist, the nearest first.

    Parameters
    ----------
    name : str
        What was asked for.
    known : iterable of str
        What exists.
    limit : int, default 10
        How many names to list at most.

    Returns
    -------
    str
        A sentence to end an error message with.

    Examples
    --------
    >>> known_names("chrun", ["fraud", "churn"])
    'Did you mean "churn"? Known: "churn", "fraud".'
    """
    names = [str(k) for k in known]
    if not names:
        return "None exists yet."
    near = difflib.get_close_matches(name, names, n=1)
    ordered = near + sorted(n for n in names if n not in near)
    listed = ", ".join(f'"{n}"' for n in ordered[:limit])
    more = f" and {len(ordered) - limit} more" if len(ordered) > limit else ""
    hint = f'Did you mean "{near[0]}"? ' if near else ""
    return f"{hint}Known: {listed}{more}."
