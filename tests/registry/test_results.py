"""Results print as tables, and go into JSON."""

import json

import attrs
import pytest

from prodml.errors import RefusedError


@pytest.fixture
def busy(filled):
    filled.promote("tumours", 2, reason="nightly")
    with pytest.raises(RefusedError):
        filled.promote("tumours", 1, reason="<b>try</b>")
    filled.rollback("tumours", reason="fails")
    filled.deprecate("tumours", 2, "leaks")
    return filled


def test_a_version_prints_its_facts(busy):
    text = repr(busy.get("tumours/1"))
    assert "DecisionTreeClassifier" in text
    assert "accuracy 0.9" in text
    assert "4 columns" in text
    assert "inert/2" in text
    assert "2030-01-01 00:01 UTC by ops" in text


def test_a_deprecated_version_prints_why(busy):
    assert "leaks" in repr(busy.get("tumours/2"))
    assert "leaks" in busy.get("tumours/2")._repr_html_()


def test_a_version_says_what_nobody_recorded(registry, weak):
    text = repr(registry.register("x", weak.estimator, reason="bare"))
    assert "none recorded" in text
    assert "not recorded" in text
    assert "bare" in text


def test_a_promotion_prints_its_evidence(filled):
    promotion = filled.promote("tumours", 2, reason="nightly")
    text = repr(promotion)
    assert str(promotion) == "tumours@champion → 2"
    assert "the gate was convinced" in text
    assert "accuracy" in text
    assert "accuracy" in promotion._repr_html_()
    assert "nightly" in text


def test_a_promotion_without_evidence_prints_too(registry, weak):
    registry.register("x", weak)
    promotion = registry.promote("x", 1)
    assert "nothing to compare with" in repr(promotion)
    assert "none given" in promotion._repr_html_()


def test_the_history_tells_who_pointed_what_where_when_and_why(busy):
    history = busy.history("tumours")
    assert [(m.alias, m.previous, m.version, m.kind) for m in history] == [
        ("champion", None, 1, "first"),
        ("champion", 1, 2, "gate"),
        ("champion", 2, 1, "refused"),
        ("champion", 2, 1, "rollback"),
    ]
    assert len(history) == 4
    lines = repr(history).split("\n")
    assert "1 → 2" in lines[4]
    assert "400 rows" in lines[4]
    assert "ops" in lines[4]
    assert "nightly" in lines[4]
    assert "&lt;b&gt;try" in history._repr_html_()


def test_results_go_into_json(busy):
    promotion = busy.promote("tumours", 2, force=True, reason="x")
    for value in (busy.get("tumours/1"), promotion, busy.history("tumours"), busy.verify()):
        assert json.loads(json.dumps(value.to_dict())) == value.to_dict()
    assert busy.get("tumours/1").to_dict()["schema"]["columns"][0]["name"] == "age"
    assert promotion.to_dict()["kind"] == "forced"


def test_a_check_shows_its_counts(busy):
    assert "events" in busy.verify()._repr_html_()


def test_a_card_is_made_of_recorded_facts(busy):
    text = busy.card("tumours@champion").to_markdown()
    assert text.startswith("---\nmodel_name: tumours\n")
    assert "- accuracy\n" in text
    assert "| accuracy | 0.9 |" in text
    assert "| age | number | no |" in text
    assert "| aliases | champion |" in text
    assert "| seed | 0 |" in text
    assert "rollback" in text
    assert "&lt;b&gt;try" in text
    assert "## Limits" in text
    assert repr(busy.card("tumours/1")) == text


def test_a_card_says_what_is_unknown(registry, weak):
    registry.register("x", weak.estimator, tags={"a|b": "c\nd"})
    text = registry.card("x/1").to_markdown()
    assert "## Metrics\n\nNot recorded." in text
    assert "none stored" in text
    assert "| tag a\\|b | c d |" in text
    page = registry.card("x/1").to_html()
    assert "Not recorded." in page
    assert page.startswith("<!doctype html>")


def test_a_card_of_a_deprecated_version_says_so(busy):
    assert "deprecated: leaks" in busy.card("tumours/2").to_markdown()


