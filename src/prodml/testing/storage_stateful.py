"""Any sequence of calls, compared with a dict."""

from __future__ import annotations

import itertools

from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, rule, run_state_machine_as_test

from prodml.errors import AlreadyExistsError, KeyNotFoundError
from prodml.ports import Storage
from prodml.testing.storage_probes import equal

__all__ = ["StorageMachine", "behaves_like_a_dict"]

_NAMES = ("a", "a/b", "a/b/c", "a.b/c", "a-b", "b/1", "b/10", "b/2")
_KEYS = st.sampled_from(_NAMES)
_DATA = st.binary(max_size=6)
_PREFIXES = st.sampled_from(["", "a/", "a/b/", "b/"])
_ENDS = st.one_of(st.none(), st.integers(0, 8))
_LIMITS = st.one_of(st.none(), st.integers(0, 4))


def behaves_like_a_dict(storage: Storage, *others: Storage, n_examples: int = 25) -> None:
    """Run random sequences of calls against the storage and a dict, and fail where they differ.

    Parameters
    ----------
    storage : Storage
        An empty one; it is emptied again between sequences.
    *others : Storage
        More adapters of the same location; calls go to each in turn.
    n_examples : int, default 25
        How many sequences.
    """

    class Machine(StorageMachine):
        def __init__(self) -> None:
            super().__init__(storage, *others)

    run_state_machine_as_test(
        Machine,
        settings=settings(
            max_examples=n_examples,
            stateful_step_count=40,
            deadline=None,
            database=None,
            derandomize=True,
            phases=[Phase.generate],  # shrinking would need a storage that fails the same way twice
            suppress_health_check=[HealthCheck.too_slow, HealthCheck.nested_given],
        ),
    )


class StorageMachine(RuleBasedStateMachine):
    """A storage and the dict that it should behave like.

    Parameters
    ----------
    storage : Storage
        Emptied of the machine's own keys before it starts.
    *others : Storage
        More adapters of the same location.
    """

    def __init__(self, storage: Storage, *others: Storage) -> None:
        super().__init__()
        self._turns = itertools.cycle((storage, *others))
        self.model: dict[str, bytes] = {}
        for key in _NAMES:
            storage.delete(key)

    @property
    def storage(self) -> Storage:
        """The adapter whose turn it is."""
        return next(self._turns)

    @initialize(kept=st.dictionaries(_KEYS, _DATA))
    def begin(self, kept: dict[str, bytes]) -> None:
        """Begin with some objects, in any order of writing."""
        for key, data in kept.items():
            self.put(key, data)
        self.list("", None, None)

    @rule(key=_KEYS, data=_DATA)
    def put(self, key: str, data: bytes) -> None:
        """Replace, or write anew."""
        self.storage.put(key, data)
        self.model[key] = data

    @rule(key=_KEYS, data=_DATA)
    def create(self, key: str, data: bytes) -> None:
        """Write unless there is something."""
        equal(f"create of {key} won", _create(self.storage, key, data), key not in self.model)
        self.model.setdefault(key, data)

    @rule(key=_KEYS)
    def delete(self, key: str) -> None:
        """Forget what is there, or nothing."""
        self.storage.delete(key)
        self.model.pop(key, None)
        self.list("", None, None)

    @rule(key=_KEYS, start=st.integers(0, 4), end=_ENDS)
    def get(self, key: str, start: int, end: int | None) -> None:
        """Read a range."""
        kept = self.model.get(key)
        expected = None if kept is None else kept[start:end]
        equal(f"get of {key}[{start}:{end}]", _get(self.storage, key, start, end), expected)

    @rule(prefix=_PREFIXES, after=st.one_of(st.none(), _KEYS), limit=_LIMITS)
    def list(self, prefix: str, after: str | None, limit: int | None) -> None:
        """Look through a window."""
        found = [
            (meta.key, meta.size_bytes)
            for meta in self.storage.list(prefix, after=after, limit=limit)
        ]
        expected = [
            (key, len(data))
            for key, data in sorted(self.model.items())
            if key.startswith(prefix) and key > (after or "")
        ]
        equal(f"list of {prefix!r} after {after}, {limit}", found, expected[:limit])


def _create(storage: Storage, key: str, data: bytes) -> bool:
    try:
        storage.put(key, data, if_absent=True)
    except AlreadyExistsError:
        return False
    return True


def _get(storage: Storage, key: str, start: int, end: int | None) -> bytes | None:
    try:
        return storage.get(key, start=start, end=end)
    except KeyNotFoundError:
        return None
