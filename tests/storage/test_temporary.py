"""Files of dead writers are swept, those of the living are left alone."""

from __future__ import annotations

import multiprocessing
import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

from prodml.storage import temporary
from prodml.storage.temporary import Temporaries

linux = pytest.mark.skipif(sys.platform != "linux", reason="needs /proc")


@pytest.fixture
def folder(tmp_path):
    return tmp_path / ".tmp~"


@pytest.fixture
def temporaries(tmp_path, folder):
    folder.mkdir()
    return Temporaries(str(tmp_path))


def left_by(temporaries, folder, pid, start, *, world=None):
    path = folder / f"{world or temporaries._world}-{pid}-{start}-00-0"
    path.write_bytes(b"x")
    return path


def ended():
    """Return the id of a process that is no more."""
    process = subprocess.Popen([sys.executable, "-c", ""])
    process.wait()
    return process.pid


def test_the_file_of_a_dead_process_is_swept(temporaries, folder):
    path = left_by(temporaries, folder, ended(), 5)
    assert temporaries.sweep() == 1
    assert not path.exists()


def test_a_file_being_written_is_not_swept(temporaries, tmp_path):
    with temporaries.file() as (path, _):
        assert Temporaries(str(tmp_path)).sweep() == 0
        assert Path(path).exists()
    assert not Path(path).exists()


@linux
def test_a_process_id_used_again_does_not_protect_the_file_of_the_dead(temporaries, folder):
    left_by(temporaries, folder, os.getpid(), "1")  # we did not begin at the first tick
    assert temporaries.sweep() == 1


def test_the_file_of_another_user_is_left_alone(temporaries, folder, monkeypatch):
    def forbidden(*_):
        raise PermissionError

    monkeypatch.setattr(os, "kill", forbidden)
    left_by(temporaries, folder, os.getpid(), temporary._start(os.getpid()))
    assert temporaries.sweep() == 0


@linux
def test_a_zombie_is_dead(temporaries, folder):
    process = subprocess.Popen([sys.executable, "-c", ""], stdout=subprocess.PIPE)
    start = temporary._start(process.pid)
    process.stdout.read()
    while temporary._start(process.pid) != "dead":
        time.sleep(0.001)
    left_by(temporaries, folder, process.pid, start)
    assert temporaries.sweep() == 1
    process.wait()
    process.stdout.close()


def test_of_another_machine_only_what_is_a_day_old_is_swept(temporaries, folder):
    young = left_by(temporaries, folder, ended(), 5, world="0123456789ab")
    old = left_by(temporaries, folder, ended(), 6, world="0123456789ab")
    yesterday = time.time() - 24.5 * 3600
    os.utime(old, (yesterday, yesterday))
    assert temporaries.sweep() == 1
    assert (young.exists(), old.exists()) == (True, False)


@pytest.mark.parametrize("name", ["x", "-", "README", f"{'9' * 40}-{'9' * 40}-1-1"])
def test_a_strange_name_is_left_alone(temporaries, folder, name):
    (folder / name).write_bytes(b"x")
    (folder / f"{temporaries._world}-{'9' * 30}-1").write_bytes(b"x")  # no such process id exists
    assert temporaries.sweep() == 0


def test_where_the_boot_is_unknown_every_process_is_a_world_of_its_own(monkeypatch):
    def missing(_):
        raise FileNotFoundError

    monkeypatch.setattr(temporary, "_text", missing)
    assert temporary._world() != temporary._world()
    assert temporary._start(os.getpid()) == ""


def _names(tmp_path, temporaries, queue):
    queue.put((temporaries._name(), os.getpid()))


@linux
def test_a_forked_child_writes_under_a_name_of_its_own(tmp_path, temporaries):
    mine = temporaries._name()
    context = multiprocessing.get_context("fork")
    queue = context.SimpleQueue()
    child = context.Process(target=_names, args=(tmp_path, temporaries, queue))
    child.start()
    theirs, pid = queue.get()
    child.join()
    assert f"-{pid}-" in theirs
    assert theirs.split("-")[1] != mine.split("-")[1]
