"""A model of trees predicts from its stored file, bit for bit, and the file is checked once."""

import pickle
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from sklearn.ensemble import (
    ExtraTreesClassifier,
    ExtraTreesRegressor,
    GradientBoostingClassifier,
    GradientBoostingRegressor,
    RandomForestClassifier,
    RandomForestRegressor,
)
from sklearn.linear_model import LinearRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.svm import SVC
from sklearn.tree import DecisionTreeClassifier, DecisionTreeRegressor

from prodml.errors import ConfigError, IntegrityError, ProdmlError, SchemaError
from prodml.fingerprint.container import pack, unpack
from prodml.fingerprint.digest import sha256
from prodml.registry import Registry
from prodml.registry.formats import inert
from prodml.registry.formats.mapped import MappedModel
from prodml.registry.formats.receipts import Identity, Receipts
from prodml.storage import open_storage

RNG = np.random.default_rng(0)
X = RNG.normal(size=(200, 5))
LABELS = np.array(["low", "mid", "high"])[(X[:, 0] > 0).astype(int) + (X[:, 1] > 0)]
NUMBERS = X[:, 0] + RNG.normal(size=200)
HOLES = np.where(RNG.random(X.shape) < 0.1, np.nan, X)

MODELS = [
    (RandomForestClassifier(12, random_state=0), HOLES, LABELS),
    (RandomForestRegressor(12, random_state=0), HOLES, NUMBERS),
    (RandomForestRegressor(5, random_state=0), X, np.stack([NUMBERS, X[:, 0]], axis=1)),
    (ExtraTreesClassifier(12, random_state=0), X, LABELS == "low"),
    (ExtraTreesRegressor(12, random_state=0), X, NUMBERS),
    (GradientBoostingClassifier(n_estimators=5), X, LABELS),
    (GradientBoostingClassifier(n_estimators=5), X, LABELS == "low"),
    (GradientBoostingClassifier(n_estimators=5, loss="exponential"), X, LABELS == "low"),
    (GradientBoostingRegressor(n_estimators=5), X, NUMBERS),
    (DecisionTreeClassifier(), HOLES, LABELS),
    (DecisionTreeRegressor(), X, NUMBERS),
    (make_pipeline(StandardScaler(), RandomForestClassifier(5)), X, LABELS),
    (make_pipeline(GradientBoostingRegressor(n_estimators=5)), X, NUMBERS),
]


def later():
    """A clock for which whatever was written was written long ago."""
    return time.time_ns() + 10**10


def mapped(folder, data, receipts=None):
    path = folder / "model"
    path.write_bytes(data)
    return MappedModel(path, sha256(data), receipts or Receipts())


@pytest.mark.parametrize(("model", "rows", "target"), MODELS, ids=lambda v: repr(v)[:40])
def test_what_is_mapped_predicts_bit_for_bit(tmp_path, model, rows, target):
    model.fit(rows, target)
    again = mapped(tmp_path, inert.dumps(model, rows=rows))
    for some in (rows, rows[:1]):
        assert again.predict(some).tolist() == model.predict(some).tolist()
        if hasattr(model, "classes_"):
            assert again.predict_proba(some).tobytes() == model.predict_proba(some).tobytes()
    assert again.n_features_in_ == 5
    if hasattr(model, "classes_"):
        assert again.classes_.tolist() == model.classes_.tolist()
    else:
        assert not hasattr(again, "classes_")
        assert not hasattr(again, "predict_proba")


@pytest.mark.parametrize("name", ["left", "right", "feature", "threshold", "value", "cover"])
def test_arrays_lie_in_the_file_where_processors_like_them(tmp_path, name):
    model = RandomForestClassifier(5, random_state=0).fit(X, LABELS)
    array = getattr(mapped(tmp_path, inert.dumps(model, rows=X)).trees, name)
    assert not array.flags.owndata
    assert not array.flags.writeable
    assert array.ctypes.data % 64 == 0


