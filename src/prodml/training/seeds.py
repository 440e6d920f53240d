"""One root seed, and a seed of its own for every part of a training that draws at random."""

from __future__ import annotations

import random
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager

import attrs

from prodml.errors import ConfigError
from prodml.training.params import HasParameters

__all__ = ["Seeds", "global_state", "seeded"]

_PARTS = ("split", "folds", "estimator", "global", "intervals")
_LOCK = threading.RLock()


@attrs.frozen
class Seeds:
    """The seeds of a training, spawned from one root.

    Parameters
    ----------
    root : int
        From 0 to 2**32 - 1.

    Notes
    -----
    Children of `numpy.random.SeedSequence`, in the order split, folds, estimator, global, intervals;
    a later part never moves an earlier one.

    Examples
    --------
    >>> seeds = Seeds.of(7)
    >>> seeds.root, seeds["split"] == Seeds.of(7)["split"], seeds["split"] == seeds["folds"]
    (7, True, False)
    """

    root: int
    parts: Mapping[str, int]

    @classmethod
    def of(cls, random_state: int | None) -> Seeds:
        """Spawn the seeds; from a drawn root where `random_state` is None.

        Raises
        ------
        ConfigError
            If it is no whole number, or outside [0, 2**32).
        """
        import numpy as np

        root = _root(random_state)
        children = np.random.SeedSequence(root).spawn(len(_PARTS))
        parts = {
            name: int(child.generate_state(1)[0])
            for name, child in zip(_PARTS, children, strict=True)
        }
        return cls(root, parts)

    def __getitem__(self, part: str) -> int:
        return self.parts[part]


@contextmanager
def global_state(seed: int) -> Iterator[None]:
    """Seed Python's and numpy's global generators, and put back their states afterwards.

    Estimators that draw from them give the same model again; what the caller draws later is what
    it would have drawn. Threads take turns, since the generators belong to the whole process.

    Parameters
    ----------
    seed : int
        From 0 to 2**32 - 1.

    Examples
    --------
    >>> random.seed(1)
    >>> with global_state(7):
    ...     inside = random.random()
    >>> random.seed(1)
    >>> with global_state(7):
    ...     again = random.random()
    >>> inside == again
    True
    """
    import numpy as np

    with _LOCK:
        ours, theirs = random.getstate(), np.random.get_state()  # noqa: NPY002  (that is the point)
        random.seed(seed)
        np.random.seed(seed)  # noqa: NPY002
        try:
            yield
        finally:
            random.setstate(ours)
            np.random.set_state(theirs)  # noqa: NPY002


def seeded(estimator: object, seed: int) -> dict[str, int]:
    """Give every ``random_state`` that is None, at any depth, a seed of its own; say which.

    Parameters
    ----------
    estimator : object
        Changed in place.
    seed : int
        From 0 to 2**32 - 1.

    Returns
    -------
    dict
        Name of the parameter to its seed, in the order of the names.
    """
    import numpy as np

    if not isinstance(estimator, HasParameters):
        return {}
    names = sorted(
        name
        for name, value in estimator.get_params(deep=True).items()
        if value is None and name.rpartition("__")[2] == "random_state"
    )
    drawn = np.random.SeedSequence(seed).generate_state(len(names)).tolist() if names else []
    free = dict(zip(names, drawn, strict=True))
    if free:
        estimator.set_params(**free)
    return free


def _root(random_state: int | None) -> int:
    if random_state is None:
        import numpy as np

        return int(np.random.SeedSequence().generate_state(1)[0])
    if isinstance(random_state, bool) or not isinstance(random_state, int):
        raise ConfigError(
            f"random_state must be a whole number or None, got {type(random_state).__name__}"
        )
    if not 0 <= random_state < 2**32:
        raise ConfigError(f"random_state must lie in [0, 2**32), got {random_state}")
    return random_state
