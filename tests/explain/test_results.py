# ruff: noqa: PD011  # `values` is an Explanation's
from __future__ import annotations

import json
import xml.etree.ElementTree as ET

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from prodml.errors import ConfigError, UnknownNameError
from prodml.explain import Explanation


def explanation(values, *, data=None, names=None, outputs=None, scale="probability", **changes):
    values = np.asarray(values, dtype=float)
    n, p, k = values.shape
    names = names or tuple(f"c{i}" for i in range(p))
    base = np.full(k, 0.5)
    given = {
        "values": values,
        "base_values": base,
        "predictions": base + values.sum(axis=1),
        "data": pd.DataFrame(np.arange(n * p, dtype=float).reshape(n, p), columns=list(names))
        if data is None
        else data,
        "feature_names": tuple(names),
        "output_names": outputs or tuple(f"o{i}" for i in range(k)),
        "output_scale": scale,
        "method": "linear",
        "is_exact": True,
        "standard_errors": None,
        "additivity_error": 0.0,
    }
    return Explanation(**{**given, **changes})


ONE = explanation(
    [[[0.1], [-0.3], [0.0], [0.2]]], names=("age", "debt", "name", "income"), outputs=("yes",)
)
SECRET = explanation(
    [[[0.1], [0.2]]],
    data=pd.DataFrame({"name": ["Ann Secret"], "age": [987654]}),
    names=("name", "age"),
)


def test_reasons_come_by_strength_with_sign_and_words():
    reasons = ONE.reasons(2)
    assert [(r.feature, r.contribution, r.direction) for r in reasons] == [
        ("debt", -0.3, "lowers"),
        ("income", 0.2, "raises"),
    ]
    assert reasons[0].text == "debt lowers the probability of yes by 0.3"
    assert reasons[1].to_dict()["text"] == "income raises the probability of yes by 0.2"


def test_what_contributes_nothing_is_no_reason():
    assert [r.feature for r in ONE.reasons(10)] == ["debt", "income", "age"]


def test_reasons_of_one_direction():
    assert [r.feature for r in ONE.reasons(direction="raises")] == ["income", "age"]
    assert [r.feature for r in ONE.reasons(direction="lowers")] == ["debt"]


def test_columns_may_be_called_something_else():
    reasons = ONE.reasons(1, dictionary={"debt": "the open debt"})
    assert reasons[0].text == "the open debt lowers the probability of yes by 0.3"
    assert reasons[0].feature == "debt"


def test_ties_stand_in_the_order_of_the_columns():
    rounding = explanation([[[0.1 + 0.2], [0.3], [-0.3], [0.1 + 0.2]]])
    assert [r.feature for r in rounding.reasons(4)] == ["c0", "c1", "c2", "c3"]


@given(st.lists(st.floats(-1e300, 1e300), min_size=1, max_size=8), st.integers(1, 8))
def test_reasons_are_the_largest_contributions(values, k):
    reasons = explanation(np.array(values).reshape(1, -1, 1)).reasons(k)
    largest = sorted((abs(v) for v in values if v), reverse=True)[:k]
    assert [abs(r.contribution) for r in reasons] == pytest.approx(largest, rel=1e-9)


def test_a_regression_speaks_of_its_prediction():
    reasons = explanation([[[2.0]]], scale="prediction", outputs=("prediction",)).reasons()
    assert reasons[0].text == "c0 raises the prediction by 2"


def test_of_two_classes_the_second_is_explained():
    assert explanation([[[-0.1, 0.1]]]).reasons()[0].text.endswith("of o1 by 0.1")


def test_of_more_classes_the_predicted_one_is_explained():
    assert explanation([[[0.3, -0.1, -0.2]]]).reasons()[0].text.endswith("of o0 by 0.3")
    assert explanation([[[0.3, -0.1, -0.2]]]).reasons(output="o2")[0].direction == "lowers"


def test_values_are_quoted_on_demand_only():
    assert "Ann Secret" in SECRET.reasons(output=0, show_values=True)[1].text
    assert "987,654" in SECRET.reasons(output=0, show_values=True)[0].text
    said = repr(SECRET) + SECRET._repr_html_() + json.dumps(SECRET.to_dict())
    said += repr(SECRET.reasons()) + repr(SECRET.importance()) + SECRET.plot("waterfall")
    said += SECRET.plot("beeswarm") + SECRET.plot("bar")
    assert "Secret" not in said
    assert "987654" not in said.replace(",", "")


@pytest.mark.parametrize(
    ("arguments", "error"),
    [
        ({"k": 0}, ConfigError),
        ({"row": 1}, ConfigError),
        ({"row": -2}, ConfigError),
        ({"output": 1}, UnknownNameError),
        ({"output": "no"}, UnknownNameError),
        ({"dictionary": {"dept": "debt"}}, UnknownNameError),
    ],
)
def test_bad_questions_for_reasons_are_refused(arguments, error):
    with pytest.raises(error):
        ONE.reasons(**arguments)


def test_of_many_rows_one_must_be_named():
    many = explanation(np.arange(6.0).reshape(3, 2, 1))
    with pytest.raises(ConfigError, match="say which row: row= 0 to 2"):
        many.reasons()
    assert many.reasons(1, row=-1)[0].contribution == 5.0


def test_importance_is_the_mean_absolute_contribution():
    many = explanation([[[1.0], [-3.0]], [[-1.0], [1.0]]])
    importance = many.importance()
    assert importance.to_dict() == {"c1": 2.0, "c0": 1.0}
    assert importance.shares.tolist() == pytest.approx([2 / 3, 1 / 3])
    assert repr(importance).splitlines()[2].split() == ["c1", "2", "66.7%"]
    assert "<table>" in importance._repr_html_()


