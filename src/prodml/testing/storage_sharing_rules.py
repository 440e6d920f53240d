"""Rules S61 to S65 of the Storage port: one location, and several adapters, processes and deaths."""

from __future__ import annotations

import itertools
import threading
import time
from concurrent.futures import ThreadPoolExecutor

from prodml.errors import AlreadyExistsError
from prodml.ports import Storage
from prodml.testing.storage_children import Child, Unsuited
from prodml.testing.storage_probes import StorageProbe, equal, rule, skip
from prodml.testing.storage_stateful import behaves_like_a_dict

__all__ = ["SharingRules"]

_N_ADAPTERS = 4
_N_ROUNDS = 24
_N_PROCESSES = 2


class SharingRules(StorageProbe):
    """Adapters of one location, in one process and in several."""

    @rule
    def test_s61_one_adapter_wins(self, storage: Storage) -> None:
        """S61: Of many adapters of one location that create one key at once exactly one wins."""
        adapters = [storage, *(self.reopen(storage) for _ in range(_N_ADAPTERS - 1))]
        with ThreadPoolExecutor(_N_ADAPTERS) as pool:
            for i in range(_N_ROUNDS):
                start = threading.Barrier(_N_ADAPTERS)

                def create(
                    n: int, key: str = f"race/{i:03}", start: threading.Barrier = start
                ) -> bool:
                    start.wait()
                    return _creates(adapters[n], key, b"%d" % n)

                winners = [n for n, won in enumerate(pool.map(create, range(_N_ADAPTERS))) if won]
                equal(f"number of winners of race/{i:03}", len(winners), 1)
                equal("stored", storage.get(f"race/{i:03}"), b"%d" % winners[0])

    @rule
    def test_s62_adapters_take_turns(self, storage: Storage) -> None:
        """S62: After any sequence of calls through two adapters in turn the location holds what a dict would hold."""
        behaves_like_a_dict(storage, self.reopen(storage), n_examples=max(self.n_sequences // 3, 1))

    @rule
    def test_s63_one_process_wins(self, storage: Storage) -> None:
        """S63: Of processes that create the same keys at once exactly one wins each."""
        try:
            children = [Child(self.handed_over(storage), "race") for _ in range(_N_PROCESSES)]
        except Unsuited as exc:
            skip(str(exc))
        for child in children:
            child.go()
        won = [child.answer().split() for child in children]
        for child in children:
            child.end()
        names = sorted(itertools.chain.from_iterable(won))
        equal("keys won", names, [f"race/{i:03}" for i in range(100)])
        for number, mine in enumerate(won):
            told = {storage.get(name) == children[number].name for name in mine}
            equal(f"what process {number} won holds its bytes", told - {True}, set())

    @rule
    def test_s64_a_killed_writer_leaves_no_half(self, storage: Storage) -> None:
        """S64: What a writer that is killed leaves behind is whole objects."""
        self._killed(storage)
        sizes = {meta.key: meta.size_bytes for meta in storage.list()}
        equal("sizes listed", set(sizes.values()) - {Child.SIZE}, set())
        for key in sizes:
            equal(f"length of {key}", len(storage.get(key)), Child.SIZE)

    @rule
    def test_s65_what_was_acknowledged_survives_its_writer(self, storage: Storage) -> None:
        """S65: What was acknowledged to a writer before it was killed is there."""
        acknowledged = self._killed(storage)
        equal("acknowledged something", bool(acknowledged), True)
        there = {meta.key for meta in self.reopen(storage).list()}
        equal("acknowledged and gone", sorted(set(acknowledged) - there), [])

    def _killed(self, storage: Storage) -> list[str]:
        try:
            return self.die_while_putting(storage)
        except Unsuited as exc:
            skip(str(exc))

    def die_while_putting(self, storage: Storage) -> list[str]:
        """Let a process put objects of `Child.SIZE` bytes until it is killed; return the keys acknowledged to it.

        Override it for an adapter that can be killed in a harder way, such as together with its machine.
        """
        child = Child(self.handed_over(storage), "fill")
        child.go()
        acknowledged = [child.answer(), child.answer()]
        begin = time.perf_counter()
        acknowledged.append(child.answer())
        time.sleep((time.perf_counter() - begin) / 2)  # amid the next one
        child.kill()
        return acknowledged + child.rest()


def _creates(storage: Storage, key: str, data: bytes) -> bool:
    try:
        storage.put(key, data, if_absent=True)
    except AlreadyExistsError:
        return False
    return True
