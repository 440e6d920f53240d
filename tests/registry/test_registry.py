"""Versions: registered, described, loaded, kept across processes."""

import subprocess
import sys
import warnings

import attrs
import numpy as np
import pandas as pd
import pytest
from sklearn.ensemble import RandomForestRegressor
from sklearn.linear_model import LinearRegression, LogisticRegression
from sklearn.preprocessing import FunctionTransformer

from prodml.errors import (
    ConfigError,
    IntegrityError,
    ProdmlWarning,
    UnknownNameError,
    UntrustedModelError,
)
from prodml.registry import Registry
from prodml.storage import FolderStorage
from prodml.tables import Schema


def test_versions_count_from_one(registry, weak, strong):
    assert [str(registry.register("tumours", run)) for run in (weak, strong)] == [
        "tumours/1",
        "tumours/2",
    ]


def test_a_version_knows_what_its_run_knew(registry, strong, storage):
    registry.register("tumours", strong, tags={"team": "a"}, reason="nightly")
    version = Registry(storage).get("tumours/1")
    assert version.schema == strong.schema
    assert version.metrics == {"accuracy": 0.9}
    assert version.params == {"max_depth": 3}
    assert version.run == {"seed": 0, "code": "sha256:ab", "run_id": "run-1"}
    assert (version.task, version.classes, version.target) == (
        "classification",
        ("high", "low"),
        "risk",
    )
    assert (version.tags, version.reason, version.actor) == ({"team": "a"}, "nightly", "ops")
    assert version.estimator.endswith("DecisionTreeClassifier")
    assert version.created.isoformat() == "2030-01-01T00:01:00+00:00"
    assert version.deprecated is None


@pytest.mark.parametrize(
    "ref", ["tumours/2", "models:/tumours/2", "tumours@champion", "models:/tumours@champion"]
)
def test_every_way_to_name_a_version_loads_it(filled, strong, parts, ref):
    filled.promote("tumours", 2, reason="better")
    loaded = filled.load(ref)
    holdout = parts[2]
    assert (loaded.predict_proba(holdout) == strong.estimator.predict_proba(holdout)).all()
    assert str(filled.get(ref)) == "tumours/2"


@pytest.mark.parametrize(
    "ref",
    [
        "tumours",
        "tumours/",
        "tumours/x",
        "Tumours/1",
        "a@b@c",
        "",
        "../x/1",
        "tumours/-1",
        "tumours/²",
    ],
)
def test_a_reference_of_no_known_form_is_refused(filled, ref):
    with pytest.raises(ConfigError, match=r"name@alias|name of a"):
        filled.load(ref)


@pytest.mark.parametrize("name", ["", "Tumours", "-x", "a/b", "a b", "x" * 129, "ü", "..", None])
def test_an_impossible_name_is_refused(registry, weak, name):
    with pytest.raises(ConfigError, match="name of a model"):
        registry.register(name, weak)


def test_an_unknown_model_names_the_nearest(filled):
    with pytest.raises(UnknownNameError, match='Did you mean "tumours"'):
        filled.load("tumors@champion")


def test_an_unknown_version_names_those_there_are(filled):
    with pytest.raises(UnknownNameError, match='no version "7".*Known: "1", "2"'):
        filled.get("tumours/7")
    with pytest.raises(UnknownNameError):
        filled.get("tumours/0")


def test_an_unknown_alias_names_those_there_are(filled):
    with pytest.raises(UnknownNameError, match='no alias "champ".*champion'):
        filled.load("tumours@champ")


def test_models_aliases_and_versions_are_listed(filled, weak):
    filled.register("scans", weak)
    filled.register("scans-2", weak)
    filled.promote("scans", 1, alias="challenger")
    assert filled.models() == ["scans", "scans-2", "tumours"]
    assert filled.aliases("tumours") == {"champion": 1}
    assert filled.aliases("scans") == {"challenger": 1}
    assert [str(v) for v in filled.versions("tumours")] == ["tumours/1", "tumours/2"]


def test_blobs_of_a_registration_that_never_happened_are_no_model(storage, weak):
    storage.put("models/ghost/blobs/sha256/aa/x", b"half")
    assert Registry(storage).models() == []
    with pytest.raises(UnknownNameError, match="None exists yet"):
        Registry(storage).get("ghost/1")


