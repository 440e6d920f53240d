"""Two processes append to one journal in a folder and are killed at random instants.

No event that was acknowledged may be lost, none may be there twice, and the chain must hold.
"""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import time

import pytest

from prodml.journal import Journal
from prodml.storage import FolderStorage

CHILD = """
import os, sys
from prodml.journal import Draft, Journal
from prodml.storage import FolderStorage

class Fold:
    def initial(self):
        return {"n": 0}
    def apply(self, state, event):
        return {"n": state["n"] + 1}

folder, name = sys.argv[1:]
journal = Journal(FolderStorage(folder), "s", actor=name, fold=Fold(), checkpoint_every=8)
i = 0
while True:
    i += 1
    event = journal.commit(lambda state: Draft("note", {"id": f"{name}-{i}", "n": state["n"]}))
    os.write(1, f"{name}-{i} {event.seq} {event.txid}\\n".encode())  # acknowledged, before the next
"""


class Count:
    def initial(self):
        return {"n": 0}

    def apply(self, state, event):
        return {"n": state["n"] + 1}


class Child:
    """A process that appends until it is killed."""

    def __init__(self, folder, name):
        self._process = subprocess.Popen(
            [sys.executable, "-c", CHILD, str(folder), name],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
        )

    def wait_for_first(self):
        self._first = os.read(self._process.stdout.fileno(), 1)

    def kill(self):
        """Kill it, and return the lines it had written whole."""
        self._process.send_signal(signal.SIGKILL)
        rest, errors = self._process.communicate()
        assert errors == b"", errors.decode()
        assert self._process.returncode == -signal.SIGKILL
        lines = (self._first + rest).decode().split("\n")
        return [tuple(line.split()) for line in lines[:-1]]


def storm(folder, n_kills, seed):
    """Kill one of two children `n_kills` times; return the acknowledged (id, seq, txid)."""
    rng = random.Random(seed)
    acknowledged, n_born = [], 0
    children = []
    for _ in range(n_kills + 2):
        while len(children) < 2 and n_born < n_kills:
            n_born += 1
            children.append(Child(folder, f"c{n_born}"))
        if not children:
            break
        child = children.pop(rng.randrange(len(children)))
        child.wait_for_first()
        time.sleep(rng.uniform(0, 0.03))
        acknowledged += child.kill()
    return acknowledged


def check(folder, acknowledged):
    """Compare what was acknowledged with what is stored; return the numbers."""
    journal = Journal(FolderStorage(folder), "s", fold=Count())
    stored = [(e.payload["id"], str(e.seq), e.txid) for e in journal.events()]
    ids = [name for name, _, _ in stored]
    lost = set(acknowledged) - set(stored)
    assert not lost
    assert len(set(ids)) == len(ids)
    # Every decision saw the state just before its own event: no two writers shared a tail.
    assert [e.payload["n"] for e in journal.events()] == list(range(len(stored)))
    assert journal.verify().n_events == len(stored)
    assert journal.state() == {"n": len(stored)}
    return len(acknowledged), len(stored), len(lost), len(ids) - len(set(ids))


@pytest.mark.parametrize(
    "n_kills", [12, pytest.param(200, marks=pytest.mark.slow)], ids=["12 kills", "200 kills"]
)
def test_no_acknowledged_event_is_lost_or_doubled_by_sigkill(tmp_path, n_kills):
    acknowledged = storm(tmp_path, n_kills, seed=n_kills)
    numbers = check(tmp_path, acknowledged)
    n_acknowledged, n_stored, n_lost, n_doubled = numbers
    print("\nacknowledged {}, stored {}, lost {}, doubled {}".format(*numbers))
    assert n_acknowledged >= n_kills
    assert n_stored - n_acknowledged <= n_kills  # one may have been on its way at each kill
    assert (n_lost, n_doubled) == (0, 0)