def test_frames_have_the_columns_it_was_taught_with(tmp_path):
    frame = pd.DataFrame(X, columns=list("abcde"))
    model = RandomForestClassifier(5, random_state=0).fit(frame, LABELS)
    again = mapped(tmp_path, inert.dumps(model, rows=frame))
    assert again.predict(frame).tolist() == model.predict(frame).tolist()
    assert again.feature_names_in_.tolist() == list("abcde")
    with pytest.raises(SchemaError, match="a, b, c, d, e"):
        again.predict(frame[list("edcba")])


def test_a_model_of_another_kind_has_nothing_to_map(tmp_path):
    for model in (LinearRegression().fit(X, NUMBERS), SVC().fit(X, LABELS)):
        with pytest.raises(ConfigError, match="cannot read"):
            mapped(tmp_path, inert.dumps(model, rows=X))


def test_other_bytes_are_refused_before_anything_is_read(tmp_path):
    path = tmp_path / "model"
    data = bytearray(inert.dumps(DecisionTreeClassifier().fit(X, LABELS), rows=X))
    for at in (3, 100, len(data) - 1):
        changed = bytearray(data)
        changed[at] ^= 1
        path.write_bytes(changed)
        with pytest.raises(IntegrityError, match="changed"):
            MappedModel(path, sha256(bytes(data)), Receipts())
    path.write_bytes(b"")
    with pytest.raises(IntegrityError, match="changed"):
        MappedModel(path, sha256(bytes(data)), Receipts())


@pytest.mark.parametrize(
    ("array", "at", "value"),
    [
        ("trees.left", 0, 0),
        ("trees.left", 0, 10**6),
        ("trees.right", 0, -7),
        ("trees.feature", 0, 5),
        ("trees.threshold", 0, np.nan),
        ("trees.missing_left", 0, 2),
        ("trees.value", 0, 9.0),
    ],
)
@pytest.mark.parametrize("is_verified", [False, True])
def test_hostile_trees_give_a_typed_error(tmp_path, array, at, value, is_verified):
    """Also where somebody verified the digest of a hostile file: numpy checks every index."""
    model = RandomForestClassifier(3, random_state=0).fit(X, LABELS)
    header, arrays = unpack(inert.dumps(model, rows=X))
    arrays = {name: each.copy() for name, each in arrays.items()}
    arrays[array][at] = value
    data = pack(header, arrays)
    path = tmp_path / "model"
    path.write_bytes(data)
    receipts = Receipts(now_ns=later)
    if is_verified:
        receipts.keep(Identity.of(path), sha256(data))
    try:
        model = MappedModel(path, sha256(data), receipts)
    except ProdmlError:
        return
    assert is_verified or array == "trees.value"
    assert model.predict(X).shape == (200,)


def test_a_file_is_verified_once_until_it_changes(tmp_path, monkeypatch):
    data = inert.dumps(DecisionTreeClassifier().fit(X, LABELS), rows=X)
    asked = []
    monkeypatch.setattr(
        "prodml.registry.formats.mapped.sha256", lambda view: asked.append(1) or sha256(view)
    )
    receipts = Receipts(now_ns=later)
    model = mapped(tmp_path, data, receipts)
    MappedModel(model.path, model.digest, receipts)
    assert len(asked) == 1
    model.path.touch()
    MappedModel(model.path, model.digest, receipts)
    assert len(asked) == 2


def test_a_file_that_was_just_written_gets_no_receipt(tmp_path):
    path = tmp_path / "file"
    path.write_bytes(b"x")
    receipts = Receipts()
    receipts.keep(Identity.of(path), "sha256:ab")
    assert not receipts.has(Identity.of(path), "sha256:ab")


def test_receipts_in_a_folder_serve_other_processes(tmp_path):
    path, folder = tmp_path / "file", tmp_path / "receipts"
    path.write_bytes(b"x")
    folder.mkdir(mode=0o700)
    Receipts(folder, now_ns=later).keep(Identity.of(path), "sha256:ab")
    assert Receipts(folder).has(Identity.of(path), "sha256:ab")
    assert not Receipts(folder).has(Identity.of(path), "sha256:cd")
    path.write_bytes(b"other")
    assert not Receipts(folder).has(Identity.of(path), "sha256:ab")
    (folder / "ab.verified").write_bytes(b"{no json")
    assert not Receipts(folder).has(Identity.of(path), "sha256:ab")


