"""What it means to run a step object, told by its methods and not by its class."""

from __future__ import annotations

import inspect
import re
import threading
from collections.abc import Callable, Mapping
from typing import Any, Literal, TypeAlias

import attrs

from prodml.errors import ConfigError, NotFittedError

__all__ = [
    "Kind",
    "Outcome",
    "Parameter",
    "callable_of",
    "is_fitted",
    "kind_of_step",
    "name_of",
    "parameters_of",
]

Kind: TypeAlias = Literal["function", "contract", "transformer", "pipeline"]


@attrs.frozen
class Parameter:
    """A parameter of a step and whether a value must be found for it."""

    name: str
    required: bool


@attrs.frozen
class Outcome:
    """A value, and what else came of making it."""

    value: object
    quarantined: Mapping[str, Any] = attrs.field(factory=dict)
    reports: Mapping[str, Any] = attrs.field(factory=dict)


def kind_of_step(target: Any) -> Kind:
    """Tell what a step object is by what it can do.

    Raises
    ------
    ConfigError
        If it can do nothing that a pipeline could ask for.
    """
    if inspect.isclass(target) and (_has(target, "transform") or _has(target, "split", "check")):
        raise ConfigError(f"a step must be an object: {target.__name__}(...), not the class")
    if inspect.isroutine(target) or inspect.isclass(target):
        return "function"
    if _has(target, "split", "check"):
        return "contract"
    if _has(target, "run", "apply_inputs"):
        return "pipeline"
    if _has(target, "transform"):
        return "transformer"
    if callable(target):
        return "function"
    if _has(target, "fit_transform"):
        raise ConfigError(
            f"{type(target).__name__} has fit_transform but no transform, and so cannot be applied to new "
            "rows; wrap it in a function if that is what you want"
        )
    raise ConfigError(
        f"a step must be callable, or have split and check (a contract), transform, or run (a pipeline); "
        f"{type(target).__name__} has none of these"
    )


def _has(target: object, *methods: str) -> bool:
    return all(callable(getattr(target, m, None)) for m in methods)


def name_of(target: Any) -> str:
    """Return the name a step goes by if none is given, or "" if it has none.

    Examples
    --------
    >>> class StandardScaler: ...
    >>> name_of(StandardScaler())
    'standard_scaler'
    """
    name = getattr(target, "__name__", None) or getattr(target, "name", None)
    if name is None and hasattr(target, "func"):
        return name_of(target.func)  # functools.partial
    if not isinstance(name, str) or not name:
        name = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", type(target).__name__).lower()
    return "" if name == "<lambda>" else re.sub(r"\W", "_", name)


def parameters_of(target: Any, kind: Kind) -> tuple[Parameter, ...]:
    """Return what a step can be given; the data, for contracts and transformers.

    Raises
    ------
    ConfigError
        If a callable does not tell its parameters, or takes positional ones only.
    """
    if kind == "pipeline":
        return tuple(target.parameters)
    if kind != "function":
        return (Parameter("data", required=True),)
    try:
        found = inspect.signature(target).parameters.values()
    except (TypeError, ValueError) as exc:
        raise ConfigError(
            f"{name_of(target)} does not tell its parameters; wrap it in a function"
        ) from exc
    if any(p.kind is p.POSITIONAL_ONLY and p.default is p.empty for p in found):
        raise ConfigError(
            f"{name_of(target)} has positional-only parameters; wrap it in a function"
        )
    named = (p for p in found if p.kind in (p.POSITIONAL_OR_KEYWORD, p.KEYWORD_ONLY))
    return tuple(Parameter(p.name, p.default is p.empty) for p in named)


def callable_of(target: Any, kind: Kind, name: str, *, applying: bool) -> Callable[..., object]:
    """Return what to call with the parameters' values.

    Parameters
    ----------
    target : object
        The step.
    kind : Kind
        What it is.
    name : str
        The step's name, for messages.
    applying : bool
        True while serving: nothing is fitted, and no row is put aside.
    """
    if kind == "function":
        return target  # type: ignore[no-any-return]
    if kind == "contract":
        return _Checking(target) if applying else _Splitting(target, name)
    if kind == "pipeline":
        return _Applying(target) if applying else _Nested(target, name)
    return _Transforming(target, name, fits=not applying)


@attrs.frozen
class _Splitting:
    target: Any
    name: str

    def __call__(self, data: object) -> Outcome:
        split = self.target.split(data)
        return Outcome(split.good, {self.name: split.bad}, {self.name: split.report})


@attrs.frozen
class _Checking:
    target: Any

    def __call__(self, data: object) -> object:
        return self.target.check(data)


@attrs.frozen
class _Nested:
    target: Any
    name: str

    def __call__(self, **inputs: object) -> Outcome:
        result = self.target.run(**inputs)
        quarantined = {f"{self.name}.{k}": v for k, v in result.quarantined.items()}
        return Outcome(
            result.value, quarantined, {f"{self.name}.{k}": v for k, v in result.reports.items()}
        )


@attrs.frozen
class _Applying:
    target: Any

    def __call__(self, **inputs: object) -> object:
        return self.target.apply_inputs(**inputs)


# Two runs at once must not fit the same object twice. Fits are rare; one lock for all will do.
_FITTING = threading.RLock()


@attrs.frozen
class _Transforming:
    target: Any
    name: str
    fits: bool

    def __call__(self, data: object) -> object:
        if is_fitted(self.target):
            return self.target.transform(data)
        if not self.fits:
            raise NotFittedError(f'step "{self.name}" is not fitted yet: run the pipeline first')
        with _FITTING:
            if not is_fitted(self.target):
                self.target.fit(data)
        # Not fit_transform: a few objects answer differently there, and a second run must not.
        return self.target.transform(data)


def is_fitted(target: Any) -> bool:
    """Whether a transformer has learned already, or has nothing to learn.

    As in scikit-learn: it says so itself, or has attributes that end in one underscore.
    """
    if not callable(getattr(target, "fit", None)):
        return True
    says = getattr(target, "__sklearn_is_fitted__", None)
    if callable(says):
        return bool(says())
    return any(k.endswith("_") and not k.startswith("_") for k in getattr(target, "__dict__", {}))
