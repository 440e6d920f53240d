"""Runs real code through every interleaving of its storage calls, and looks at every state between.

A process is a function of a storage. Everything else it does is fixed, so what it does next depends
only on what its calls have returned so far: its history. The explorer runs it with a recorded
history until it makes the next call, and performs that call on a real `MemoryStorage`. A state of
the whole is what is stored plus the history of every process; each is visited once, however many
interleavings lead to it. A process that is never moved again is one that was killed, so that every
state is also one after a kill.
"""

from __future__ import annotations

from datetime import UTC, datetime

from prodml.errors import AmbiguousWriteError, StorageError
from prodml.ports import StorageCaps
from prodml.storage import MemoryStorage

NOON = datetime(2026, 1, 1, tzinfo=UTC)


class Pause(BaseException):
    """The history ends here; carries the call that comes next."""


class Recorded:
    """Answers as recorded."""

    caps = StorageCaps("recorded://", "none")

    def __init__(self, history):
        self._answers = iter(history)

    def _call(self, *call):
        answer = next(self._answers, None)
        if answer is None:
            raise Pause(call)
        kind, value = answer
        if kind == "raised":
            raise value[0](value[1], key=value[2])
        return value

    def put(self, key, data, *, if_absent=False):
        return self._call("put", key, bytes(data), if_absent)

    def get(self, key):
        return self._call("get", key)

    def head(self, key):
        return self._call("head", key)

    def list(self, prefix="", *, after=None, limit=None):
        return iter(self._call("list", prefix, after, limit))

    def delete(self, key):
        return self._call("delete", key)


class Explorer:
    """Visits every state that some interleaving of the processes leads to.

    `processes` are functions of a storage, `check` is called with every state once: a storage as it
    is then, and per process what it returned, or None. With `lossy`, the answer of any one creating
    put of each process may be lost, before or after it was done.
    """

    def __init__(self, processes, check, *, lossy=False):
        self._processes = processes
        self._check = check
        self._lossy = lossy
        self._next = {}
        self.n_states = 0

    def run(self, objects):
        start = (frozenset(objects.items()), tuple(() for _ in self._processes))
        seen, todo = {start}, [start]
        while todo:
            stored, histories = todo.pop()
            self.n_states += 1
            plans = [self._plan(n, history) for n, history in enumerate(histories)]
            self._check(restored(stored), [value for kind, value in plans if kind == "returned"])
            for n, (kind, call) in enumerate(plans):
                if kind == "calls":
                    for after, answer in self._performed(stored, call, histories[n]):
                        longer = (*histories[n], answer)
                        state = (after, (*histories[:n], longer, *histories[n + 1 :]))
                        if state not in seen:
                            seen.add(state)
                            todo.append(state)

    def _plan(self, n, history):
        found = self._next.get((n, history))
        if found is None:
            try:
                found = ("returned", self._processes[n](Recorded(history)))
            except Pause as pause:
                found = ("calls", pause.args[0])
            self._next[n, history] = found
        return found

    def _performed(self, stored, call, history):
        yield perform(stored, call)
        if self._lossy and call[0] == "put" and call[3] and not _was_lossy(history):
            lost = ("raised", (AmbiguousWriteError, "timed out", call[1]))
            yield stored, lost
            yield perform(stored, call)[0], lost


def perform(stored, call):
    """Make a call on what is stored; return what is stored then, and the answer."""
    name, key, *rest = call
    store = restored(stored)
    try:
        if name == "put":
            value = store.put(key, rest[0], if_absent=rest[1])
        elif name == "list":
            value = tuple(store.list(key, after=rest[0], limit=rest[1]))
        else:
            value = getattr(store, name)(key)
    except StorageError as exc:
        return stored, ("raised", (type(exc), "as it was", exc.key))
    if name in ("put", "delete"):
        return frozenset(dumped(store).items()), ("answered", value)
    return stored, ("answered", value)


def restored(stored):
    store = MemoryStorage(clock=lambda: NOON)
    for key, data in stored:
        store.put(key, data)
    return store


def dumped(store):
    return {meta.key: store.get(meta.key) for meta in store.list()}


def _was_lossy(history):
    return any(
        kind == "raised" and value[0] is AmbiguousWriteError and value[1] == "timed out"
        for kind, value in history
    )
