from __future__ import annotations

import copy
import json
import multiprocessing
import os
import pickle
import stat
import threading
from datetime import UTC, datetime

import pytest

from prodml.errors import ConfigError, ConflictError, KeyMaterialError
from prodml.keys import FileKeys


@pytest.fixture
def keys(path):
    return FileKeys.create(path, domains=["pseudonym", "model"])


def test_each_domain_gets_a_key_of_256_bits(keys):
    secrets = {keys.active(domain).secret for domain in ("pseudonym", "model")}
    assert [len(secret) for secret in secrets] == [32, 32]


def test_a_new_object_reads_the_same_keys(keys, path):
    assert FileKeys(path).active("model") == keys.active("model")


def test_a_retired_key_is_still_found(keys):
    first = keys.active("model")
    second = keys.rotate("model")
    assert keys.active("model") == second != first
    assert keys.get(first.kid) == first


def test_rotating_one_domain_leaves_the_other(keys):
    before = keys.active("pseudonym")
    keys.rotate("model")
    assert keys.active("pseudonym") == before


def test_rotating_a_new_domain_adds_it(keys):
    assert keys.rotate("audit") == keys.active("audit")


def test_another_object_sees_a_rotation(keys, path):
    other = FileKeys(path)
    assert keys.rotate("model") == other.active("model")


def test_a_file_that_others_may_read_is_refused_with_the_command_that_closes_it(keys, path):
    path.chmod(0o640)
    with pytest.raises(KeyMaterialError, match=r"mode 0640.*chmod 600 .*keys\.json"):
        FileKeys(path)


@pytest.mark.parametrize("mode", [0o604, 0o620, 0o601, 0o666])
def test_any_right_of_others_is_too_much(keys, path, mode):
    path.chmod(mode)
    with pytest.raises(KeyMaterialError, match="open to others"):
        FileKeys(path)


def test_a_file_opened_to_others_later_is_refused_at_the_next_call(keys, path):
    keys.active("model")
    path.chmod(0o644)
    with pytest.raises(KeyMaterialError, match="open to others"):
        keys.active("model")


def test_a_file_only_its_owner_may_read_is_fine(keys, path):
    path.chmod(0o400)
    assert FileKeys(path).active("model")


def test_a_file_and_its_successor_are_private_whatever_the_umask(tmp_path):
    before = os.umask(0)
    try:
        keys = FileKeys.create(tmp_path / "k", domains=["a"])
        first = stat.S_IMODE((tmp_path / "k").stat().st_mode)
        keys.rotate("a")
        assert (first, stat.S_IMODE((tmp_path / "k").stat().st_mode)) == (0o600, 0o600)
    finally:
        os.umask(before)


def test_nothing_is_left_beside_the_file(keys, tmp_path):
    keys.rotate("model")
    with pytest.raises(ConflictError):
        FileKeys.create(tmp_path / "keys.json", domains=["a"])
    assert [p.name for p in tmp_path.iterdir()] == ["keys.json"]


def test_create_never_overwrites(keys, path):
    before = path.read_bytes()
    with pytest.raises(ConflictError, match="exists already"):
        FileKeys.create(path, domains=["a"])
    assert path.read_bytes() == before


def test_a_crash_before_the_replacement_leaves_the_old_file(keys, path, monkeypatch):
    before = path.read_bytes()

    def crash(*_):
        raise OSError("no space left on device")

    monkeypatch.setattr(os, "fsync", crash)
    with pytest.raises(OSError, match="no space"):
        keys.rotate("model")
    assert path.read_bytes() == before
    assert [p.name for p in path.parent.iterdir()] == ["keys.json"]


def test_a_destroyed_key_is_gone_for_ever(keys, path):
    first = keys.active("model")
    keys.rotate("model")
    keys.destroy(first.kid)
    with pytest.raises(KeyMaterialError, match=f'"{first.kid}" was destroyed'):
        FileKeys(path).get(first.kid)


def test_an_active_key_is_not_destroyed(keys):
    key = keys.active("model")
    with pytest.raises(ConflictError, match="rotate its domain"):
        keys.destroy(key.kid)
    assert keys.active("model") == key


def test_an_unknown_key_is_not_destroyed(keys):
    with pytest.raises(KeyMaterialError, match="no key with id"):
        keys.destroy("model-00000000")


