"""Digests of estimators by what they are and what they have learned."""

from __future__ import annotations

from prodml.errors import ConfigError
from prodml.fingerprint.values import Digester

__all__ = ["fingerprint_estimator"]


def fingerprint_estimator(estimator: object) -> str:
    """Return a digest of an estimator: its class, its parameters and its fitted state.

    The bytes of a pickle would not do: they change with one round trip, with `n_jobs` and with
    memory layout, though every prediction stays the same. This digest follows the content.

    Parameters
    ----------
    estimator : object
        With `get_params`, as scikit-learn has it; fitted or not, nested as you like.

    Returns
    -------
    str
        ``"sha256:"`` and 64 hex digits. `n_jobs` does not count, nor does the version of
        scikit-learn; an instance of `RandomState` counts by its state.

    Raises
    ------
    ConfigError
        If `estimator` is a class or has no `get_params`, or a part of it has a state that cannot be
        seen (an open file, a lock, a connection); the message names the part.

    Examples
    --------
    >>> from sklearn.linear_model import Ridge
    >>> X, y = [[0.0], [1.0]], [0.0, 1.0]
    >>> a, b = Ridge(alpha=0.5).fit(X, y), Ridge(alpha=0.5).fit(X, y)
    >>> fingerprint_estimator(a) == fingerprint_estimator(b)
    True
    >>> fingerprint_estimator(a) == fingerprint_estimator(Ridge(alpha=0.5))
    False
    """
    name = type(estimator).__name__
    if isinstance(estimator, type):
        raise ConfigError(f"an estimator is an object, got the class {estimator.__name__}")
    if not callable(getattr(estimator, "get_params", None)):
        raise ConfigError(f"an estimator has get_params(), and a {name} has not")
    return Digester(root=name).fingerprint(estimator)
