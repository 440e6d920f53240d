"""How the rules of the Storage port look at an adapter, and how they say what they saw."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from prodml.ports import Storage
from prodml.testing.rules import equal, rule

__all__ = ["StorageProbe", "equal", "keys", "raises", "rule"]


class StorageProbe:
    """What every group of rules stands on: the adapter, and how to open its location again."""

    @pytest.fixture
    def storage(self) -> Storage:
        """Return a fresh, empty adapter."""
        raise NotImplementedError("give your test class a fixture `storage`")

    def reopen(self, storage: Storage) -> Storage:
        """Return a new adapter of the same location; the same one where nothing outlives it."""
        return storage


def raises(error: type[Exception], what: str, call: Callable[[], object]) -> None:
    """Fail unless the call raises this error."""
    try:
        found = call()
    except error:
        return
    except Exception as exc:
        raise AssertionError(f"{what} raised {type(exc).__name__}, not {error.__name__}") from exc
    raise AssertionError(f"{what} gave {found!r:.80}, and did not raise {error.__name__}")


def keys(
    storage: Storage, prefix: str = "", *, after: str | None = None, limit: int | None = None
) -> list[str]:
    """Return the keys that `list` yields."""
    return [meta.key for meta in storage.list(prefix, after=after, limit=limit)]
