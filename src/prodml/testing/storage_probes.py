"""How the rules of the Storage port look at an adapter, and how they say what they saw."""

from __future__ import annotations

import pickle
import threading
import time
from collections.abc import Callable, Sequence
from typing import ClassVar, NoReturn

import pytest

from prodml.ports import Storage
from prodml.testing.rules import equal, rule
from prodml.testing.storage_children import Unsuited

__all__ = ["StorageProbe", "equal", "keys", "raises", "rule", "skip", "while_writing"]


class StorageProbe:
    """What every group of rules stands on: the adapter, and how to open its location again."""

    n_sequences: ClassVar[int] = 25
    """How many sequences of calls to try; fewer for a backend that takes long to answer."""

    @pytest.fixture
    def storage(self) -> Storage:
        """Return a fresh, empty adapter."""
        raise NotImplementedError("give your test class a fixture `storage`")

    def reopen(self, storage: Storage) -> Storage:
        """Return a new adapter of the same location; the same one where nothing outlives it."""
        return storage

    def handed_over(self, storage: Storage) -> bytes:
        """Return the adapter as another process can open it: pickled. Rules between processes need it.

        Raises
        ------
        Unsuited
            If it cannot be pickled; those rules are skipped then, and say so.
        """
        try:
            return pickle.dumps(storage)
        except (TypeError, AttributeError, pickle.PicklingError) as exc:
            kind = type(storage).__name__
            raise Unsuited(
                f"{kind} cannot be handed to another process: it is not pickled"
            ) from exc


def skip(reason: str) -> NoReturn:
    """Leave a rule out, and say why."""
    pytest.skip(reason)


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


def while_writing(writes: Sequence[Callable[[], object]], look: Callable[[], None]) -> None:
    """Call `look` over and over while a thread writes; fail if either does."""
    errors: list[BaseException] = []

    def work() -> None:
        try:
            for write in writes:
                write()
                time.sleep(0)
        except BaseException as exc:  # noqa: BLE001 - a dead thread must not look like success
            errors.append(exc)

    thread = threading.Thread(target=work)
    thread.start()
    try:
        while thread.is_alive():
            look()
        look()
    finally:
        thread.join()
    if errors:
        raise AssertionError(f"writing failed: {errors[0]!r}") from errors[0]
