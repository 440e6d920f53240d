"""The detector as a user meets it: right verdicts, clear refusals, state that survives."""

from __future__ import annotations

import pickle

import numpy as np
import pandas as pd
import pytest
from scipy import stats
from sklearn.base import clone

from prodml.drift import DriftDetector, DriftProfile
from prodml.errors import ConfigError, IntegrityError, NotFittedError, SchemaError


def normal(seed, n, shift=0.0, columns=1):
    x = np.random.default_rng(seed).normal(shift, 1, (n, columns))
    return pd.DataFrame(x, columns=[f"x{i}" for i in range(columns)])


def test_every_kind_of_column_is_tested(fitted, frames):
    report = fitted.detect(frames(1, 400))
    assert {c.column: c.status for c in report} == dict.fromkeys(frames(1, 1), "tested")


def test_every_statistic_is_scipys(fitted, frames):
    reference, current = frames(0, 600), frames(1, 400)
    report = fitted.detect(current)
    for name in ("float64", "float32", "Float64", "int64", "Int16"):
        a, b = (f[name].dropna().to_numpy(float) for f in (reference, current))
        expected = stats.ks_2samp(a, b)
        found = report[name].tests[0]
        assert found.statistic == pytest.approx(expected.statistic, abs=1e-15)
        assert found.p_value == pytest.approx(expected.pvalue, rel=0.02)


def test_the_reference_has_not_drifted_from_itself(fitted, frames):
    report = fitted.detect(frames(0, 600))
    assert not report.drifted
    assert max(t.effect for c in report for t in c.tests) == 0


@pytest.mark.parametrize("seed", range(10))
def test_half_a_standard_deviation_is_found_in_a_thousand_rows(seed):
    reference = normal(seed, 1000, columns=60)
    current = normal(seed + 100, 1000, columns=60)
    moved = [f"x{i}" for i in range(5)]
    current[moved] += 0.5
    report = DriftDetector().fit(reference).detect(current)
    assert set(moved) <= set(report.drifted_columns)


def test_drift_below_the_effect_that_matters_is_none_however_large_the_data():
    reference, current = normal(0, 60_000), normal(1, 60_000, 0.05)
    test = DriftDetector().fit(reference).detect(current)["x0"].leading
    assert test.p_adjusted < 1e-6
    assert not test.drifted
    assert DriftDetector(min_effect=0).fit(reference).detect(current).drifted


def test_one_far_value_neither_hides_drift_nor_makes_it():
    reference, same, moved = normal(0, 10_000), normal(1, 10_000), normal(2, 10_000, 0.5)
    detector = DriftDetector().fit(reference)
    for current, drifted in ((same, False), (moved, True)):
        plain = detector.detect(current)
        spoiled = current.copy()
        spoiled.loc[0, "x0"] = 1e300
        report = detector.detect(spoiled)
        assert report.drifted is plain.drifted is drifted
        assert report["x0"].effect == pytest.approx(plain["x0"].effect, abs=2e-4)
        assert report["x0"].psi == pytest.approx(plain["x0"].psi, abs=1e-3)


def test_a_change_of_dtype_alone_is_no_drift():
    prices = pd.Series(np.random.default_rng(0).integers(0, 100, 2000) / 10, name="price")
    for reference, current in (("float64", "float32"), ("float32", "float64")):
        detector = DriftDetector().fit(prices.astype(reference).to_frame())
        assert detector.detect(prices.astype(current).to_frame())["price"].effect == 0
    whole = prices.round().astype("int64").to_frame()
    for dtype in ("float64", "float32", "Int64", "UInt8"):
        assert DriftDetector().fit(whole).detect(whole.astype(dtype))["price"].effect == 0


def test_missing_values_are_tested_as_a_share_and_not_as_values():
    reference, current = normal(0, 1000), normal(1, 1000)
    current.loc[:99, "x0"] = np.nan
    column = DriftDetector().fit(reference).detect(current)["x0"]
    assert column.aspect == "missing"
    assert column.effect == pytest.approx(0.1)
    assert column.drifted
    assert not column.tests[0].drifted


def test_infinities_are_tested_as_a_share_and_not_as_values():
    reference, current = normal(0, 1000), normal(1, 1000)
    current.loc[:99, "x0"] = np.inf
    current.loc[100:149, "x0"] = -np.inf
    column = DriftDetector().fit(reference).detect(current)["x0"]
    assert [t.aspect for t in column.tests if t.drifted] == ["infinite"]
    assert column.effect == pytest.approx(0.15)


