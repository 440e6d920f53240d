"""Four processes at one folder: nothing lost, nothing doubled, one chain."""

from __future__ import annotations

import subprocess
import sys

from prodml.journal import Journal
from prodml.storage import FolderStorage

N_PROCESSES, N_COMMITS = 4, 25
CHILD = """
import sys
from prodml.journal import Draft, Journal
from prodml.storage import FolderStorage

class Fold:
    def initial(self):
        return {"n": 0}
    def apply(self, state, event):
        return {"n": state["n"] + 1}

folder, name, n_commits = sys.argv[1], sys.argv[2], int(sys.argv[3])
journal = Journal(FolderStorage(folder), "s", actor=name, fold=Fold(), checkpoint_every=8, segment_every=16)
for i in range(n_commits):
    journal.commit(lambda state: Draft("note", {"i": i, "n": state["n"]}))
"""


def test_of_many_processes_each_commit_is_there_once_and_decided_on_the_one_before(tmp_path):
    children = [
        subprocess.Popen([sys.executable, "-c", CHILD, str(tmp_path), f"p{n}", str(N_COMMITS)])
        for n in range(N_PROCESSES)
    ]
    assert [child.wait(60) for child in children] == [0] * N_PROCESSES
    journal = Journal(FolderStorage(tmp_path), "s")
    events = list(journal.events())
    for n in range(N_PROCESSES):
        mine = [event.payload["i"] for event in events if event.actor == f"p{n}"]
        assert mine == list(range(N_COMMITS))
    assert [event.payload["n"] for event in events] == list(range(N_PROCESSES * N_COMMITS))
    found = journal.verify()
    assert (found.n_events, found.n_checkpoints, found.n_segments) == (100, 12, 6)