def test_a_folder_in_which_others_may_write_is_no_place_for_receipts(tmp_path):
    folder = tmp_path / "receipts"
    folder.mkdir()
    folder.chmod(0o777)
    with pytest.raises(ConfigError, match="mode 700"):
        Receipts(folder)
    with pytest.raises(ConfigError, match="no folder"):
        Receipts(tmp_path / "nowhere")


def test_it_travels_to_another_process_as_the_path_of_a_verified_file(tmp_path):
    model = RandomForestClassifier(5, random_state=0).fit(X, LABELS)
    first = mapped(tmp_path, inert.dumps(model, rows=X))
    sent = pickle.dumps(first)
    assert len(sent) < 1000
    assert pickle.loads(sent).predict(X).tolist() == model.predict(X).tolist()
    first.path.write_bytes(b"something else")
    with pytest.raises(IntegrityError, match="changed"):
        pickle.loads(sent)


@pytest.fixture
def registry(tmp_path, strong):
    registry = Registry(open_storage(str(tmp_path / "store")))
    registry.register("tumours", strong)
    registry.promote("tumours", 1, reason="the first")
    return registry


def test_a_registry_maps_by_alias(registry, strong, tmp_path):
    folder = tmp_path / "receipts"
    folder.mkdir(mode=0o700)
    model = registry.map("tumours@champion", receipts=folder)
    rows = strong.holdout
    assert model.predict(rows).tolist() == strong.estimator.predict(rows).tolist()
    assert "MappedModel(DecisionTreeClassifier" in repr(model)


def test_a_blob_that_is_gone_or_changed_is_refused(registry):
    path = registry.map("tumours/1").path
    path.chmod(0o600)
    path.write_bytes(path.read_bytes()[:-1] + b"?")
    with pytest.raises(IntegrityError):
        registry.map("tumours/1")
    path.unlink()
    with pytest.raises(IntegrityError, match="missing"):
        registry.map("tumours/1")


def test_a_pickle_cannot_be_mapped(tmp_path, make_run):
    registry = Registry(open_storage(str(tmp_path / "store")))
    run = make_run(DecisionTreeClassifier())
    run.estimator.extra = print
    registry.register("odd", run, trust="pickle")
    with pytest.raises(ConfigError, match="pickle/5"):
        registry.map("odd/1")


SMAPS = Path("/proc/self/smaps_rollup")
_WORKER = """
import sys, pickle
import numpy as np
import sklearn.ensemble, sklearn.pipeline, scipy.special
from prodml.registry.formats.mapped import MappedModel
from prodml.registry.formats import restore, probe

def pss():
    with open("/proc/self/smaps_rollup") as file:
        return next(int(line.split()[1]) for line in file if line.startswith("Pss:"))

before = pss()
model = pickle.load(open(sys.argv[1], "rb"))
model.predict(np.random.default_rng(0).normal(size=(2000, model.n_features_in_)))
print("ready", flush=True)
sys.stdin.readline()
print(pss() - before, flush=True)
sys.stdin.readline()
"""


@pytest.mark.skipif(not SMAPS.exists(), reason="Linux says who shares")
def test_processes_share_the_trees(tmp_path):
    rng = np.random.default_rng(0)
    rows, target = rng.normal(size=(20_000, 5)), rng.normal(size=20_000)
    model = ExtraTreesRegressor(12, random_state=0).fit(rows, target)
    data = inert.dumps(model, rows=rows)
    (tmp_path / "sent").write_bytes(pickle.dumps(mapped(tmp_path, data)))
    command = [sys.executable, "-c", _WORKER, str(tmp_path / "sent")]
    workers = [
        subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        for _ in range(3)
    ]
    try:
        for worker in workers:
            assert worker.stdout.readline() == "ready\n"
        grown = []
        for worker in workers:
            worker.stdin.write("\n")
            worker.stdin.flush()
            grown.append(int(worker.stdout.readline()))
    finally:
        for worker in workers:
            worker.communicate("\n")
    # Three copies would be three times the file; work arrays of the predictions are private.
    assert sum(grown) * 1024 < 2 * len(data)
