"""A journal of 10,000 events: a cold start, a warm look, reading all, and a commit beside the bare physical one.

``pytest tests/benchmarks/test_journal.py --benchmark-enable -s`` prints the figures and ratios.
"""

from __future__ import annotations

import contextlib
import itertools
import os
import statistics
import time

import pytest

from prodml.errors import KeyNotFoundError
from prodml.journal import Journal
from prodml.storage import FolderStorage

N_EVENTS = 10_000
COLD_BAR_S = 0.005
PAYLOAD = {"alias": "champion", "from": 1, "to": 2, "kind": "free", "decision": None}


class LastMove:
    """The newest target of each alias."""

    version = 1

    def initial(self):
        return {"aliases": {}}

    def apply(self, state, event):
        state["aliases"][event.payload["alias"]] = event.payload["to"]
        return state


class OtherFold(LastMove):
    """One that no checkpoint was written by."""

    version = 2


class WithoutSegments(FolderStorage):
    """A folder whose segments nobody sees."""

    def list(self, prefix="", **options):
        return iter(()) if prefix.endswith("/seg/") else super().list(prefix, **options)


def median_s(call, rounds):
    times = []
    for _ in range(rounds):
        begin = time.perf_counter()
        call()
        times.append(time.perf_counter() - begin)
    return statistics.median(times)


@pytest.fixture(scope="module")
def long(tmp_path_factory):
    folder = tmp_path_factory.mktemp("long")
    journal = Journal(FolderStorage(folder, durability="process"), "s", fold=LastMove())
    for n in range(1, N_EVENTS + 1):
        journal.append("alias_set", {**PAYLOAD, "to": n})
    return folder


def test_a_cold_start_and_a_warm_look(benchmark, long):
    def cold():
        return Journal(FolderStorage(long), "s", fold=LastMove()).state()["aliases"]["champion"]

    assert benchmark.pedantic(cold, rounds=50, warmup_rounds=3) == N_EVENTS
    storage, warm = FolderStorage(long), Journal(FolderStorage(long), "s", fold=LastMove())
    missing = f"s/log/{N_EVENTS + 1:020d}.json"

    def probe():
        with contextlib.suppress(KeyNotFoundError):
            storage.get(missing)
            raise AssertionError("it should be missing")

    warm.state()
    cold_s, warm_s, probe_s = median_s(cold, 30), median_s(warm.state, 2000), median_s(probe, 2000)
    benchmark.extra_info.update(cold_s=cold_s, warm_s=warm_s, probe_s=probe_s)
    print(
        f"\n{N_EVENTS} events: cold {cold_s * 1e3:.2f} ms; warm {warm_s * 1e6:.1f} us, "
        f"{warm_s / probe_s:.2f} times its one probe of {probe_s * 1e6:.1f} us"
    )
    assert cold_s <= COLD_BAR_S


@pytest.mark.parametrize("what", ["events", "replay"])
def test_reading_all_from_segments_beside_one_by_one(benchmark, long, what):
    def read(storage):
        if what == "replay":
            return Journal(storage, "s", fold=OtherFold()).state()["aliases"]["champion"]
        return sum(1 for _ in Journal(storage, "s").events())

    took = {"together": [], "singly": []}

    def both():
        for name, kind in (("together", FolderStorage), ("singly", WithoutSegments)):
            begin = time.perf_counter()
            assert read(kind(long)) == N_EVENTS
            took[name].append(time.perf_counter() - begin)

    benchmark.pedantic(both, rounds=3)
    together, singly = (statistics.median(took[name]) for name in ("together", "singly"))
    benchmark.extra_info.update(together_s=together, singly_s=singly, ratio=singly / together)
    print(
        f"\n{what} of {N_EVENTS}: {together * 1e3:.0f} ms from segments, {singly * 1e3:.0f} ms one by "
        f"one, {singly / together:.1f} times"
    )


def test_an_append_beside_the_bare_commit(benchmark, tmp_path):
    bare = tmp_path / "bare"
    bare.mkdir()
    numbers = itertools.count(1)
    journal = Journal(FolderStorage(tmp_path / "ours"), "s", fold=LastMove())

    def commit():
        """Write a file, flush it, give it its name, flush the folder."""
        temporary = f"{bare}/t"
        handle = os.open(temporary, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o444)
        os.write(handle, b"x" * 400)
        os.fsync(handle)
        os.close(handle)
        os.link(temporary, f"{bare}/{next(numbers):020d}.json")
        os.unlink(temporary)  # noqa: PTH108
        above = os.open(bare, os.O_RDONLY)
        os.fsync(above)
        os.close(above)

    took = {"ours": [], "bare": []}

    def both():
        """Time one of each, in turn, so that a busy machine is busy for both."""
        for name, call in (("ours", lambda: journal.append("x", PAYLOAD)), ("bare", commit)):
            begin = time.perf_counter()
            call()
            took[name].append(time.perf_counter() - begin)

    benchmark.pedantic(both, rounds=300, warmup_rounds=20)
    ours, limit = (statistics.median(took[name]) for name in ("ours", "bare"))
    benchmark.extra_info.update(ours_s=ours, bare_s=limit, ratio=ours / limit)
    print(
        f"\nappend, durable: {ours * 1e6:.0f} us, bare commit {limit * 1e6:.0f} us, "
        f"{ours / limit:.2f} times"
    )
