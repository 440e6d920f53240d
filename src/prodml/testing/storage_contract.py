"""The rules of the Storage port as a test class: prove an adapter of your own with five lines.

::

    class TestMine(StorageContract):
        @pytest.fixture
        def storage(self, tmp_path):
            return MyStorage(tmp_path)

Each rule has a number, with which the message of a broken one begins.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial

from prodml.errors import AlreadyExistsError, KeyNotFoundError
from prodml.ports import Storage
from prodml.testing.storage_edge_rules import EdgeRules
from prodml.testing.storage_listing_rules import ListingRules
from prodml.testing.storage_object_rules import ObjectRules
from prodml.testing.storage_probes import equal, keys, rule, while_writing
from prodml.testing.storage_sharing_rules import SharingRules
from prodml.testing.storage_stateful import behaves_like_a_dict

__all__ = ["StorageContract"]

_N_WRITERS = 8
_N_ROUNDS = 64
_BIG = 300_000


class StorageContract(ObjectRules, ListingRules, EdgeRules, SharingRules):
    """Every rule of the Storage port; a subclass says what to test.

    A subclass, whose name begins with ``Test``, gives a fixture `storage` that returns a fresh, empty adapter, and,
    if objects outlive the adapter, a method `reopen` that returns a new one of the same location.

    An adapter that can be pickled is also tried from several processes, one of which is killed; of any other those three rules are skipped.

    Sixty-five rules: S01 to S26 are about objects, S27 to S42 about listings and keys, S43 to S52 about
    writers at once, promises, and what is left when the location is opened again, S53 to S60 about errors, failures and
    listings in motion, S61 to S65 about several adapters, processes and deaths.
    """

    @rule
    def test_s43_one_creator_wins(self, storage: Storage) -> None:
        """S43: Of many who create one key at once exactly one wins, and its bytes are stored."""
        with ThreadPoolExecutor(_N_WRITERS) as pool:
            for i in range(_N_ROUNDS):
                key = f"race/{i:03}"
                start = threading.Barrier(_N_WRITERS)
                create = partial(_create, storage, key, start)
                made = list(pool.map(create, range(_N_WRITERS)))
                winners = [n for n, won in enumerate(made) if won]
                equal(f"number of winners of {key}", len(winners), 1)
                equal("stored", storage.get(key), b"%d" % winners[0] * 1000)

    @rule
    def test_s44_no_reader_sees_a_mixture(self, storage: Storage) -> None:
        """S44: While an object is replaced, a reader sees the old bytes or the new, whole."""
        storage.put("hint", b"0" * _BIG)
        writes = [partial(storage.put, "hint", d * _BIG) for d in (b"1", b"22", b"3") * 6]
        while_writing(writes, lambda: _check_uniform(storage.get("hint")))

    @rule
    def test_s45_no_reader_sees_a_half(self, storage: Storage) -> None:
        """S45: While an object is created, a reader sees nothing or all of it."""
        names = [f"new/{i:02}" for i in range(12)]
        data = b"x" * _BIG
        writes = [partial(storage.put, n, data, if_absent=True) for n in names]

        def read() -> None:
            for name in names:
                try:
                    found = len(storage.get(name))
                except KeyNotFoundError:
                    return
                equal(f"length of {name}", found, _BIG)

        while_writing(writes, read)

    @rule
    def test_s46_listingwhile_writing(self, storage: Storage) -> None:
        """S46: While objects come and go, a listing is in order and knows the size of whole objects."""
        writes: list[Callable[[], object]] = []
        for i in range(60):
            writes.append(partial(storage.put, f"l/{i * 7 % 60:02}", b"x" * 1000))
            writes.append(partial(storage.delete, f"l/{i * 5 % 60:02}"))

        def look() -> None:
            metas = list(storage.list("l/"))
            names = [m.key for m in metas]
            equal("order", names, sorted(set(names)))
            equal("sizes", {m.size_bytes for m in metas} - {1000}, set())

        while_writing(writes, look)

    @rule
    def test_s47_writers_of_different_keys(self, storage: Storage) -> None:
        """S47: Nothing is lost when many write different keys at once."""
        names = [f"w/{i % 7}/{i:03}" for i in range(200)]
        with ThreadPoolExecutor(_N_WRITERS) as pool:
            list(pool.map(lambda n: storage.put(n, n.encode(), if_absent=True), names))
        equal("keys", keys(storage), sorted(names))
        equal("values", all(storage.get(n) == n.encode() for n in names), True)

    @rule
    def test_s48_promises_are_told(self, storage: Storage) -> None:
        """S48: `caps` says where it is, without credentials, and how durable."""
        caps = storage.caps
        equal("a url", bool(caps.url) and "://" in caps.url, True)
        equal("credentials in the url", "@" in caps.url.split("://", 1)[-1].split("/")[0], False)
        equal("known durability", caps.durable in ("fsync", "service", "none"), True)

    @rule
    def test_s49_local_paths_are_not_writable_copies(self, storage: Storage) -> None:
        """S49: With ``local_paths`` the file that `fetch` gives is the same one every time."""
        storage.put("a/b", b"x")
        if storage.caps.local_paths:
            equal("path", storage.fetch("a/b"), storage.fetch("a/b"))

    @rule
    def test_s50_what_was_put_is_there_again(self, storage: Storage) -> None:
        """S50: A new adapter of the same location finds what was put, and not what was deleted."""
        storage.put("a/kept", b"kept")
        storage.put("a/created", b"created", if_absent=True)
        storage.put("a/gone", b"gone")
        storage.delete("a/gone")
        again = self.reopen(storage)
        equal("keys", keys(again), ["a/created", "a/kept"])
        equal("values", (again.get("a/kept"), again.get("a/created")), (b"kept", b"created"))

    @rule
    def test_s51_taken_keys_stay_taken(self, storage: Storage) -> None:
        """S51: What one adapter created, another one of the same location cannot create."""
        storage.put("a/b", b"first", if_absent=True)
        again = self.reopen(storage)
        won = _create(again, "a/b", None, 1)
        equal("second create won", won, False)
        equal("get", storage.get("a/b"), b"first")

    @rule
    def test_s52_behaves_like_a_dict(self, storage: Storage) -> None:
        """S52: After any sequence of calls it holds what a dict would hold."""
        behaves_like_a_dict(storage, n_examples=self.n_sequences)


def _create(storage: Storage, key: str, start: threading.Barrier | None, n: int) -> bool:
    if start is not None:
        start.wait()
    try:
        storage.put(key, b"%d" % n * 1000, if_absent=True)
    except AlreadyExistsError:
        return False
    return True


def _check_uniform(data: bytes) -> None:
    kinds = set(data)
    equal("number of different bytes", len(kinds), 1)
    equal("length", len(data), 2 * _BIG if kinds == {ord("2")} else _BIG)