def test_the_holdout_and_the_reference_come_back_as_they_were(filled, weak):
    holdout = filled.holdout("tumours@champion")
    pd.testing.assert_frame_equal(holdout.inputs, weak.holdout)
    assert holdout.target.tolist() == weak.holdout_target.tolist()
    pd.testing.assert_frame_equal(filled.reference("tumours/1"), weak.reference)


def test_a_long_reference_is_sampled_the_same_way_each_time(registry):
    X = np.arange(5000.0).reshape(2500, 2)
    model = LinearRegression().fit(X, X[:, 0])
    for _ in range(2):
        registry.register("long", model, reference=X)
    first, second = registry.versions("long")
    sample = registry.reference("long/1")
    assert len(sample) == 1000
    assert sample["x0"].is_monotonic_increasing
    assert first.reference_digest == second.reference_digest


def test_the_same_model_is_stored_once(registry, weak):
    versions = [registry.register("tumours", weak) for _ in range(2)]
    assert versions[0].digest == versions[1].digest
    assert registry.verify("tumours").n_blobs == 6


def test_a_bare_estimator_needs_no_run(registry):
    X = np.arange(40.0).reshape(20, 2)
    model = RandomForestRegressor(3, random_state=0).fit(X, X[:, 0])
    version = registry.register("bare", model, metrics={"rmse": np.float64(0.5)})
    assert (version.task, version.classes, version.schema) == ("regression", (), None)
    assert version.metrics == {"rmse": 0.5}
    assert version.params["n_estimators"] == 3
    assert registry.holdout("bare/1") is None
    assert registry.reference("bare/1") is None


def test_a_bare_estimator_may_bring_its_facts(registry, parts):
    train, target, holdout, truth = parts
    model = LogisticRegression().fit(train, target)
    version = registry.register("bare", model, holdout=(holdout, truth))
    assert version.schema == Schema.of(holdout)
    schema = Schema.of(train[["age"]])
    assert registry.register("bare", model, schema=schema).schema == schema


def test_a_transformer_is_neither_classifier_nor_regressor(registry):
    version = registry.register("log", FunctionTransformer(np.log1p).fit([[1.0]]))
    assert version.task == "other"


def test_what_is_neither_run_nor_estimator_is_refused(registry):
    with pytest.raises(ConfigError, match="got a str"):
        registry.register("x", "model.pkl")


def test_a_run_brings_its_own_facts(registry, weak):
    with pytest.raises(ConfigError, match="brings its own"):
        registry.register("x", weak, metrics={"a": 1.0})


def test_facts_that_do_not_fit_are_refused(registry, weak):
    with pytest.raises(ConfigError, match="400 rows, its target 3"):
        registry.register("x", attrs.evolve(weak, holdout_target=np.arange(3)))
    with pytest.raises(ConfigError, match="metrics map names"):
        registry.register("x", weak.estimator, metrics={"a": "good"})
    with pytest.raises(ConfigError, match="tags must map"):
        registry.register("x", weak, tags={"a": 1})


def test_a_metric_that_is_no_number_stays_one(registry, weak):
    registry.register("x", attrs.evolve(weak, metrics={"auc": float("nan"), "f1": 0.5}))
    metrics = registry.get("x/1").metrics
    assert np.isnan(metrics["auc"])
    assert metrics["f1"] == 0.5


def test_parameters_that_json_cannot_hold_are_shown_as_text(registry, weak):
    params = {"missing": float("nan"), "kernel": LinearRegression(), "sizes": (1, np.int64(2))}
    registry.register("x", attrs.evolve(weak, params=params))
    assert registry.get("x/1").params == {
        "missing": "nan",
        "kernel": "LinearRegression()",
        "sizes": [1, 2],
    }


def halve(values):
    return values / 2


@pytest.fixture
def homemade():
    return FunctionTransformer(halve).fit([[1.0]])


def test_a_model_with_foreign_code_is_not_stored_unless_trusted(registry, homemade):
    with pytest.raises(UntrustedModelError, match="function.*at func.*trust="):
        registry.register("x", homemade)
    assert registry.models() == []


