"""A Contract in a Pipeline: they know each other by their methods only."""

from __future__ import annotations

import pandas as pd
import pytest

from prodml.contracts import Check, Contract
from prodml.errors import ContractError, StepError
from prodml.pipeline import Pipeline

PEOPLE = Contract({"age": Check.integer(min=0, max=120)}, name="people")


def extract(ages):
    return pd.DataFrame({"age": ages})


def preprocess(frame):
    return frame.assign(adult=frame["age"] >= 18)


@pytest.fixture
def pipeline():
    return Pipeline([extract, PEOPLE, preprocess])


def test_good_rows_go_on_and_bad_ones_are_kept(pipeline):
    result = pipeline.run(ages=[30, -1, 200, 10])
    assert result["preprocess"]["age"].tolist() == [30, 10]
    assert result.quarantined["people"]["age"].tolist() == [-1, 200]


def test_the_report_of_the_contract_is_kept(pipeline):
    result = pipeline.run(ages=[30, -1])
    assert (result.reports["people"].n_bad, result.n_quarantined) == (1, 1)
    assert result.steps[1].n_quarantined == 1
    assert "rows put aside: 1" in repr(result)


def test_events_count_what_was_put_aside(pipeline):
    events = []
    pipeline.run(ages=[30, -1], on_event=events.append)
    assert [
        getattr(e, "n_quarantined", None) for e in events if getattr(e, "step", "") == "people"
    ] == [None, 1]


def test_a_broken_table_is_the_contracts_failure(pipeline):
    with pytest.raises(StepError, match='step "people"') as caught:
        pipeline.run(ages=["secret"])
    assert isinstance(caught.value.__cause__, ContractError)
    assert "secret" not in str(caught.value)


def test_apply_puts_no_row_aside_but_refuses(pipeline):
    assert pipeline.apply(pd.DataFrame({"age": [30]}))["adult"].tolist() == [True]
    with pytest.raises(StepError, match='step "people"'):
        pipeline.apply(pd.DataFrame({"age": [30, -1]}))


def test_rows_put_aside_by_an_inner_pipeline_go_by_both_names():
    outer = Pipeline([extract, Pipeline([("tidy", lambda frame: frame), PEOPLE], name="inner")])
    result = outer.run(ages=[30, -1])
    assert result.quarantined["inner.people"]["age"].tolist() == [-1]
    assert result.reports["inner.people"].n_bad == 1
