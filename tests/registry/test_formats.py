"""Other formats are the writer's choice, and load only where somebody vouches for them."""

import json
import pickle
import secrets
import sys

import numpy as np
import pytest
from sklearn.ensemble import RandomForestClassifier, RandomForestRegressor
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer, StandardScaler

from prodml.errors import (
    ConfigError,
    IntegrityError,
    MissingExtraError,
    ProdmlError,
    UntrustedModelError,
)
from prodml.keys import StaticKeys
from prodml.registry import Registry
from prodml.registry.formats import joblibbed
from prodml.registry.formats.choices import FORMATS, admit, format_called, format_named
from prodml.storage import MemoryStorage

NEEDS = {"skops": "skops", "onnx": "skl2onnx"}
WORDS = ["pickle", "joblib", "skops", "onnx"]


def need(word):
    if word in NEEDS:
        pytest.importorskip(NEEDS[word], reason=f"needs the extra {word}")


@pytest.mark.parametrize("word", WORDS)
def test_a_format_loads_only_for_readers_who_name_it(registry, strong, word):
    need(word)
    version = registry.register("tumours", strong, format=word)
    assert version.format.startswith(f"{word}/")
    with pytest.raises(UntrustedModelError, match=f'load\\("tumours/1", trust="{word}"\\)'):
        registry.load("tumours/1")
    others = set(WORDS) - {word}
    for other in others:
        with pytest.raises(UntrustedModelError):
            registry.load("tumours/1", trust=other)
    model = registry.load("tumours/1", trust=word)
    rows = strong.holdout
    assert model.predict(rows).tolist() == strong.estimator.predict(rows).tolist()
    assert np.allclose(model.predict_proba(rows), strong.estimator.predict_proba(rows), atol=1e-5)


@pytest.mark.parametrize("word", WORDS)
def test_a_checked_signature_is_trust_enough(strong, word):
    need(word)
    storage, keys = MemoryStorage(), StaticKeys({"model": secrets.token_bytes(32)}, warn=False)
    Registry(storage, keys=keys).register("tumours", strong, format=word)
    assert Registry(storage, keys=keys).load("tumours/1").predict(strong.holdout).shape == (400,)
    with pytest.raises(UntrustedModelError, match="keys= or verifier="):
        Registry(storage).load("tumours/1")


@pytest.mark.parametrize("word", WORDS)
def test_the_digest_is_checked_before_anything_is_loaded(storage, registry, strong, word):
    need(word)
    version = registry.register("tumours", strong, format=word)
    digits = version.digest.removeprefix("sha256:")
    key = next(meta.key for meta in storage.list("") if digits in meta.key)
    data = bytearray(storage.get(key))
    data[-1] ^= 1
    storage.put(key, bytes(data))
    with pytest.raises(IntegrityError):
        registry.load("tumours/1", trust=word)


def test_the_inert_format_can_be_insisted_on(registry, strong, weak):
    assert registry.register("x", strong, format="inert").format == "inert/2"
    odd = weak.estimator.__class__(max_depth=1).fit([[0.0], [1.0]], [0, 1])
    odd.extra = print
    with pytest.raises(UntrustedModelError, match="function"):
        registry.register("x", odd, format="inert", trust="pickle")


def test_an_unknown_format_is_refused(registry, strong):
    with pytest.raises(ConfigError, match="inert, pickle, joblib, skops, onnx"):
        registry.register("x", strong, format="h5")
    with pytest.raises(ConfigError):
        format_called(3)
    with pytest.raises(IntegrityError, match="unknown to this prodml"):
        format_named("h5/1", "x/1")
    assert format_called(None) is format_called("inert") is None


@pytest.mark.parametrize("trust", [True, "yes", "", 3, ["a", 1], {"pickle"}])
def test_no_other_trust_is_accepted(registry, weak, trust):
    registry.register("x", weak)
    with pytest.raises(ConfigError, match="trust is None, one of"):
        registry.load("x/1", trust=trust)