def test_importance_of_one_output_and_of_all():
    two = explanation([[[1.0, 3.0], [2.0, 0.0]]])
    assert two.importance().to_dict() == {"c0": 2.0, "c1": 1.0}
    assert two.importance("o0").to_dict() == {"c1": 2.0, "c0": 1.0}


def test_where_nothing_contributes_shares_are_zero():
    assert explanation([[[0.0], [0.0]]]).importance().shares.tolist() == [0.0, 0.0]


def test_one_output_can_be_taken_out():
    errors = np.ones((1, 2, 2))
    two = explanation([[[1.0, 3.0], [2.0, 4.0]]], standard_errors=errors)
    one = two.for_output("o1")
    assert one.values.tolist() == [[[3.0], [4.0]]]
    assert (one.output_names, one.n_outputs, len(one)) == (("o1",), 1, 1)
    assert one.standard_errors.shape == (1, 2, 1)
    assert np.array_equal(two.for_output(-1).values, one.values)
    with pytest.raises(UnknownNameError, match='Known: "o0", "o1"'):
        two.for_output("o2")


def test_one_row_prints_from_base_to_prediction():
    lines = repr(ONE).splitlines()
    assert lines[0] == "Explanation of 1 row: probability, exact (linear)"
    assert [line.split()[0] for line in lines[3:]] == [
        "(base)", "debt", "income", "age", "name", "(prediction)"
    ]  # fmt: skip


def test_many_rows_print_their_importance():
    lines = repr(explanation([[[1.0], [-3.0]], [[-1.0], [1.0]]])).splitlines()
    assert lines[0] == "Explanation of 2 rows: probability, exact (linear)"
    assert [line.split() for line in lines[3:]] == [["c1", "2"], ["c0", "1"]]


def test_it_exports_json():
    stored = json.loads(json.dumps(ONE.to_dict()))
    assert stored["values"] == ONE.values.tolist()
    assert stored["output_names"] == ["yes"]


# --- pictures ------------------------------------------------------------------------------------


def parsed(svg):
    return ET.fromstring(svg)


def words(svg):
    return " ".join(e.text or "" for e in parsed(svg).iter("{http://www.w3.org/2000/svg}text"))


def test_a_bar_chart_shows_the_most_important_columns():
    assert "debt" in words(ONE.plot())
    assert "income" not in words(ONE.plot("bar", max_features=1))


def test_a_waterfall_leads_from_the_base_to_the_prediction():
    said = words(ONE.plot("waterfall"))
    assert "base" in said
    assert "prediction" in said
    assert "-0.3" in said
    assert "+0.2" in said


def test_a_waterfall_sums_up_the_rest():
    said = words(ONE.plot("waterfall", max_features=1))
    assert "3 others" in said
    assert "+0.3" in said
    assert "income" not in said


def test_the_bars_of_a_waterfall_join_up():
    svg = parsed(ONE.plot("waterfall"))
    rects = [r.attrib for r in svg.iter("{http://www.w3.org/2000/svg}rect")]
    lefts = [float(r["x"]) for r in rects]
    rights = [float(r["x"]) + float(r["width"]) for r in rects]
    # debt lowers, then income raises from where debt ended.
    assert lefts[0] == pytest.approx(lefts[1], abs=0.2)
    assert rights[1] == pytest.approx(lefts[2], abs=0.2)


def test_a_beeswarm_has_a_dot_per_row_and_column():
    rng = np.random.default_rng(0)
    many = explanation(rng.normal(size=(30, 4, 2)))
    dots = list(
        parsed(many.plot("beeswarm", max_features=3)).iter("{http://www.w3.org/2000/svg}circle")
    )
    assert len(dots) == 90
    assert all(0 <= float(dot.attrib["cx"]) <= 560 for dot in dots)


def test_a_beeswarm_draws_at_most_400_rows():
    many = explanation(np.random.default_rng(0).normal(size=(2000, 1, 1)))
    svg = parsed(many.plot("beeswarm"))
    assert len(list(svg.iter("{http://www.w3.org/2000/svg}circle"))) == 400


def test_columns_that_are_no_numbers_are_drawn_too():
    data = pd.DataFrame({"c0": ["a", None, "b"], "c1": [1.0, np.nan, 3.0]})
    svg = explanation(np.ones((3, 2, 1)), data=data).plot("beeswarm")
    assert 'fill-opacity="0.60"' in svg
    assert "nan" not in svg


def test_names_are_escaped():
    svg = explanation([[[1.0]]], names=("<b>&",)).plot("waterfall")
    assert "<b>" not in svg
    parsed(svg)


def test_all_zero_can_be_drawn():
    flat = explanation(np.zeros((2, 2, 1)))
    for kind in ("bar", "beeswarm"):
        parsed(flat.plot(kind))
    parsed(flat.plot("waterfall", row=0))


@pytest.mark.parametrize("arguments", [{"kind": "pie"}, {"max_features": 0}])
def test_bad_pictures_are_refused(arguments):
    with pytest.raises(ConfigError):
        ONE.plot(**arguments)


# --- shap ----------------------------------------------------------------------------------------


def test_it_goes_over_to_shap():
    two = explanation([[[1.0, 3.0], [2.0, 4.0]]])
    there = two.to_shap()
    assert np.array_equal(there.values, two.values)
    assert there.base_values.tolist() == [[0.5, 0.5]]
    assert there.feature_names == ["c0", "c1"]
    assert list(there.output_names) == ["o0", "o1"]


def test_a_single_output_goes_over_without_its_axis():
    there = ONE.to_shap()
    assert there.values.shape == (1, 4)
    assert there.base_values.tolist() == [0.5]
