"""What comes over from MLflow, what does not, and that saying it twice changes nothing."""

from __future__ import annotations

import json
import pickle
import re
import shutil
import sqlite3
from contextlib import closing

import attrs
import pytest

from prodml.errors import ConfigError, IntegrityError, RefusedError, UnknownNameError
from prodml.gate import Gate
from prodml.integrations.mlflow import MlflowStore, SourceVersion, import_store, read_store
from prodml.integrations.mlflow.artifacts import ModelFolder


def test_a_store_is_read_with_versions_runs_and_aliases(store):
    found = read_store(store)
    assert found.models == ["tumours"]
    assert found.n_runs == 3
    first, second, third = found.versions
    assert (first.version, first.stage, first.description) == (1, "Archived", "the first")
    assert dict(first.tags) == {"checked": "yes"}
    assert (second.aliases, third.aliases) == (("champion",), ("challenger",))
    assert second.stage == "Production"
    assert second.created.endswith("+00:00")


def test_a_run_comes_with_params_metrics_history_and_tags(store):
    run = read_store(store).versions[1].run
    assert (run.name, run.experiment, run.status, run.user) == (
        "run-1",
        "tumours-exp",
        "FINISHED",
        "ops",
    )
    assert dict(run.params) == {"C": "1"}
    assert dict(run.metrics) == {"auc": 0.92}
    assert [(step, value) for step, value, _ in run.history["auc"]] == [(0, 0.91), (1, 0.92)]
    assert run.tags["team"] == "credit"
    assert run.started < run.ended


def test_files_are_found_where_the_store_was_moved_to(store):
    folders = [version.folder for version in read_store(store).versions]
    assert all((folder / "MLmodel").is_file() for folder in folders)


def test_a_store_is_found_in_the_folder_above_it(store):
    assert read_store(store.parent).models == ["tumours"]
    assert read_store(f"file://{store}").models == ["tumours"]


def test_without_trust_nothing_is_unpickled_and_the_report_says_so(store, registry):
    report = import_store(store, registry, models=["tumours"])
    assert [v.outcome for v in report.versions] == ["left out"] * 3
    assert 'trust="pickle"' in report.versions[1].why
    assert registry.models() == []


def test_with_trust_versions_come_with_their_lineage(store, registry, rows, models):
    report = import_store(store, registry, trust="pickle")
    assert [v.outcome for v in report.versions] == ["left out", "imported", "imported"]
    version = registry.get("tumours@champion")
    assert (version.tags["mlflow.version"], version.tags["mlflow.stage"]) == ("2", "Production")
    assert version.run["run_id"] == version.tags["mlflow.run_id"]
    assert version.run["mlflow"]["experiment"] == "tumours-exp"
    assert version.run["mlflow"]["history"]["auc"][1][:2] == [1, 0.92]
    assert version.metrics == {"auc": 0.92}
    assert version.params == {"C": "1"}
    assert list(version.schema.names) == ["age", "dose"]
    assert version.format.startswith("inert/")
    answers = registry.load("tumours@champion").predict(rows[0])
    assert (answers == models[2].predict(rows[0])).all()


def test_aliases_and_stages_come_with_a_history(store, registry):
    import_store(store, registry, trust="pickle")
    assert registry.aliases("tumours") == {"challenger": 2, "champion": 1, "production": 1}
    moves = list(registry.history("tumours"))
    assert [move.kind for move in moves] == ["first"] * 3
    assert all("imported from MLflow" in move.reason for move in moves)


def test_importing_twice_imports_nothing_twice(store, registry):
    first = import_store(store, registry, trust="pickle")
    again = import_store(store, registry, trust="pickle")
    assert (first.n_imported, again.n_imported) == (2, 0)
    assert again.count("already there") == 2
    assert len(registry.versions("tumours")) == 2
    assert len(registry.history("tumours")) == 3


def test_an_import_that_was_cut_short_goes_on(store, registry):
    whole = read_store(store)
    import_store(attrs.evolve(whole, versions=whole.versions[:2]), registry, trust="pickle")
    report = import_store(store, registry, trust="pickle")
    assert [v.outcome for v in report.versions] == ["left out", "already there", "imported"]