def test_a_list_of_types_is_no_trust_in_pickles():
    for word in ("pickle", "joblib", "onnx"):
        with pytest.raises(UntrustedModelError):
            admit(FORMATS[word], trust=("sklearn.tree._tree.Tree",), verified=False, ref="x/1")


def test_skops_makes_only_types_of_the_readers_list(registry, strong):
    need("skops")
    registry.register("tumours", strong, format="skops")
    with pytest.raises(UntrustedModelError, match=r"sklearn\.tree\._tree\.Tree"):
        registry.load("tumours/1", trust=[])
    assert registry.load("tumours/1", trust=["sklearn.tree._tree.Tree"]) is not None


@pytest.mark.parametrize("word", ["joblib", "skops", "onnx"])
def test_bytes_that_are_no_such_file_give_a_typed_error(word):
    need(word)
    for data in (b"", b"nonsense", pickle.dumps([1])[:-1]):
        with pytest.raises(ProdmlError):
            FORMATS[word].loads(data, None)


@pytest.mark.parametrize(("word", "module"), [("skops", "skops"), ("onnx", "skl2onnx")])
def test_a_missing_package_is_named_with_its_extra(registry, strong, monkeypatch, word, module):
    monkeypatch.setitem(sys.modules, module, None)
    with pytest.raises(MissingExtraError, match=rf"prodml\[{word}\]"):
        registry.register("x", strong, format=word)


def test_what_cannot_be_stored_is_refused():
    model = LogisticRegression().fit([[0.0], [1.0]], [0, 1])
    model.extra = lambda: None
    with pytest.raises(UntrustedModelError, match="joblib"):
        joblibbed.dumps(model)


def test_onnx_regressors_and_pipelines():
    need("onnx")
    rng = np.random.default_rng(0)
    X = rng.normal(size=(60, 3))
    forest = RandomForestRegressor(5, random_state=0).fit(X, X[:, 0])
    form = FORMATS["onnx"]
    model = form.loads(form.dumps(forest, X), None)
    assert np.allclose(model.predict(X), forest.predict(X), atol=1e-4)
    assert not hasattr(model, "predict_proba")
    assert "n_features=3" in repr(model)
    pipeline = make_pipeline(StandardScaler(), RandomForestClassifier(5)).fit(X, X[:, 0] > 0)
    assert form.loads(form.dumps(pipeline, None), None).predict_proba(X).shape == (60, 2)
    with pytest.raises(ProdmlError, match="3 columns"):
        model.predict(X[:, :2])
    with pytest.raises(ProdmlError, match="shape"):
        model.predict(X[0])
    with pytest.raises(ConfigError, match="matrix of numbers"):
        model.predict([["a", "b", "c"]])


def test_onnx_files_without_our_record_or_with_other_answers_are_refused():
    need("onnx")
    import onnx

    X = np.random.default_rng(0).normal(size=(60, 3))
    data = FORMATS["onnx"].dumps(LogisticRegression().fit(X, X[:, 0] > 0), X)
    graph = onnx.load_from_string(data)
    record = json.loads(graph.metadata_props[0].value)
    record["predict_proba"][0] = [0.25, 0.75]
    graph.metadata_props[0].value = json.dumps(record)
    with pytest.raises(IntegrityError, match="other answers"):
        FORMATS["onnx"].loads(graph.SerializeToString(), None)
    del graph.metadata_props[:]
    with pytest.raises(IntegrityError, match="not an ONNX model that prodml stored"):
        FORMATS["onnx"].loads(graph.SerializeToString(), None)


def test_onnx_refuses_what_it_cannot_convert():
    need("onnx")
    X = np.abs(np.random.default_rng(0).normal(size=(60, 3)))
    model = make_pipeline(FunctionTransformer(np.log1p), LogisticRegression()).fit(X, X[:, 0] > 0.5)
    with pytest.raises(UntrustedModelError, match="skl2onnx cannot convert"):
        FORMATS["onnx"].dumps(model, X)
    with pytest.raises(ConfigError, match="needs rows"):
        FORMATS["onnx"].dumps(object(), None)