def test_a_new_level_is_found(fitted, frames):
    current = frames(1, 400)
    current["category"] = current["category"].cat.add_categories("new")
    current.loc[:39, "category"] = "new"
    column = fitted.detect(current)["category"]
    unseen = next(t for t in column.tests if t.aspect == "unseen")
    assert unseen.drifted
    assert unseen.effect == pytest.approx(0.1)


def test_a_column_that_was_constant_is_watched_on_both_sides():
    detector = DriftDetector().fit({"x": [5.0] * 100})
    for value in (4.0, 6.0):
        report = detector.detect({"x": [value] * 100})
        assert report["x"].effect == 1.0
        assert report["x"].psi > 5
        assert report.drifted
    assert not detector.detect({"x": [5.0] * 100}).drifted


def test_a_clock_that_moves_on_is_no_drift():
    days = pd.date_range("2024-01-01", periods=200, freq="D")
    detector = DriftDetector().fit({"seen": days[:100]})
    later = detector.detect({"seen": days[100:]})
    assert (later["seen"].status, later.drifted) == ("moved on", False)
    recent = detector.detect({"seen": days[60:100]})
    assert (recent["seen"].status, recent.drifted) == ("tested", True)


def test_a_column_that_goes_missing_altogether_is_drift_of_its_missing_share(fitted, frames):
    current = frames(1, 400).assign(float64=None, text=np.nan, time=None, category=None)
    report = fitted.detect(current)
    for name in ("float64", "text", "time", "category"):
        assert (report[name].status, report[name].aspect) == ("too few current values", "missing")
        assert report[name].drifted


def test_a_column_that_was_missing_altogether_is_drift_once_it_has_values():
    detector = DriftDetector().fit({"x": [None] * 100, "y": range(100)})
    report = detector.detect({"x": [1.5] * 50, "y": range(0, 100, 2)})
    assert report["x"].status == "too few reference values"
    assert report.drifted_columns == ("x",)
    assert not detector.detect({"x": [None] * 50, "y": range(0, 100, 2)}).drifted


def test_numbers_too_few_to_test_are_said_to_be_too_few_on_their_side():
    few = pd.DataFrame({"x": [1.0] * 9 + [np.nan] * 91})
    many = pd.DataFrame({"x": [1.0] * 50 + [np.nan] * 50})
    assert DriftDetector().fit(few).detect(many)["x"].status == "too few reference values"
    assert DriftDetector().fit(many).detect(few)["x"].status == "too few current values"


@pytest.mark.parametrize("n", [0, 1, 29])
def test_too_few_rows_are_said_to_be_too_few(fitted, frames, n):
    report = fitted.detect(frames(1, 30)[:n])
    assert (report.status, report.drifted, report.n_current) == ("too few rows", False, n)
    assert "Too few rows" in repr(report)


def test_a_reference_too_short_to_compare_with_is_refused():
    for n in (0, 1, 29):
        with pytest.raises(SchemaError, match=f"the reference has {n} rows.*min_rows=30"):
            DriftDetector().fit(normal(0, 30)[:n])


def test_a_missing_column_is_named_with_its_nearest(fitted, frames):
    with pytest.raises(
        SchemaError, match='lack column "float64". Did you mean "Float64"'
    ) as caught:
        fitted.detect(frames(1, 50).drop(columns="float64"))
    assert caught.value.column == "float64"


@pytest.mark.parametrize(
    ("column", "values", "message"),
    [
        ("float64", "text", "must hold numbers, got text"),
        ("level", 1.5, "must hold text, got numbers"),
        ("text", 7, "must hold text, got numbers"),
        ("bool", 1, "must hold booleans, got numbers"),
        ("time", "2024-05-01", "must hold times, got text"),
        ("codes", "a", "must hold numbers, got text"),
        ("band", "a", "must hold intervals, got text"),
    ],
)
def test_a_column_of_another_kind_is_refused_by_name(fitted, frames, column, values, message):
    with pytest.raises(SchemaError, match=f'"{column}" {message}') as caught:
        fitted.detect(frames(1, 50).assign(**{column: values}))
    assert caught.value.column == column


def test_columns_beyond_those_watched_are_left_aside():
    detector = DriftDetector(columns=["x1"]).fit(normal(0, 100, columns=3))
    assert [c.column for c in detector.detect(normal(1, 100, columns=2))] == ["x1"]