def test_threads_that_rotate_at_once_lose_no_key(keys, path):
    made = []

    def rotate():
        made.extend(FileKeys(path).rotate("model") for _ in range(5))

    threads = [threading.Thread(target=rotate) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len({keys.get(key.kid).secret for key in made}) == 40


def rotate_often(path, n):
    keys = FileKeys(path)
    for _ in range(n):
        keys.rotate("model")


def test_processes_that_rotate_at_once_lose_no_key(keys, path):
    context = multiprocessing.get_context("forkserver")
    workers = [context.Process(target=rotate_often, args=(path, 10)) for _ in range(2)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    assert [worker.exitcode for worker in workers] == [0, 0]
    assert len(json.loads(path.read_text())["domains"]["model"]) == 21


def test_a_reader_never_meets_half_a_file(keys, path):
    stop, seen = threading.Event(), []

    def read():
        while not stop.is_set():
            seen.append(FileKeys(path).active("model").kid)

    reader = threading.Thread(target=read)
    reader.start()
    made = [keys.active("model").kid, *(keys.rotate("model").kid for _ in range(30))]
    stop.set()
    reader.join()
    assert seen
    assert set(seen) <= set(made)


def test_a_missing_file_says_how_to_make_one(path):
    with pytest.raises(KeyMaterialError, match=r"no key file .*FileKeys\.create"):
        FileKeys(path)


def test_a_file_that_vanished_is_told(keys, path):
    path.unlink()
    with pytest.raises(KeyMaterialError, match="no key file"):
        keys.active("model")


def test_a_folder_is_no_key_file(tmp_path):
    with pytest.raises(KeyMaterialError, match="is not a file"):
        FileKeys(tmp_path)


def test_a_pipe_is_refused_without_waiting_for_a_writer(tmp_path):
    os.mkfifo(tmp_path / "pipe", 0o600)
    with pytest.raises(KeyMaterialError, match="is not a file"):
        FileKeys(tmp_path / "pipe")


def test_a_path_that_leads_nowhere_is_told(tmp_path):
    (tmp_path / "loop").symlink_to("loop")
    with pytest.raises(KeyMaterialError, match="cannot open the key file"):
        FileKeys(tmp_path / "loop")


def test_a_missing_folder_is_told(tmp_path):
    with pytest.raises(ConfigError, match="there is no folder"):
        FileKeys.create(tmp_path / "no" / "keys.json", domains=["a"])


@pytest.mark.parametrize("domains", [[], "pseudonym"])
def test_domains_are_a_list_of_names(path, domains):
    with pytest.raises(ConfigError, match="domains must be a list"):
        FileKeys.create(path, domains=domains)


GOOD = {"kid": "k", "secret": "9f86d081884c7d659a2feaa0c55ad015"}
DAMAGED = {
    "no JSON": "{",
    "deep JSON": "[" * 100_000,
    "no UTF-8": b"\xff\xfe\x00",
    "a list": "[]",
    "no format": {"domains": {}},
    "a later format": {"format": "prodml-keys/2", "domains": {}},
    "no domains": {"format": "prodml-keys/1"},
    "an empty domain": {"format": "prodml-keys/1", "domains": {"a": []}},
    "a domain that is no list": {"format": "prodml-keys/1", "domains": {"a": GOOD}},
    "an entry that is no object": {"format": "prodml-keys/1", "domains": {"a": ["k"]}},
    "an entry without an id": {"format": "prodml-keys/1", "domains": {"a": [{"secret": "x"}]}},
    "a secret that is no text": {
        "format": "prodml-keys/1",
        "domains": {"a": [{"kid": "k", "secret": 1}]},
    },
    "an active key that was destroyed": {
        "format": "prodml-keys/1",
        "domains": {"a": [{"kid": "k", "destroyed": "2026-01-01"}, GOOD]},
    },
}


@pytest.mark.parametrize("what", DAMAGED)
def test_a_damaged_file_is_refused(path, what):
    content = DAMAGED[what]
    text = content if isinstance(content, str | bytes) else json.dumps(content)
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    path.chmod(0o600)
    with pytest.raises(KeyMaterialError, match="cannot be used"):
        FileKeys(path)


@pytest.mark.parametrize("secret", ["", "no secret!", "00" * 16, "abcd"])
def test_a_weak_key_in_the_file_is_refused_by_its_id(path, secret):
    entry = {"kid": "k7", "secret": secret}
    path.write_text(json.dumps({"format": "prodml-keys/1", "domains": {"a": [entry]}}))
    path.chmod(0o600)
    with pytest.raises(KeyMaterialError, match='"k7"'):
        FileKeys(path)


def test_dates_and_random_bytes_come_from_the_caller(path):
    drawn = iter(range(1, 100))

    def entropy(n):
        start = next(drawn) * 7
        return bytes((start + i * i) % 256 for i in range(n))

    at = datetime(2026, 3, 1, tzinfo=UTC)
    FileKeys.create(path, domains=["a"], clock=lambda: at, entropy=entropy)
    entry = json.loads(path.read_text())["domains"]["a"][0]
    assert entry["created"] == "2026-03-01T00:00:00+00:00"
    assert entry["kid"] == "a-07080b10"


def test_a_pickle_travels_as_a_path(keys):
    secret = keys.active("model").secret
    data = pickle.dumps(keys)
    assert secret not in data
    assert pickle.loads(data).active("model").secret == secret


def test_a_copy_is_the_same_thing(keys):
    assert copy.deepcopy(keys) is keys


def test_repr_has_the_path(keys, path):
    assert repr(keys) == f"FileKeys({str(path)!r})"
