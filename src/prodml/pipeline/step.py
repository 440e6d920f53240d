"""A step: a callable and how to run it."""

from __future__ import annotations

import functools
import sys
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, overload

import attrs

from prodml.errors import ConfigError
from prodml.ports.duck import is_number

if TYPE_CHECKING:
    from prodml.pipeline.pipeline import Pipeline

__all__ = ["Policy", "Step", "step"]


def _at_least_zero(value: float, what: str) -> None:
    if not is_number(value):
        raise ConfigError(f"{what} must be a number, got a {type(value).__name__}")
    if not value >= 0:
        raise ConfigError(f"{what} must not be negative, got {value}")


@attrs.frozen
class Policy:
    """How a step is run.

    Parameters
    ----------
    retries : int, default 0
        How often to try again.
    retry_on : tuple of exception classes, default (OSError,)
        Which errors are worth it; timeouts and connection errors are among the default's subclasses.
    backoff_s, max_backoff_s : float, default 0.5 and 30
        The pause before retry k is drawn evenly from 0 to ``min(max_backoff_s, backoff_s * 2**k)``,
        so that many clients do not come back at once.
    timeout_s : float or None, default None
        After so many seconds an attempt is given up with `TimeoutError`. Python cannot stop a thread, so
        what the step was doing goes on in the background until it ends by itself.
    """

    retries: int = 0
    retry_on: tuple[type[Exception], ...] = (OSError,)
    backoff_s: float = 0.5
    max_backoff_s: float = 30.0
    timeout_s: float | None = None

    def __attrs_post_init__(self) -> None:
        _at_least_zero(self.retries, "retries")
        _at_least_zero(self.backoff_s, "backoff_s")
        _at_least_zero(self.max_backoff_s, "max_backoff_s")
        _at_least_zero(self.timeout_s or 0.0, "timeout_s")
        if self.timeout_s is not None and not self.timeout_s > 0:
            raise ConfigError(f"timeout_s must be positive, got {self.timeout_s}")
        if not all(isinstance(e, type) and issubclass(e, Exception) for e in self.retry_on):
            raise ConfigError(f"retry_on takes exception classes, got {self.retry_on!r}")


class Step:
    """A callable with a name and a policy; still callable as what it wraps.

    Made by `step`. ``a >> b`` makes a `Pipeline` of two.
    """

    def __init__(
        self,
        target: object,
        *,
        name: str = "",
        inputs: Mapping[str, str] | None = None,
        policy: Policy | None = None,
        stage: str = "",
    ) -> None:
        # First, since it copies the attributes of a function, whatever they are called.
        if callable(target) and hasattr(target, "__name__"):
            functools.update_wrapper(self, target)
        self.target = target
        self.name = name
        self.inputs = dict(inputs or {})
        self.policy = policy or Policy()
        self.stage = stage

    def __call__(self, *args: object, **kwargs: object) -> object:
        """Call what is wrapped, as if there were no pipeline."""
        if not callable(self.target):
            raise ConfigError(f"{type(self.target).__name__} cannot be called; it is a step only")
        return self.target(*args, **kwargs)

    def __reduce__(self) -> str | tuple[object, ...]:
        # A decorated function hides behind its own name, where pickle would look for it. So the
        # decorated one goes by that name, as any function does.
        module = sys.modules.get(getattr(self, "__module__", ""))
        name: str = getattr(self, "__qualname__", "")
        if getattr(module, name, None) is self:
            return name
        return (_rebuilt, (self.target, self.name, self.inputs, self.policy, self.stage))

    def __rshift__(self, other: object) -> Pipeline:
        """Return a pipeline of this step and the other one, in this order."""
        from prodml.pipeline.pipeline import Pipeline

        return Pipeline([self, other])

    def __repr__(self) -> str:
        return f"step({getattr(self.target, '__name__', type(self.target).__name__)})"


def _rebuilt(
    target: object, name: str, inputs: Mapping[str, str], policy: Policy, stage: str
) -> Step:
    return Step(target, name=name, inputs=inputs, policy=policy, stage=stage)


@overload
def step(
    fn: None = None,
    *,
    name: str = ...,
    inputs: Mapping[str, str] | None = ...,
    retries: int = ...,
    retry_on: type[Exception] | tuple[type[Exception], ...] = ...,
    backoff_s: float = ...,
    max_backoff_s: float = ...,
    timeout_s: float | None = ...,
    stage: str = ...,
) -> Callable[[object], Step]: ...
@overload
def step(
    fn: object,
    *,
    name: str = ...,
    inputs: Mapping[str, str] | None = ...,
    retries: int = ...,
    retry_on: type[Exception] | tuple[type[Exception], ...] = ...,
    backoff_s: float = ...,
    max_backoff_s: float = ...,
    timeout_s: float | None = ...,
    stage: str = ...,
) -> Step: ...
def step(
    fn: object = None,
    *,
    name: str = "",
    inputs: Mapping[str, str] | None = None,
    retries: int = 0,
    retry_on: type[Exception] | tuple[type[Exception], ...] = (OSError,),
    backoff_s: float = 0.5,
    max_backoff_s: float = 30.0,
    timeout_s: float | None = None,
    stage: str = "",
) -> Step | Callable[[object], Step]:
    """Say how a step is to be run; a decorator, or a wrapper around anything that can be a step.

    Parameters
    ----------
    fn : callable or step object, optional
        What to run; without it, a decorator is returned.
    name : str, optional
        Name of the step; default: the function's or the object's.
    inputs : mapping of str to str, optional
        Parameter to the step, or else the run's input, that it takes. Only needed where the names do
        not say it.
    retries, retry_on, backoff_s, max_backoff_s, timeout_s
        See `Policy`.
    stage : str, optional
        A tag; orchestrators run the steps of one stage in one task.

    Returns
    -------
    Step
        Callable like `fn` itself.

    Examples
    --------
    >>> @step(retries=3)
    ... def extract(path):
    ...     return [path]
    >>> extract("people.csv")
    ['people.csv']
    """
    caught = retry_on if isinstance(retry_on, tuple) else (retry_on,)
    policy = Policy(retries, caught, backoff_s, max_backoff_s, timeout_s)
    make = functools.partial(Step, name=name, inputs=inputs, policy=policy, stage=stage)
    return make if fn is None else make(fn)