def test_the_order_of_columns_and_rows_does_not_matter(fitted, frames):
    current = frames(1, 400)
    shuffled = current[current.columns[::-1]].sample(frac=1, random_state=0)
    assert fitted.detect(shuffled) == fitted.detect(current)


def test_codes_can_be_watched_as_levels():
    rng = np.random.default_rng(0)
    reference, current = ({"zip": rng.permutation(np.repeat([10, 20, 30], 100))} for _ in range(2))
    report = DriftDetector(kinds={"zip": "category"}).fit(reference).detect(current)
    assert (report["zip"].kind, report["zip"].test) == ("category", "chi2")


def test_polars_and_arrow_tables_give_the_same_report():
    pl = pytest.importorskip("polars")
    pa = pytest.importorskip("pyarrow")
    data = {"x": normal(0, 100)["x0"].tolist(), "city": ["Oslo", "Rome", None, "Oslo"] * 25}
    reports = [
        DriftDetector().fit(make(data)).detect(make(data))
        for make in (pd.DataFrame, pl.DataFrame, pa.table)
    ]
    assert reports[0] == reports[1] == reports[2]


def test_the_correction_decides_how_much_evidence_is_asked_for():
    reference, current = normal(3, 400, columns=40), normal(4, 400, columns=40)
    current["x0"] += 0.25
    adjusted = {
        name: DriftDetector(correction=name).fit(reference).detect(current)["x0"].p_adjusted
        for name in ("none", "bh", "by", "holm", "bonferroni")
    }
    assert adjusted["none"] < adjusted["bh"] <= adjusted["holm"] <= adjusted["bonferroni"]
    assert adjusted["bh"] < adjusted["by"]


def test_a_stored_detector_gives_the_same_reports(fitted, frames):
    again = DriftDetector.from_bytes(fitted.to_bytes())
    current = frames(1, 400)
    assert again.detect(current) == fitted.detect(current)
    assert again.get_params() == fitted.get_params()


def test_the_stored_bytes_depend_on_nothing_but_the_state(fitted, frames):
    twin = DriftDetector().fit(frames(0, 600))
    assert twin.to_bytes() == fitted.to_bytes()
    assert DriftDetector.from_bytes(fitted.to_bytes()).to_bytes() == fitted.to_bytes()


def test_parameters_are_stored_with_the_reference():
    detector = DriftDetector(alpha=0.01, columns=("x0",), kinds={"x0": "number"}).fit(normal(0, 50))
    again = DriftDetector.from_bytes(detector.to_bytes())
    assert (again.alpha, again.columns, again.kinds) == (0.01, ["x0"], {"x0": "number"})


def test_a_single_changed_bit_is_noticed():
    data = DriftDetector().fit(normal(0, 40).assign(c=["a", "b"] * 20)).to_bytes()
    for position in range(0, len(data), 7):
        spoiled = bytearray(data)
        spoiled[position] ^= 1 << position % 8
        with pytest.raises(IntegrityError):
            DriftDetector.from_bytes(bytes(spoiled))


def test_bytes_that_were_cut_or_never_a_detector_are_refused(fitted):
    from prodml.fingerprint import pack

    whole = fitted.to_bytes()
    for data in (b"", whole[:100], whole[:-1], whole + b"0", pack({"format": "other"}, {})):
        with pytest.raises(IntegrityError):
            DriftDetector.from_bytes(data)


@pytest.mark.parametrize(
    "change",
    [
        {"parameters": {"alpha": 2}},
        {"parameters": {"colour": 1}},
        {"parameters": None},
        {"columns": [{"name": "x0", "layout": "numbers"}]},
        {"columns": [{"name": "x0", "layout": "pickle"}]},
        {"columns": None},
        {"n_rows": 12},
        {"columns": [{"name": "x0", "layout": "numbers", "kind": "text"}]},
        {"columns": [{"name": "x0", "layout": "levels", "kind": "text", "levels": ["a"]}]},
    ],
)
def test_a_forged_header_with_a_right_digest_is_refused(change):
    from prodml.fingerprint import pack, sha256, unpack

    header, arrays = unpack(DriftDetector().fit(normal(0, 40)).to_bytes())
    header.pop("digest")
    header |= change
    with pytest.raises(IntegrityError):
        DriftDetector.from_bytes(pack({**header, "digest": sha256(pack(header, arrays))}, arrays))


