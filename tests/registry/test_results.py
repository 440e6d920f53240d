"""Results print as tables, and go into JSON."""

import json

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