def test_a_pickle_loads_only_for_readers_who_trust_it(registry, homemade):
    assert registry.register("x", homemade, trust="pickle").format == "pickle/5"
    with pytest.raises(UntrustedModelError, match="unpickling runs"):
        registry.load("x/1")
    assert registry.load("x/1", trust="pickle").transform(np.array([[4.0]])) == [[2.0]]


def test_trust_given_for_what_needs_none_changes_nothing(registry, weak):
    assert registry.register("x", weak, trust="pickle").format == "inert/2"
    assert registry.load("x/1", trust="pickle") is not None


def test_any_other_trust_is_refused(registry, weak):
    for ask in (registry.register, registry.promote):
        with pytest.raises(ConfigError, match="trust is None"):
            ask("x", weak, trust=True)
    with pytest.raises(ConfigError, match="trust is None"):
        registry.load("x/1", trust="yes")


def test_a_changed_pickle_is_never_unpickled(registry, homemade, storage):
    version = registry.register("x", homemade, trust="pickle")
    key = f"models/x/blobs/sha256/{version.digest[7:9]}/{version.digest[7:]}"
    storage.put(key, b"cos\nsystem\n(S'exit 1'\ntR.")
    with pytest.raises(IntegrityError, match="damaged"):
        registry.load("x/1", trust="pickle")


def test_a_missing_blob_says_what_is_missing(filled, storage):
    digest = filled.get("tumours/1").digest
    storage.delete(f"models/tumours/blobs/sha256/{digest[7:9]}/{digest[7:]}")
    with pytest.raises(IntegrityError, match="the model of tumours/1 is missing"):
        filled.load("tumours/1")


def test_a_format_from_the_future_is_named(registry, weak, monkeypatch):
    from prodml.registry.formats import inert

    monkeypatch.setattr(inert, "NAME", "inert/9")
    monkeypatch.setattr(inert, "NAMES", ("inert/9",))
    registry.register("x", weak)
    monkeypatch.undo()
    with pytest.raises(IntegrityError, match="inert/9"):
        registry.load("x/1")


def test_a_deprecated_version_warns_whoever_loads_it(filled):
    version = filled.deprecate("tumours", 1, "leaks the target")
    assert version.deprecated == "leaks the target"
    with pytest.warns(ProdmlWarning, match="tumours/1 is deprecated: leaks the target") as caught:
        filled.load("tumours/1")
    assert caught[0].filename == __file__
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        filled.load("tumours/2")


def test_a_deprecation_needs_a_reason_and_a_version(filled):
    with pytest.raises(ConfigError, match="reason is empty"):
        filled.deprecate("tumours", 1, " ")
    with pytest.raises(UnknownNameError):
        filled.deprecate("tumours", 3, "bad")


def test_a_new_process_finds_everything_in_the_folder(tmp_path, weak, strong, parts):
    registry = Registry(FolderStorage(tmp_path))
    registry.register("tumours", weak)
    registry.register("tumours", strong)
    registry.promote("tumours", 1)
    registry.promote("tumours", 2)
    code = (
        "import sys; from prodml.storage import FolderStorage; from prodml.registry import Registry\n"
        "registry = Registry(FolderStorage(sys.argv[1]))\n"
        "model = registry.load('tumours@champion')\n"
        "rows = registry.holdout('tumours@champion').inputs\n"
        "print(registry.get('tumours@champion'), registry.verify().n_blobs)\n"
        "print(model.predict_proba(rows).tobytes().hex())\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, str(tmp_path)], capture_output=True, text=True, check=True
    )
    first, second = done.stdout.split("\n")[:2]
    assert first == f"tumours/2 {registry.verify().n_blobs}"
    assert second == strong.estimator.predict_proba(parts[2]).tobytes().hex()


def test_importing_the_registry_loads_nothing_heavy():
    code = (
        "import sys, prodml.registry;"
        "print(*{'numpy', 'pandas', 'sklearn', 'scipy', 'shap', 'joblib'} & set(sys.modules))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == ""


def test_the_registry_says_where_it_is(registry):
    assert repr(registry).startswith("Registry(memory:")
