from __future__ import annotations

import json

import numpy as np
import pytest

from prodml.errors import ConfigError
from prodml.gate import Gate, GateDecision


@pytest.fixture
def decision():
    rng = np.random.default_rng(0)
    y = rng.integers(0, 2, 500)
    said = [{"labels": np.where(rng.random(500) < share, y, 1 - y)} for share in (0.8, 0.9)]
    gate = Gate("accuracy", guardrails={"recall": 0.05}, n_resamples=200)
    return gate.decide(y, *said)


def test_a_decision_survives_json(decision):
    assert GateDecision.from_dict(json.loads(json.dumps(decision.to_dict()))) == decision


def test_a_decision_prints_as_a_table_with_its_reason(decision):
    text = repr(decision)
    assert "Gate: promote (500 rows)" in text
    assert "recall" in text
    assert "at most 0.05 worse" in text
    assert text.endswith(decision.reason)


def test_a_decision_shows_in_a_notebook(decision):
    html = decision._repr_html_()
    assert "<table" in html
    assert "Gate: promote" in html


def test_a_guardrail_without_margin_reads_not_worse(decision):
    rail = {**decision.to_dict()["guardrails"][0], "margin": 0.0}
    plain = {**decision.to_dict(), "guardrails": [rail]}
    assert "not worse" in repr(GateDecision.from_dict(plain))


@pytest.mark.parametrize("change", [{"verdict": "maybe"}, {"primary": None}, {"colour": "red"}])
def test_what_is_no_decision_is_refused(decision, change):
    with pytest.raises(ConfigError, match="no gate decision"):
        GateDecision.from_dict({**decision.to_dict(), **change})


def test_a_missing_field_is_refused(decision):
    plain = decision.to_dict()
    del plain["primary"]
    with pytest.raises(ConfigError, match="no gate decision"):
        GateDecision.from_dict(plain)
