"""Any sequence of calls, compared with a dict."""

from __future__ import annotations

from typing import TypeAlias

from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from prodml.errors import AlreadyExistsError, KeyNotFoundError
from prodml.ports import Storage
from prodml.testing.storage_probes import equal

__all__ = ["behaves_like_a_dict"]

Call: TypeAlias = tuple[str, str, bytes]

_KEYS = ("a", "a/b", "a/b/c", "a.b/c", "a-b", "b/1", "b/10", "b/2")
_CALLS = st.tuples(
    st.sampled_from(["put", "create", "delete", "get", "list"]),
    st.sampled_from(_KEYS),
    st.binary(max_size=40),
)


def behaves_like_a_dict(storage: Storage, *, n_examples: int = 25) -> None:
    """Run random sequences of calls against the storage and a dict, and fail where they differ.

    Parameters
    ----------
    storage : Storage
        An empty one; it is emptied again between sequences.
    n_examples : int, default 25
        How many sequences.
    """

    @settings(
        max_examples=n_examples,
        deadline=None,
        database=None,
        derandomize=True,
        phases=[Phase.generate],  # shrinking would need a storage that fails the same way twice
        suppress_health_check=[HealthCheck.too_slow, HealthCheck.nested_given],
    )
    @given(st.lists(_CALLS, min_size=15, max_size=40))
    def sequence(calls: list[Call]) -> None:
        for key in _KEYS:
            storage.delete(key)
        model: dict[str, bytes] = {}
        for call in calls:
            _apply(storage, model, call)

    sequence()


def _apply(storage: Storage, model: dict[str, bytes], call: Call) -> None:
    kind, key, data = call
    if kind == "put":
        storage.put(key, data)
        model[key] = data
    if kind == "create":
        equal(f"create of {key} won", _create(storage, key, data), key not in model)
        model.setdefault(key, data)
    if kind == "delete":
        storage.delete(key)
        model.pop(key, None)
    if kind == "get":
        equal(f"get of {key}", _get(storage, key), model.get(key))
    if kind == "list":
        found = [(m.key, m.size_bytes) for m in storage.list(after=key)]
        expected = [(k, len(v)) for k, v in sorted(model.items()) if k > key]
        equal(f"list after {key}", found, expected)


def _create(storage: Storage, key: str, data: bytes) -> bool:
    try:
        storage.put(key, data, if_absent=True)
    except AlreadyExistsError:
        return False
    return True


def _get(storage: Storage, key: str) -> bytes | None:
    try:
        return storage.get(key)
    except KeyNotFoundError:
        return None
