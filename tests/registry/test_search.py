"""Versions are found by what is known of them."""

import json
from datetime import UTC, datetime

import attrs
import pytest
from sklearn.linear_model import LogisticRegression

from prodml.errors import ConfigError
from prodml.registry import Registry


@pytest.fixture
def shelf(registry, weak, strong, linear):
    data = [{"data": {"digest": f"sha256:{i}", "columns": {}}} for i in range(3)]
    registry.register("tumours", attrs.evolve(weak, metrics={"auc": 0.6}, record=data[0]))
    registry.register(
        "tumours",
        attrs.evolve(
            strong, metrics={"auc": 0.9, "train_auc": 1.0}, record=data[1], run_id="run-2"
        ),
        tags={"team": "credit"},
    )
    registry.register("tumours", attrs.evolve(linear, metrics={"auc": 0.8}, record=data[1]))
    registry.register("scans", LogisticRegression().fit([[0.0], [1.0]], [0, 1]))
    registry.promote("tumours", 2, reason="first")
    registry.deprecate("tumours", 1, "old")
    return registry


@pytest.mark.parametrize(
    ("asked", "expected"),
    [
        ({}, ["scans/1", "tumours/3", "tumours/2", "tumours/1"]),
        ({"name": "tum*"}, ["tumours/3", "tumours/2", "tumours/1"]),
        ({"name": "nothing"}, []),
        ({"tags": {"team": "cred*"}}, ["tumours/2"]),
        ({"tags": {"team": "*"}}, ["tumours/2"]),
        ({"metrics": {"auc": 0.8}}, ["tumours/3", "tumours/2"]),
        ({"metrics": {"auc": (None, 0.8)}}, ["tumours/3", "tumours/1"]),
        ({"metrics": {"auc": (0.85, 1)}}, ["tumours/2"]),
        ({"metrics": {"rmse": (None, None)}}, []),
        ({"alias": "champ*"}, ["tumours/2"]),
        ({"estimator": "LogisticRegression"}, ["scans/1", "tumours/3"]),
        ({"estimator": "sklearn.tree.*"}, ["tumours/2", "tumours/1"]),
        ({"task": "regression"}, []),
        ({"actor": "ops", "name": "scans"}, ["scans/1"]),
        ({"data": "sha256:1"}, ["tumours/3", "tumours/2"]),
        ({"run": "run-2"}, ["tumours/2"]),
        ({"deprecated": True}, ["tumours/1"]),
        ({"deprecated": False, "limit": 2}, ["scans/1", "tumours/3"]),
        ({"since": datetime(2030, 1, 1, 0, 3, tzinfo=UTC)}, ["scans/1", "tumours/3"]),
        ({"until": datetime(2030, 1, 1, 0, 3, tzinfo=UTC)}, ["tumours/2", "tumours/1"]),
        ({"order_by": "auc"}, ["tumours/2", "tumours/3", "tumours/1", "scans/1"]),
        ({"order_by": "auc", "ascending": True, "limit": 1}, ["tumours/1"]),
        ({"ascending": True, "limit": 1}, ["tumours/1"]),
    ],
    ids=str,
)
def test_versions_are_found(shelf, storage, asked, expected):
    assert [str(found) for found in shelf.search(**asked)] == expected
    assert [str(found) for found in Registry(storage).search(**asked)] == expected


def test_a_result_prints_and_leads_on(shelf):
    result = shelf.search("tumours")
    assert len(result) == 3
    text = repr(result)
    assert "3 versions" in text
    assert "tumours/1 (deprecated)" in text
    assert "team=credit" in text
    assert "train_auc" not in text
    assert "DecisionTreeClassifier" in result._repr_html_()
    assert shelf.get(str(result[0])).version == result[0].version
    assert json.loads(json.dumps(result.to_dict())) == result.to_dict()
    assert repr(shelf.search(alias="champion")).startswith("1 version\n")


def test_what_an_event_says_of_a_version_must_be_what_its_record_says(shelf):
    from prodml.errors import IntegrityError

    place = shelf._shelf("tumours")
    place._registered[1]["summary"]["metrics"]["auc"] = 1.0
    with pytest.raises(IntegrityError, match="what the event of tumours/1 says"):
        shelf.verify()


def test_versions_registered_before_events_had_summaries_are_found(shelf):
    place = shelf._shelf("tumours")
    place.facts(2)
    del place._registered[2]["summary"]
    assert [str(f) for f in shelf.search(metrics={"auc": 0.9})] == ["tumours/2"]
    assert shelf.verify().n_models == 2


@pytest.mark.parametrize(
    "asked",
    [
        {"metrics": ["auc"]},
        {"metrics": {"auc": "high"}},
        {"metrics": {"auc": (0.9, 0.1)}},
        {"metrics": {"auc": (1, 2, 3)}},
        {"metrics": {"auc": [0.1]}},
        {"metrics": {"auc": float("nan")}},
        {"tags": "team"},
        {"tags": {"team": 1}},
        {"name": 5},
        {"alias": 5},
        {"since": "yesterday"},
        {"since": datetime(2030, 1, 1)},  # noqa: DTZ001
        {"limit": 0},
        {"limit": 1.5},
    ],
    ids=str,
)
def test_a_question_that_is_none_is_refused(shelf, asked):
    with pytest.raises(ConfigError):
        shelf.search(**asked)


def test_models_at_a_glance(shelf):
    shelf.describe("tumours", owner="clinic")
    overview = shelf.overview()
    assert [(row.name, row.n_versions, row.newest, row.owner) for row in overview] == [
        ("scans", 1, 1, ""),
        ("tumours", 3, 3, "clinic"),
    ]
    assert len(overview) == 2
    assert "champion → 2" in repr(overview)
    assert "clinic" in overview._repr_html_()
    assert json.loads(json.dumps(overview.to_dict())) == overview.to_dict()


def test_a_model_without_any_version_left_is_still_there(shelf):
    shelf.delete("scans", 1, reason="x")
    row = next(iter(shelf.overview()))
    assert (row.name, row.n_versions, row.registered) == ("scans", 0, None)