def test_a_dry_run_writes_nothing(store, registry):
    report = import_store(store, registry, trust="pickle", dry_run=True)
    assert report.is_dry
    assert report.count("would be imported") == 2
    assert registry.models() == []
    assert "2 would be imported" in repr(report)


def test_a_version_whose_number_changes_is_noted(store, registry):
    second = import_store(store, registry, trust="pickle").versions[1]
    assert (second.source, second.version, second.notes) == (
        "tumours/2",
        "tumours/1",
        ("version 1 here",),
    )


def test_an_alias_that_points_somewhere_is_left_alone(store, registry, models):
    registry.register("tumours", models[1])
    registry.promote("tumours", 1, reason="ours")
    report = import_store(store, registry, trust="pickle")
    assert registry.aliases("tumours")["champion"] == 1
    assert report.versions[1].aliases == ("production",)


def test_what_runs_no_longer_match_is_counted(store, registry):
    whole = attrs.evolve(read_store(store), n_runs=10)
    assert import_store(whole, registry, dry_run=True).n_runs_left == 7
    assert "7 runs behind no version" in repr(import_store(whole, registry, dry_run=True))


def test_a_changed_file_is_another_version(store, registry, models, folder_of):
    import_store(store, registry, trust="pickle")
    (folder_of(store, 2) / "model.pkl").write_bytes(pickle.dumps(models[1]))
    assert import_store(store, registry, trust="pickle").n_imported == 1


def test_a_name_may_be_changed_and_others_are_made_fit(registry):
    versions = (SourceVersion("Credit Risk", 1), SourceVersion("churn", 1))
    plain = import_store(MlflowStore(versions, 0), registry, rename={"churn": "leavers"})
    assert [v.notes for v in plain.versions] == [
        ("named credit-risk here",),
        ("named leavers here",),
    ]


def test_two_models_of_one_name_are_refused(registry):
    versions = (SourceVersion("A b", 1), SourceVersion("a-b", 1))
    with pytest.raises(ConfigError, match="would both be named a-b"):
        import_store(MlflowStore(versions, 0), registry)


def test_files_elsewhere_are_left_out_and_named(registry):
    there = SourceVersion("churn", 1, location="s3://bucket/models/1")
    report = import_store(MlflowStore((there,), 0), registry)
    assert report.versions[0].why == "its files are not on this machine: s3://bucket/models/1"


def test_an_unknown_model_is_named_with_the_known(store, registry):
    with pytest.raises(UnknownNameError, match='"tumours"'):
        import_store(store, registry, models=["tumors"])


@pytest.mark.parametrize("trust", ["skops", True])
def test_trust_is_in_pickles_or_nothing(store, registry, trust):
    with pytest.raises(ConfigError, match="trust is None"):
        import_store(store, registry, trust=trust)


def test_what_is_no_store_is_refused(tmp_path):
    for wrong in (tmp_path, tmp_path / "nothing"):
        with pytest.raises(ConfigError, match="no MLflow store"):
            read_store(wrong)
    other = tmp_path / "other.db"
    with closing(sqlite3.connect(other)) as connection:
        connection.execute("CREATE TABLE things (name TEXT)")
    with pytest.raises(ConfigError, match="no model_versions"):
        read_store(other)
    broken = tmp_path / "broken.db"
    broken.write_bytes(b"SQLite format 3\x00" + b"x" * 500)
    with pytest.raises(ConfigError, match="no SQLite store"):
        read_store(broken)


def test_the_store_is_only_read(store, registry):
    root = store if store.is_dir() else store.parent
    before = {path: path.read_bytes() for path in sorted(root.rglob("*")) if path.is_file()}
    import_store(store, registry, trust="pickle")
    assert {path: path.read_bytes() for path in sorted(root.rglob("*")) if path.is_file()} == before


@pytest.mark.parametrize(
    ("change", "why"),
    [
        (("sklearn:", "xgboost:"), "no scikit-learn model in it.*xgboost"),
        (("pickled_model: model.pkl", "pickled_model: ../../../../x"), "not inside its folder"),
        (("pickled_model: model.pkl", "pickled_model: gone.pkl"), "missing"),
    ],
)
def test_a_folder_without_a_model_is_left_out(store, registry, change, why, folder_of):
    told = folder_of(store, 3) / "MLmodel"
    told.write_text(told.read_text().replace(*change))
    report = import_store(store, registry, trust="pickle")
    assert report.versions[2].outcome == "left out"
    assert re.search(why, report.versions[2].why)


