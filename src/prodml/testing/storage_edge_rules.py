"""Rules S53 to S60 of the Storage port: what errors say, what a failure leaves, and listings in motion."""

from __future__ import annotations

import tempfile
import threading
from collections.abc import Callable
from functools import partial
from pathlib import Path

from prodml.errors import AlreadyExistsError, KeyNotFoundError
from prodml.ports import Storage
from prodml.testing.storage_probes import StorageProbe, equal, keys, rule, while_writing

__all__ = ["EdgeRules"]

_PATIENCE_S = 10.0
_BIG = 300_000


class EdgeRules(StorageProbe):
    """Errors, failures, and what goes on while a listing is under way."""

    @rule
    def test_s53_the_taken_key_is_named(self, storage: Storage) -> None:
        """S53: AlreadyExistsError carries the key."""
        storage.put("a/taken", b"x")
        create = partial(storage.put, "a/taken", b"y", if_absent=True)
        equal("exc.key", _key_of(AlreadyExistsError, create), "a/taken")

    @rule
    def test_s54_every_call_names_the_missing_key(self, storage: Storage) -> None:
        """S54: KeyNotFoundError carries the key also from `head`, from `fetch` and from a range."""
        with tempfile.TemporaryDirectory() as folder:
            calls: dict[str, Callable[[], object]] = {
                "head": partial(storage.head, "a/missing"),
                "fetch": partial(storage.fetch, "a/missing", Path(folder, "file")),
                "get of a range": partial(storage.get, "a/missing", start=1, end=3),
                "get of nothing": partial(storage.get, "a/missing", start=3, end=3),
            }
            for name, call in calls.items():
                equal(f"exc.key of {name}", _key_of(KeyNotFoundError, call), "a/missing")

    @rule
    def test_s55_a_refused_create_leaves_no_trace(self, storage: Storage) -> None:
        """S55: A create that is refused changes neither size nor listing."""
        storage.put("a/b", b"first")
        _key_of(AlreadyExistsError, partial(storage.put, "a/b", b"longer than it", if_absent=True))
        equal("listed", [(m.key, m.size_bytes) for m in storage.list()], [("a/b", 5)])
        equal("size", storage.head("a/b").size_bytes, 5)

    @rule
    def test_s56_pages_join(self, storage: Storage) -> None:
        """S56: Page after page, each beginning after the last key of the one before, is the whole listing."""
        names = sorted(f"p/{'abc'[i % 3]}/{i:02}" for i in range(23))
        for name in [*names, "o/before", "q/behind"]:
            storage.put(name, b"x")
        for size in (1, 7, 22):
            found: list[str] = []
            while page := keys(storage, "p/", after=found[-1] if found else None, limit=size):
                found += page
                equal("more than there are", len(found) > len(names), False)
            equal(f"pages of {size}", found, names)

    @rule
    def test_s57_a_listing_keeps_nobody_waiting(self, storage: Storage) -> None:
        """S57: Others may read and write while a listing is under way, or was given up."""
        for i in range(4):
            storage.put(f"a/{i}", b"x")
        listing = iter(storage.list("a/"))
        next(listing)
        answers: list[object] = []

        def work() -> None:
            try:
                storage.put("b/1", b"y", if_absent=True)
                storage.delete("b/1")
                answers.append(storage.get("a/0"))
            except Exception as exc:  # noqa: BLE001 - a dead thread must not look like success
                answers.append(exc)

        thread = threading.Thread(target=work, daemon=True)
        thread.start()
        thread.join(_PATIENCE_S)
        equal("what others met", answers, [b"x"])
        equal("the rest", [meta.key for meta in listing], ["a/1", "a/2", "a/3"])

    @rule
    def test_s58_a_failed_put_leaves_what_was_there(self, storage: Storage) -> None:
        """S58: A `put` of a file that is not there fails, and the value from before stays."""
        storage.put("a/b", b"before")
        with tempfile.TemporaryDirectory() as folder:
            missing = Path(folder, "missing")
            for key in ("a/b", "a/new"):
                try:
                    storage.put(key, missing)
                except (OSError, ValueError):
                    continue
                raise AssertionError("a file that is not there was stored")
        equal("listed", keys(storage), ["a/b"])
        equal("get", storage.get("a/b"), b"before")

    @rule
    def test_s59_deleting_behind_a_listing_hides_nothing(self, storage: Storage) -> None:
        """S59: Whoever deletes what was just listed, page by page or one by one, meets every object."""
        names = [f"d/{i:02}" for i in range(30)]
        for name in names:
            storage.put(name, b"x")
        met = []
        for meta in storage.list("d/"):
            met.append(meta.key)
            storage.delete(meta.key)
        equal("met", met, names)
        equal("left", keys(storage), [])

    @rule
    def test_s60_fetch_sees_no_mixture(self, storage: Storage) -> None:
        """S60: While an object is replaced, `fetch` gives the old bytes or the new, whole."""
        storage.put("hint", b"0" * _BIG)
        writes = [partial(storage.put, "hint", d * _BIG) for d in (b"1", b"22", b"3") * 4]
        with tempfile.TemporaryDirectory() as folder:
            dest = Path(folder, "file")

            def look() -> None:
                kinds = set(data := storage.fetch("hint", dest).read_bytes())
                equal("number of different bytes", len(kinds), 1)
                equal("length", len(data), 2 * _BIG if kinds == {ord("2")} else _BIG)

            while_writing(writes, look)


def _key_of(error: type[AlreadyExistsError | KeyNotFoundError], call: Callable[[], object]) -> str:
    try:
        call()
    except error as exc:
        return exc.key
    raise AssertionError(f"did not raise {error.__name__}")