def test_scikit_learn_can_clone_it():
    detector = DriftDetector(alpha=0.01, kinds={"a": "category"})
    assert clone(detector).get_params() == detector.get_params()
    assert not hasattr(clone(detector), "profile_")


def test_verdicts_follow_parameters_that_are_set_later():
    detector = DriftDetector().fit(normal(0, 500))
    current = normal(1, 500, 0.4)
    assert detector.detect(current).drifted
    assert not detector.set_params(min_effect=0.9).detect(current).drifted


def test_it_shows_what_was_set():
    assert repr(DriftDetector()) == "DriftDetector()"
    assert repr(DriftDetector(alpha=0.01)) == "DriftDetector(alpha=0.01)"


def test_it_can_be_pickled(fitted, frames):
    current = frames(1, 100)
    assert pickle.loads(pickle.dumps(fitted)).detect(current) == fitted.detect(current)


def test_without_a_reference_there_is_nothing_to_compare():
    for call in (DriftDetector().detect, DriftDetector().count, DriftDetector().judge):
        with pytest.raises(NotFittedError, match="call fit"):
            call(normal(0, 40))
    with pytest.raises(NotFittedError):
        DriftDetector().to_bytes()


@pytest.mark.parametrize(
    ("parameters", "message"),
    [
        ({"alpha": 5}, r"alpha must lie in \(0, 1\), got 5. Did you mean 0.05\?"),
        ({"alpha": 0}, r"alpha must lie in \(0, 1\), got 0"),
        ({"alpha": "0.05"}, "alpha must lie"),
        ({"alpha": True}, "alpha must lie"),
        ({"min_effect": 1}, r"min_effect must lie in \[0, 1\), got 1"),
        ({"min_rate": -0.1}, r"min_rate must lie in \[0, 1\), got -0.1"),
        ({"min_rows": 1}, "min_rows must be a whole number of at least 2, got 1"),
        ({"max_values": 10.5}, "max_values must be a whole number of at least 100"),
        ({"random_state": None}, "random_state must be a whole number of at least 0"),
        ({"correction": "bhh"}, "no correction 'bhh'. Did you mean \"bh\""),
        ({"columns": []}, "columns is empty"),
        ({"kinds": {"x0": "categorical"}}, "no kind 'categorical'.*Did you mean \"category\""),
    ],
)
def test_a_parameter_outside_its_range_is_named_in_fit(parameters, message):
    with pytest.raises(ConfigError, match=message):
        DriftDetector(**parameters).fit(normal(0, 50))


def test_an_unknown_parameter_is_named_with_its_nearest():
    with pytest.raises(ConfigError, match="no parameter 'alfa'. Did you mean \"alpha\""):
        DriftDetector().set_params(alfa=0.1)


@pytest.mark.parametrize(
    ("parameters", "message"),
    [
        ({"columns": ["x9"]}, 'lack column "x9". Known: "x0"'),
        ({"kinds": {"y": "category"}}, 'kinds names column "y", which is not watched'),
        ({"kinds": {"x0": "text"}}, '"x0" must hold text, got numbers'),
        ({"kinds": {"x0": "time"}}, '"x0" must hold times, got numbers'),
    ],
)
def test_a_column_that_does_not_fit_is_named_in_fit(parameters, message):
    with pytest.raises(SchemaError, match=message):
        DriftDetector(**parameters).fit(normal(0, 50))


def test_one_column_may_be_named_without_a_list():
    detector = DriftDetector(columns="x1").fit(normal(0, 50, columns=3))
    assert list(detector.profile_.columns) == ["x1"]


def test_a_thinned_reference_finds_nearly_the_same_distance_and_says_so():
    reference, current = normal(0, 20_000), normal(1, 15_000, 0.3)
    whole = DriftDetector().fit(reference).detect(current)["x0"]
    small = DriftDetector(max_values=500).fit(reference)
    thin = small.detect(current)["x0"]
    assert whole.statistic - 1 / 400 <= thin.statistic <= whole.statistic
    assert thin.interval[1] >= whole.statistic
    assert len(small.to_bytes()) < 20_000


def test_a_profile_made_of_parts_can_be_fitted():
    whole = normal(0, 900, columns=2)
    parts = [DriftProfile.of(whole[i : i + 300]) for i in (600, 0, 300)]
    merged = parts[0].merge(parts[1]).merge(parts[2])
    assert DriftDetector().fit(merged).to_bytes() == DriftDetector().fit(whole).to_bytes()