@pytest.mark.parametrize("text", ["[1, 2]", "a: [", "\xff", "x" * 1_000_001])
def test_a_description_that_is_none_is_left_out(store, registry, text, folder_of):
    (folder_of(store, 3) / "MLmodel").write_bytes(text.encode("latin-1"))
    assert import_store(store, registry, trust="pickle").versions[2].outcome == "left out"


def test_a_file_that_is_no_estimator_is_left_out(store, registry, folder_of):
    (folder_of(store, 3) / "model.pkl").write_bytes(pickle.dumps({"a": 1}))
    assert "holds a dict" in import_store(store, registry, trust="pickle").versions[2].why
    (folder_of(store, 3) / "model.pkl").write_bytes(b"nonsense")
    assert "cannot be read here" in import_store(store, registry, trust="pickle").versions[2].why


def test_skops_files_are_read_without_trust(store, registry, models, rows, folder_of):
    skops = pytest.importorskip("skops.io", reason="needs skops")
    skops.dump(models[1], folder_of(store, 1) / "model.skops")
    assert import_store(store, registry).versions[0].outcome == "imported"
    assert (registry.load("tumours/1").predict(rows[0]) == models[1].predict(rows[0])).all()


def test_skops_files_that_name_types_of_their_own_need_trust(store, registry, models, folder_of):
    skops = pytest.importorskip("skops.io", reason="needs skops")
    path = folder_of(store, 1) / "model.skops"
    skops.dump(models[3], path)
    if not skops.get_untrusted_types(file=path):
        pytest.skip("this skops trusts trees")
    assert "does not trust (sklearn.tree" in import_store(store, registry).versions[0].why
    assert import_store(store, registry, trust="pickle").versions[0].outcome == "imported"


def test_a_signature_of_tensors_or_unknown_types_gives_no_schema(store):
    folder = next(v.folder for v in read_store(store).versions if v.version == 3)
    told = folder / "MLmodel"
    assert [c.kind for c in ModelFolder.of(folder).schema.columns] == ["number", "number"]
    told.write_text(told.read_text().replace('"double"', '"binary"'))
    assert ModelFolder.of(folder).schema is None


def test_a_report_is_plain_data_and_shows_in_a_notebook(store, registry):
    report = import_store(store, registry, trust="pickle")
    assert json.loads(json.dumps(report.to_dict()))["versions"][1]["outcome"] == "imported"
    assert "<table" in report._repr_html_()


def test_an_imported_champion_is_guarded_by_the_gate(store, registry, rows):
    from sklearn.dummy import DummyClassifier

    import_store(store, registry, trust="pickle")
    registry.register("tumours", DummyClassifier().fit(*rows), holdout=rows)
    with pytest.raises(RefusedError, match="does not replace"):
        registry.promote("tumours", 3, gate=Gate("accuracy"))


def test_metas_without_what_newer_mlflows_write_are_read(store, registry):
    if store.is_dir():
        for meta in store.rglob("meta.yaml"):
            lines = meta.read_text().splitlines(keepends=True)
            meta.write_text(
                "".join(x for x in lines if not x.startswith(("storage_location", "workspace")))
            )
    else:
        with closing(sqlite3.connect(store)) as connection:
            connection.execute("DROP TABLE registered_model_aliases")
            connection.commit()
    assert import_store(store, registry, trust="pickle").n_imported == 2


def test_a_broken_meta_is_an_error_that_names_it(tmp_path, store):
    if not store.is_dir():
        pytest.skip("a database has no such file")
    meta = store / "models" / "tumours" / "version-2" / "meta.yaml"
    meta.write_text("a: [")
    with pytest.raises(IntegrityError, match="meta.yaml in version-2 is no YAML"):
        read_store(store)
    shutil.rmtree(meta.parent)
    assert len(read_store(store).versions) == 2
