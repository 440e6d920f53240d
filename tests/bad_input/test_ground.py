"""Wrong uses of what everything stands on: storage, journal, blobs, keys, metrics, reports."""

from __future__ import annotations

from pathlib import Path

import pytest

from prodml import (
    CallableKeys,
    EnvKeys,
    FileKeys,
    Journal,
    MemoryMetrics,
    PrometheusMetrics,
    open_storage,
)
from prodml.errors import (
    AlreadyExistsError,
    ConfigError,
    ConflictError,
    IntegrityError,
    InvalidKeyError,
    KeyMaterialError,
    KeyNotFoundError,
    StorageError,
    UnknownNameError,
)
from prodml.fingerprint import sha256
from prodml.reports import Report
from prodml.storage import FolderStorage


def file_in_the_way(w):
    (w.folder / "store").write_text("not a folder")
    w.settle()
    open_storage(w.folder / "store")


def written_by_a_newer_one(w):
    open_storage(w.folder / "store")
    (w.folder / "store" / "prodml.json").write_text('{"format": 9}')
    w.settle()
    open_storage(w.folder / "store")


def marker_of_somebody_else(w):
    open_storage(w.folder / "store")
    (w.folder / "store" / "prodml.json").write_text("hello")
    w.settle()
    open_storage(w.folder / "store")


def written_again(w):
    w.storage.put("notes/1", b"first", if_absent=True)
    w.settle()
    w.storage.put("notes/1", b"second", if_absent=True)


STORAGE = {
    "an unknown scheme": (
        lambda w: open_storage("ftp://x"),
        ConfigError,
        '"ftp://". Known: .*"memory"',
    ),
    "nothing": (lambda w: open_storage(None), ConfigError, "a path or an address"),
    "a file for a folder": (file_in_the_way, StorageError, "store"),
    "a store of a newer prodml": (written_by_a_newer_one, ConfigError, "format 9.* Upgrade prodml"),
    "a store of somebody else": (marker_of_somebody_else, StorageError, "prodml.json"),
    "a key with a space": (lambda w: w.storage.put("a b", b""), InvalidKeyError, "got 'a b'"),
    "a key that climbs out": (
        lambda w: FolderStorage(w.folder).get("../etc/passwd"),
        InvalidKeyError,
        "segments of",
    ),
    "a key that is missing": (lambda w: w.storage.get("nope"), KeyNotFoundError, "under nope"),
    "text for bytes": (lambda w: w.storage.put("a", "text"), ConfigError, "got str"),
    "a file that is not there": (
        lambda w: w.storage.put("a", Path("/no/such/file")),
        ConfigError,
        "no file /no/such/file",
    ),
    "a second write of one key": (written_again, AlreadyExistsError, "notes/1 .*write-once"),
    "a prefix without an end": (
        lambda w: list(w.storage.list("models")),
        InvalidKeyError,
        "ends in",
    ),
}


def damaged(how, call):
    def use(w):
        w.spoil("runs/1/log/", how)
        call(Journal(w.storage, "runs/1"))

    return use


def flipped(data):
    return data[:-2] + bytes([data[-2] ^ 1]) + data[-1:]


def lost_its_beginning(w):
    w.storage.delete("runs/1/log/00000000000000000001.json")
    w.settle()
    w.journal.verify()


JOURNAL = {
    "a stream with a space": (lambda w: Journal(w.storage, "My runs"), ConfigError, "a stream is"),
    "a path for the storage": (lambda w: Journal("./store", "runs/1"), ConfigError, "got a str"),
    "a class for the storage": (
        lambda w: Journal(FolderStorage, "runs/1"),
        ConfigError,
        "must be an object, .* got the class FolderStorage",
    ),
    "an event without a type": (lambda w: w.journal.append(""), ConfigError, "1 to 100 characters"),
    "a payload that is a list": (
        lambda w: w.journal.append("note", [1]),
        ConfigError,
        "got a list",
    ),
    "a payload that is no data": (
        lambda w: w.journal.append("note", {"when": object()}),
        ConfigError,
        "payload.when cannot be written as JSON",
    ),
    "a decision that is none": (
        lambda w: w.journal.commit(lambda state: None),
        ConfigError,
        "decide must return a Draft",
    ),
    "a decision that is no function": (
        lambda w: w.journal.commit("note"),
        ConfigError,
        "decide must be a function of the state, got a str",
    ),
    "a clock without a zone": (
        lambda w: Journal(w.storage, "runs/2", clock=lambda: 5).append("note"),
        ConfigError,
        "must be an aware datetime.*got a int",
    ),
    "a digest for a head": (
        lambda w: w.journal.verify(expect="sha256:00"),
        ConfigError,
        "expect must be a Head",
    ),
    "a flipped bit": (
        damaged(flipped, lambda journal: journal.verify()),
        IntegrityError,
        'event 1 of journal "runs/1" is damaged',
    ),
    "an event cut short": (
        damaged(lambda data: data[:5], lambda journal: journal.append("note")),
        IntegrityError,
        "is damaged: .* 5 bytes",
    ),
    "an event that is gone": (
        lost_its_beginning,
        IntegrityError,
        'event 1 of journal "runs/1" is missing',
    ),
    "text for a blob": (
        lambda w: w.blobs.put("weights"),
        ConfigError,
        "a blob is bytes.*got a str",
    ),
    "a file that is not there": (
        lambda w: w.blobs.put(Path("/no/such/file")),
        ConfigError,
        "no file /no/such/file",
    ),
    "a digest that is none": (lambda w: w.blobs.get("abc"), ConfigError, "64 lower-case hex"),
    "a blob nobody stored": (
        lambda w: w.blobs.get("sha256:" + "0" * 64),
        KeyNotFoundError,
        "nothing is stored under loose/",
    ),
    "a damaged blob": (
        lambda w: (w.spoil("loose/"), w.blobs.get(sha256(b"weights"))),
        IntegrityError,
        r"blob sha256:\w+ is damaged",
    ),
}


