"""open_storage: from an address to a storage."""

from __future__ import annotations

import importlib.metadata
import subprocess
import sys
from importlib.metadata import EntryPoint

import pytest

from prodml.errors import ConfigError
from prodml.storage import FolderStorage, MemoryStorage, open_storage


@pytest.mark.parametrize(
    "spelling",
    [str, lambda p: p, "file://{}".format, "file://localhost{}".format],
    ids=["text", "Path", "file://", "file://localhost"],
)
def test_a_path_opens_a_folder_in_every_spelling(tmp_path, spelling):
    store = open_storage(spelling(tmp_path / "store"))
    store.put("a", b"x")
    assert isinstance(store, FolderStorage)
    assert open_storage(tmp_path / "store").get("a") == b"x"


def test_a_relative_path_is_one_from_here(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    open_storage("./store").put("a", b"x")
    assert (tmp_path / "store" / "a").read_bytes() == b"x"


@pytest.mark.parametrize("name", ["a folder", "50%", "a?b", "a#b", "caf\u00e9"])
def test_the_address_a_storage_gives_opens_it_again(tmp_path, name):
    store = open_storage(tmp_path / name)
    store.put("a", b"x")
    assert open_storage(store.caps.url).get("a") == b"x"


def test_memory_is_new_and_empty_each_time():
    open_storage("memory://").put("a", b"x", if_absent=True)
    assert list(open_storage("memory://").list()) == []


@pytest.mark.parametrize("bad", ["", None, 3, b"store"])
def test_what_is_no_address_is_refused(bad):
    with pytest.raises(ConfigError, match="a location is a path"):
        open_storage(bad)


@pytest.mark.parametrize(
    ("url", "says"),
    [
        ("file://store", r'a machine called "store". Write a path, such as "./store"'),
        ("file://store/deep", r'such as "./store/deep", or "file:///" with three slashes'),
        ("file://", "nothing more"),
        ("file:///tmp/x?durability=process", "nothing more"),
        ("file:///tmp/x#y", "nothing more"),
        ("memory://shared", "write \"memory://\" without 'shared'"),
    ],
)
def test_an_address_that_says_something_else_than_meant_is_refused(
    tmp_path, monkeypatch, url, says
):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(ConfigError, match=says):
        open_storage(url)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("url", "says"),
    [
        ("ftp://bucket", 'no adapter for "ftp://". Known: "az", "file", "gs", "memory"'),
        ("fiel:///tmp", 'Did you mean "file"'),
        ("ftp://somewhere", 'entry point group "prodml.storage"'),
    ],
)
def test_an_unknown_scheme_lists_the_known_ones_and_says_what_to_install(url, says):
    with pytest.raises(ConfigError, match=says):
        open_storage(url)


# --- schemes of third parties -------------------------------------------------------------------


class Mine(MemoryStorage):
    """An adapter that is made from its address."""

    def __init__(self, url):
        super().__init__()
        self.url = url


def installed(monkeypatch, value):
    """Let a package be installed that brings the scheme ``mine``."""
    point = EntryPoint("mine", "mine.storage:Mine", "prodml.storage")
    monkeypatch.setattr(EntryPoint, "load", lambda _: value)
    monkeypatch.setattr(importlib.metadata, "entry_points", lambda group: [point] * bool(group))


def test_a_third_party_adds_a_scheme(monkeypatch):
    installed(monkeypatch, Mine)
    store = open_storage("mine://somewhere")
    assert (store.url, [m.key for m in store.list()]) == ("mine://somewhere", ["prodml.json"])


def test_what_is_no_storage_is_refused_by_name(monkeypatch):
    installed(monkeypatch, lambda _: {})
    with pytest.raises(ConfigError, match=r"mine.storage:Mine, made a dict.*has no caps, put"):
        open_storage("mine://")


def test_an_unknown_scheme_lists_those_of_third_parties_too(monkeypatch):
    installed(monkeypatch, Mine)
    with pytest.raises(ConfigError, match='Did you mean "mine"'):
        open_storage("mnie://")


# --- at once ------------------------------------------------------------------------------------


OPENER = """
import os, sys
from prodml.storage import open_storage
print("ready", flush=True)
sys.stdin.readline()
open_storage(sys.argv[1]).put(f"mine/{os.getpid()}", b"x")
"""


def test_many_processes_may_open_a_new_folder_at_once(tmp_path):
    openers = [
        subprocess.Popen(
            [sys.executable, "-c", OPENER, str(tmp_path / "new")],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        for _ in range(4)
    ]
    for opener in openers:
        assert opener.stdout.readline() == "ready\n"
    for opener in openers:
        opener.stdin.write("go\n")
        opener.stdin.flush()
    for opener in openers:
        opener.communicate()
    assert [opener.returncode for opener in openers] == [0, 0, 0, 0]
    found = [meta.key for meta in open_storage(tmp_path / "new").list()]
    assert found == [*sorted(f"mine/{opener.pid}" for opener in openers), "prodml.json"]