RUN = {
    "data": {
        "digest": "sha256:aa",
        "n_rows": 900,
        "rows": "sha256:0r",
        "columns": {"age": "sha256:a1"},
        "dtypes": {"age": "float64"},
    },
    "split": {"kind": "random", "n_train": 500, "n_test": 400, "digest": "sha256:55"},
    "slices": [
        {
            "slice": "age < 30",
            "n_rows": 40,
            "metrics": {"accuracy": {"value": 0.81234, "low": 0.7, "high": 0.9}},
        },
        {
            "slice": "age ≥ 30",
            "n_rows": 360,
            "metrics": {"accuracy": {"value": 0.9, "low": None, "high": None}},
        },
        {"no": "slice"},
    ],
    "calibration": {
        "n_rows": 400,
        "ece": {"value": 0.0312, "low": 0.01, "high": 0.05, "by_chance": 0.02},
        "curve": {"predicted": [0.1, 0.9], "happened": [0.2, 0.8]},
        "before": {"ece": {"value": 0.5, "low": 0.4, "high": 0.6}},
    },
    "threshold": {"rule": "ByCost(1, 10)", "value": 0.31, "chosen_on": "out-of-fold"},
    "environment": {"python": "3.11.7", "packages": {"numpy": "2.1.3"}, "blas": [{"n": 1}]},
    "shuffled": True,
}


@pytest.fixture
def told(registry, weak):
    """A version of which much was recorded, and that people spoke about."""
    run = attrs.evolve(weak, record=RUN, metrics={"accuracy": 0.9, "train_accuracy": 0.95})
    registry.register("tumours", run, tags={"team": "clinic", "on": "yes"})
    registry.promote("tumours", 1, reason="the first")
    registry.describe(
        "tumours",
        summary="# Tells risk",
        intended_use="triage\n- by nurses",
        limits="adults <only>",
        licence="Apache 2.0",
    )
    registry.comment("tumours/1", "watch the small ones")
    return registry


@pytest.mark.parametrize(
    "line",
    [
        "| age < 30 | 40 | 0.812 (0.7 to 0.9) |",
        "| age ≥ 30 | 360 | 0.9 |",
        "| expected calibration error | 0.0312 (0.01 to 0.05), by chance 0.02 | 0.5 (0.4 to 0.6) |",
        "| chosen on | out-of-fold |",
        "| age | float64 | sha256:a1 |",
        "| fingerprint of their order | sha256:0r |",
        "| rows to train on | 500 |",
        "| package numpy | 2.1.3 |",
        "| shuffled | yes |",
        "| accuracy | 0.9 | 0.95 |",
        "watch the small ones |",
        "Nobody has approved this version.",
        "\\# Tells risk",
        "\\- by nurses",
        "adults &lt;only&gt;",
        "| champion | 2030-01-01 00:02 UTC | now |",
    ],
)
def test_a_card_tells(told, line):
    text = told.card("tumours/1").to_markdown()
    assert line.replace("<", "&lt;") in text or line in text


def test_the_front_matter_is_what_model_hubs_read(told):
    front = told.card("tumours/1").to_markdown().split("---\n")[1]
    yaml = pytest.importorskip("yaml", reason="reads the front matter as a hub would")
    read = yaml.safe_load(front)
    assert read["library_name"] == "sklearn"
    assert read["license"] == "apache-2.0"
    assert read["pipeline_tag"] == "tabular-classification"
    assert {"prodml", "tabular", "classification", "inert", "team:clinic", "on:yes"} == set(
        read["tags"]
    )
    result = read["model-index"][0]["results"][0]
    assert result["task"] == {"type": "tabular-classification"}
    assert result["metrics"] == [{"type": "accuracy", "name": "accuracy", "value": 0.9}]
    assert result["dataset"]["name"] == "holdout of tumours/1"


def test_a_card_shows_its_pictures_and_escapes_what_people_wrote(told):
    page = told.card("tumours/1").to_html()
    assert "accuracy by slice" in page
    assert "What was predicted, and what happened" in page
    assert "adults &lt;only&gt;" in page
    assert "<only>" not in page
    assert "by nurses" in told.card("tumours/1")._repr_html_()


@pytest.mark.parametrize(
    "record",
    [
        {"slices": 5, "calibration": "good", "threshold": None, "data": [], "environment": 3},
        {
            "slices": [{"slice": "a"}],
            "calibration": {"curve": {"predicted": [0.1], "happened": "x"}},
        },
        {"slices": [{"slice": "a", "n_rows": "x", "metrics": {"f": 0.5, "g": "y"}}]},
        {
            "slices": [{"slice": "a", "metrics": {"f": {"value": None}}}],
            "calibration": {"curve": 1},
        },
        {"calibration": {"curve": {"predicted": [0.1, None], "happened": [0, 1]}}},
    ],
    ids=range(5),
)
def test_a_record_of_another_shape_does_not_break_the_card(registry, weak, record):
    registry.register("x", attrs.evolve(weak, record=record))
    card = registry.card("x/1")
    assert card.to_html()
    assert "## Performance by slice" in card.to_markdown()
    assert registry.lineage("x/1").data == {}
    assert registry.diff("x/1", "x/1").differences == ()