def key_file(w, text="{}", mode=0o600):
    path = w.folder / "keys.json"
    path.write_text(text)
    path.chmod(mode)
    w.settle()
    return FileKeys(path)


def key_file_again(w):
    path = w.folder / "keys.json"
    FileKeys.create(path, domains=["pseudonym"])
    w.settle()
    FileKeys.create(path, domains=["pseudonym"])


KEYS = {
    "a variable that is not set": (
        lambda w: EnvKeys("NOBODY_SET_").active("pseudonym"),
        KeyMaterialError,
        "NOBODY_SET_PSEUDONYM is not set",
    ),
    "a prefix with a space": (lambda w: EnvKeys("my key"), ConfigError, "letters, digits and '_'"),
    "a file that is not there": (
        lambda w: FileKeys(w.folder / "no.json").active("pseudonym"),
        KeyMaterialError,
        "no key file .* FileKeys.create",
    ),
    "a file that is no JSON": (
        lambda w: key_file(w, "{").active("pseudonym"),
        KeyMaterialError,
        "it is not JSON",
    ),
    "a file open to others": (
        lambda w: key_file(w, mode=0o644).active("pseudonym"),
        KeyMaterialError,
        r"open to others .* chmod 600",
    ),
    "a file that is there already": (key_file_again, ConflictError, "exists already"),
    "one domain for a list": (
        lambda w: FileKeys.create(w.folder / "keys.json", domains="pseudonym"),
        ConfigError,
        "a list of at least one name",
    ),
    "a folder that is not there": (
        lambda w: FileKeys.create(w.folder / "no" / "keys.json", domains=["pseudonym"]),
        ConfigError,
        "make it first",
    ),
    "a purpose without a key": (
        lambda w: w.keys.active("model"),
        KeyMaterialError,
        'no key for "model".*Known: "pseudonym"',
    ),
    "an unknown id": (lambda w: w.keys.get("k9"), KeyMaterialError, 'no key with id "k9"'),
    "a secret for a function": (
        lambda w: CallableKeys(b"secret", active={"pseudonym": "k1"}),
        ConfigError,
        "a function of a key id, got bytes",
    ),
    "a service that gives nothing": (
        lambda w: CallableKeys(lambda kid: None, active={"pseudonym": "k1"}).active("pseudonym"),
        KeyMaterialError,
        "must be bytes, got NoneType",
    ),
}

METRICS = {
    "a name with a space": (lambda m: m.counter("my metric_total", "."), "the name of a counter"),
    "a counter without its ending": (
        lambda m: m.counter("calls", "."),
        'Did you mean "calls_total"',
    ),
    "labels as a list": (
        lambda m: m.counter("calls_total", ".", labels=["a"]),
        "map names to text",
    ),
    "buckets that fall": (lambda m: m.histogram("s", ".", buckets=[3, 1]), "must rise strictly"),
    "a counter that falls": (lambda m: m.counter("calls_total", ".").inc(-1), "only grows"),
    "a count in words": (lambda m: m.counter("calls_total", ".").inc("x"), "only grows"),
    "a level in words": (lambda m: m.gauge("level", ".").set("high"), "needs a number"),
    "an observation in words": (lambda m: m.histogram("s", ".").observe("x"), "a finite number"),
    "a kind that changes": (
        lambda m: (m.gauge("level", "."), m.histogram("level", ".")),
        '"level" is a gauge already',
    ),
}

REPORT = {
    "a number for an item": (
        lambda w: Report("Week 7").section("Drift", 5),
        ConfigError,
        "a report shows texts, .* got int",
    ),
    "a number for a heading": (
        lambda w: Report("Week 7").section(7, "text"),
        ConfigError,
        "a heading is a text, got a int",
    ),
    "a folder that is not there": (
        lambda w: Report("Week 7").save(w.folder / "no" / "report.html"),
        ConfigError,
        "there is no folder",
    ),
    "a folder for a file": (
        lambda w: Report("Week 7").save(w.folder),
        ConfigError,
        "is a folder; name a file in it",
    ),
}


def table(rows):
    return pytest.mark.parametrize(("call", "error", "says"), rows.values(), ids=rows)


@table(STORAGE)
def test_storage_refuses(refused, call, error, says):
    refused(call, error, says)


@table(JOURNAL)
def test_journal_refuses(refused, call, error, says):
    refused(call, error, says)


@table(KEYS)
def test_keys_refuse(refused, call, error, says):
    refused(call, error, says)


@table(REPORT)
def test_report_refuses(refused, call, error, says):
    refused(call, error, says)


@pytest.mark.parametrize("make", [MemoryMetrics, PrometheusMetrics])
@pytest.mark.parametrize(("call", "says"), METRICS.values(), ids=METRICS)
def test_metrics_refuse(refused, make, call, says):
    pytest.importorskip("prometheus_client")
    refused(lambda w: call(make()), ConfigError, says)


def test_metrics_know_which_names_there_are(refused):
    metrics = MemoryMetrics()
    metrics.counter("calls_total", "Calls.").inc()
    refused(lambda w: metrics.value("cals_total"), UnknownNameError, 'Did you mean "calls_total"')
