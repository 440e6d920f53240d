from __future__ import annotations

import multiprocessing
import random
import threading
import time
import weakref
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from prodml.errors import ConfigError, StepError, UnknownNameError
from prodml.pipeline import Pipeline, StepErrors, step
from prodml.pipeline.attempt import try_elsewhere
from prodml.pipeline.step import Policy


def extract(n):
    return list(range(n))


def double(rows):
    return [2 * r for r in rows]


def total(double):
    return sum(double)


def doubled(n):
    return Pipeline([extract, double, total]).run(n=n)


def increment(x):
    return x + 1


class Center:
    """A transformer that counts its fits."""

    def __init__(self, by=0):
        self.by = by
        self.n_fits = 0

    def get_params(self, deep=True):
        return {"by": self.by}

    def set_params(self, **params):
        self.by = params["by"]
        return self

    def fit(self, data):
        self.n_fits += 1
        self.mean_ = sum(data) / len(data) + self.by
        return self

    def transform(self, data):
        return [x - self.mean_ for x in data]


def test_values_flow_from_step_to_step():
    assert doubled(4)["total"] == 12


def test_only_what_no_step_takes_is_kept():
    result = doubled(4)
    assert (list(result), len(result), "extract" in result) == (["total"], 1, False)


def test_a_value_that_was_let_go_says_how_to_keep_it():
    with pytest.raises(
        UnknownNameError, match=r'no value of "extract" any more.*keep=\["extract"\]'
    ):
        doubled(4)["extract"]
    with pytest.raises(UnknownNameError, match='no step "totl". Did you mean "total"'):
        doubled(4)["totl"]
    assert doubled(4).get("extract", 7) == 7


def test_values_are_kept_on_request():
    result = Pipeline([extract, double, total]).run(n=3, keep=["extract"])
    assert dict(result) == {"extract": [0, 1, 2], "total": 6}


def test_a_value_is_let_go_when_no_step_needs_it_any_more():
    class Big:
        pass

    seen = []

    def make():
        big = Big()
        seen.append(weakref.ref(big))
        return big

    def use(make):
        return 1

    def later(use):
        return seen[0]() is None

    assert Pipeline([make, use, later]).run().value is True


def test_targets_execute_only_what_they_need():
    executed = []

    def left():
        executed.append("left")
        return 1

    def right():
        executed.append("right")
        return 2

    def after_left(left):
        return left + 1

    result = Pipeline([left, right, after_left]).run(targets=["after_left"])
    assert (result.value, executed) == (2, ["left"])


def test_an_override_stands_for_a_step_and_spares_what_is_before_it():
    result = Pipeline([extract, double, total]).run(overrides={"double": [1, 2]})
    assert result.value == 3
    assert [(r.step, r.status) for r in result.steps] == [
        ("double", "overridden"),
        ("total", "finished"),
    ]


def test_an_overridden_target_is_its_override():
    assert Pipeline([extract]).run(overrides={"extract": 5}).value == 5


def test_defaults_are_inputs_that_may_be_given():
    def scale(rows, factor=10):
        return [factor * r for r in rows]

    pipeline = Pipeline([extract, scale])
    assert pipeline.run(n=2).value == [0, 10]
    assert pipeline.run(n=2, factor=3).value == [0, 3]


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda p: p.run(), r'step "extract" needs the input "n": pass run\(n=...\)'),
        (lambda p: p.run(n=1, nn=2), r'no step takes an input "nn". Did you mean "n"'),
        (lambda p: p.run(n=1, double=2), r"It is a step: pass run\(overrides="),
        (lambda p: p.run(n=1, rows=2), r'"rows" of step "double" takes the value of "extract"'),
        (lambda p: p.run(n=1, targets="total"), "targets must be a sequence"),
    ],
)
def test_wrong_inputs_are_told_with_advice(call, words):
    with pytest.raises(ConfigError, match=words):
        call(Pipeline([extract, double, total]))


def test_a_pipeline_without_inputs_says_so():
    with pytest.raises(ConfigError, match="takes no input"):
        Pipeline([("one", lambda: 1)]).run(n=1)


@pytest.mark.parametrize("option", ["targets", "keep", "overrides"])
def test_an_unknown_step_is_refused_everywhere(option):
    given_names = {"totl": 1} if option == "overrides" else ["totl"]
    with pytest.raises(UnknownNameError, match='no step "totl"'):
        Pipeline([extract, double, total]).run(n=1, **{option: given_names})


def test_a_chain_of_ten_thousand_steps_runs():
    assert Pipeline([(f"s{i}", increment) for i in range(10_000)]).run(x=0).value == 10_000


@given(st.integers(0, 2**32), st.integers(1, 12))
def test_any_graph_gives_what_a_plain_evaluation_gives(seed, n):
    rng = random.Random(seed)
    parents = {i: sorted(rng.sample(range(i), rng.randint(0, min(i, 3)))) for i in range(n)}
    steps = [(f"s{i}", _sum_of([f"s{p}" for p in parents[i]], i)) for i in range(n)]
    rng.shuffle(steps)
    expected = []
    for i in range(n):
        expected.append(i + sum(expected[p] for p in parents[i]))
    names = [f"s{i}" for i in range(n)]
    with ThreadPoolExecutor(2) as pool:
        for executor in (None, pool):
            result = Pipeline(steps).run(keep=names, executor=executor)
            assert [result[name] for name in names] == expected


def _sum_of(parents, own):
    scope = {}
    exec(f"def f({', '.join(parents)}): return {' + '.join([str(own), *parents])}", scope)
    return scope["f"]


def test_frames_are_not_shared_between_branches():
    def source():
        return pd.DataFrame({"a": [1, 2]})

    def spoil(source):
        source["b"] = 0
        source.loc[0, "a"] = 99
        return source

    def read(source):
        return source["a"].tolist() + list(source.columns)

    assert Pipeline([source, spoil, read]).run(targets=["spoil", "read"])["read"] == [1, 2, "a"]


def test_what_the_caller_passed_in_is_not_changed():
    def spoil(frame):
        frame["b"] = 0
        return frame

    mine = pd.DataFrame({"a": [1]})
    Pipeline([spoil]).run(frame=mine)
    Pipeline([("load", lambda: 1), spoil]).run(overrides={"load": mine})
    assert list(mine.columns) == ["a"]


def test_independent_branches_run_at_once():
    meet = threading.Barrier(2, timeout=20)

    def left():
        return meet.wait() >= 0

    def right():
        return meet.wait() >= 0

    with ThreadPoolExecutor(2) as pool:
        assert dict(Pipeline([left, right]).run(executor=pool)) == {"left": True, "right": True}


def test_processes_run_steps_that_can_be_pickled():
    with ProcessPoolExecutor(1, mp_context=multiprocessing.get_context("fork")) as pool:
        chain = Pipeline([("sorted", _sorted), ("largest", _largest)])
        assert chain.run(rows=[3, 1, 2], executor=pool).value == 3


def _sorted(rows):
    return sorted(rows)


def _largest(rows):
    return max(rows)


def test_what_cannot_travel_to_a_process_is_the_steps_failure():
    with (
        ProcessPoolExecutor(1, mp_context=multiprocessing.get_context("fork")) as pool,
        pytest.raises(StepError, match='step "local" of pipeline') as caught,
    ):
        Pipeline([("local", lambda: 1)]).run(executor=pool)
    assert caught.value.__cause__ is not None


@step(retries=1)
def _decorated(rows):
    return [r + 1 for r in rows]


def test_a_decorated_function_travels_to_another_process():
    with ProcessPoolExecutor(1, mp_context=multiprocessing.get_context("fork")) as pool:
        assert Pipeline([_decorated]).run(rows=[1], executor=pool).value == [2]


def _unknown(rows):
    raise UnknownNameError(
        "city", "Atlantis", ["Oslo"]
    )  # its constructor takes more than a message


@pytest.mark.parametrize(("function", "cause"), [(_largest, TypeError), (_unknown, RuntimeError)])
def test_an_error_comes_home_from_another_process(function, cause):
    with ProcessPoolExecutor(1, mp_context=multiprocessing.get_context("fork")) as pool:
        pipeline = Pipeline([("bad", function)])
        for _ in range(2):  # the pool is not broken by the first
            with pytest.raises(StepError, match='step "bad"') as caught:
                pipeline.run(rows=3, executor=pool)
    assert type(caught.value.__cause__) is cause
    assert "In the worker" in caught.value.__cause__.__notes__[0]


@pytest.mark.parametrize(
    ("error", "kind"), [(KeyError("x"), KeyError), (UnknownNameError("a", "b"), RuntimeError)]
)
def test_an_error_that_cannot_travel_is_told_by_another(error, kind):
    def fail():
        raise error

    tried = try_elsewhere(-1, fail, {}, policy=Policy(), rng=random.Random(1), sleep=time.sleep)
    assert type(tried.error) is kind
    assert type(error).__name__ in f"{tried.error!r}{tried.error.__notes__}"


def test_a_transformer_is_fitted_once_and_a_second_run_agrees():
    center = Center()
    pipeline = Pipeline([extract, center])
    first = pipeline.run(n=3).value
    assert first == pipeline.run(n=3).value == [-1, 0, 1]
    assert center.n_fits == 1


def test_later_rows_are_transformed_by_what_the_first_run_learned():
    pipeline = Pipeline([extract, Center()])
    pipeline.run(n=3)
    assert pipeline.run(n=1).value == [-1]


def test_a_transformer_is_fitted_here_even_if_others_do_the_work():
    center = Center()
    with ThreadPoolExecutor(1) as pool:
        pipeline = Pipeline([extract, center])
        assert pipeline.run(n=3, executor=pool).value == pipeline.run(n=3, executor=pool).value
    assert center.n_fits == 1


def test_scikit_learn_transformers_are_steps():
    from sklearn.compose import ColumnTransformer
    from sklearn.preprocessing import FunctionTransformer, StandardScaler

    def load():
        return pd.DataFrame({"a": [1.0, 3.0]})

    scale = ColumnTransformer([("s", StandardScaler(), ["a"])])
    pipeline = Pipeline([load, scale, FunctionTransformer(abs)])
    assert pipeline.run().value.tolist() == [[1.0], [1.0]]
    assert pipeline.apply(pd.DataFrame({"a": [4.0]})).tolist() == [[2.0]]


def test_a_transformer_without_fit_has_nothing_to_learn():
    class Negate:
        def transform(self, data):
            return [-x for x in data]

    assert Pipeline([extract, Negate()]).run(n=2).value == [0, -1]


def test_apply_never_fits():
    pipeline = Pipeline([extract, Center()])
    with pytest.raises(StepError, match="NotFittedError") as caught:
        pipeline.apply([1, 2])
    assert 'step "center" is not fitted yet' in str(caught.value.__cause__)
    pipeline.run(n=3)
    assert pipeline.apply([5]) == [4]


def test_apply_may_start_and_end_where_it_is_told():
    pipeline = Pipeline([extract, double, total])
    assert pipeline.apply([1, 2], after="double") == 3
    assert pipeline.apply([1, 2], target="double") == [2, 4]


def test_apply_needs_one_end():
    def other(extract):
        return extract

    with pytest.raises(ConfigError, match="ends in several steps, name one of them: total, other"):
        Pipeline([extract, step(double, inputs={"rows": "extract"}), total, other]).apply([1])


def test_a_pipeline_is_a_step_of_another():
    inner = Pipeline([double, Center()], name="inner")
    outer = Pipeline([extract, inner, ("length", len_of)])
    assert outer.run(n=3, keep=["inner"])["inner"] == [-2, 0, 2]
    assert outer.apply([10], target="inner") == [18]


def len_of(rows):
    return len(rows)


def test_an_inner_pipelines_inputs_are_wired_by_name():
    def weights():
        return [1, 2]

    def weigh(weights, rows):
        return sum(w * r for w, r in zip(weights, rows, strict=True))

    inner = Pipeline([weigh], name="inner")
    assert Pipeline([weights, ("rows", lambda: [3, 4]), inner]).run().value == 11


def test_a_result_prints_as_a_table_of_steps():
    result = doubled(4)
    lines = repr(result).splitlines()
    assert lines[0].startswith('Pipeline "pipeline": 3 steps in ')
    assert [line.split()[:2] for line in lines[3:]] == [
        [s, "finished"] for s in ("extract", "double", "total")
    ]
    assert "double" in result._repr_html_()


def test_rows_in_and_out_are_counted():
    assert [(r.rows_in, r.rows_out) for r in doubled(4).steps] == [(None, 4), (4, 4), (4, None)]


def test_a_result_becomes_plain_data_without_values():
    found = doubled(4).to_dict()
    assert found["steps"][1]["rows_in"] == 4
    assert found["quarantined"] == {}
    assert set(doubled(4).timings) == {"extract", "double", "total"}


def test_a_run_with_several_values_has_no_single_one():
    with pytest.raises(ConfigError, match="2 values: a, b"):
        _ = Pipeline([("a", lambda: 1), ("b", lambda: 2)]).run().value


# -- failure -----------------------------------------------------------------------------------------


def _broken(rows):
    raise ValueError("Mary Smith is not a number")


def test_a_failed_step_is_told_by_name_and_shapes_with_its_cause():
    with pytest.raises(StepError) as caught:
        Pipeline([extract, ("parse", _broken)], name="nightly").run(n=3)
    message = 'step "parse" of pipeline "nightly" failed with ValueError. Inputs: rows = list of 3'
    assert str(caught.value) == message
    assert caught.value.step == "parse"
    assert isinstance(caught.value.__cause__, ValueError)


def test_frames_are_told_by_columns_and_dtypes_and_never_by_values():
    frame = pd.DataFrame({"name": ["Mary Smith"], "age": [31]} | {f"c{i}": [0] for i in range(20)})
    with pytest.raises(StepError) as caught:
        Pipeline([("parse", _broken)]).run(rows=frame)
    assert "DataFrame of 1 rows (name str, age int64, c0 int64" in str(caught.value).replace(
        "object", "str"
    )
    assert "and 10 more" in str(caught.value)
    assert "Mary" not in str(caught.value)


def test_arrays_are_told_by_shape():
    with pytest.raises(StepError, match=r"ndarray of shape \(2, 3\), float64"):
        Pipeline([("parse", _broken)]).run(rows=pd.DataFrame([[0.0] * 3] * 2).to_numpy())


@pytest.mark.parametrize("pooled", [False, True])
def test_branches_that_do_not_need_a_failed_step_finish(pooled):
    finished = []

    def fine(extract):
        finished.append("fine")

    def after(parse):
        finished.append("after")

    def last(after, fine):
        finished.append("last")

    parse = step(_broken, name="parse", inputs={"rows": "extract"})
    events = []
    with ThreadPoolExecutor(2) as pool, pytest.raises(StepError):
        Pipeline([extract, parse, fine, after, last]).run(
            n=1, executor=pool if pooled else None, on_event=events.append
        )
    assert finished == ["fine"]
    assert events[-1].counts == {"finished": 2, "failed": 1, "skipped": 2}


def test_several_failures_come_as_one_group():
    pipeline = Pipeline([("a", _fails), ("b", _fails), ("c", lambda: 1)])
    with pytest.raises(StepErrors) as caught:
        pipeline.run()
    assert [e.step for e in caught.value.exceptions] == ["a", "b"]
    assert str(caught.value).startswith('2 steps of pipeline "pipeline" failed: step "a"')
    chosen, rest = caught.value.split(lambda e: getattr(e, "step", "") == "a")
    assert (type(chosen), len(rest.exceptions)) == (StepErrors, 1)


def _fails():
    raise KeyError("x")


@pytest.mark.parametrize("pooled", [False, True])
def test_an_interrupt_is_not_a_failure_of_the_step(pooled):
    def interrupted():
        raise KeyboardInterrupt

    with ThreadPoolExecutor(1) as pool, pytest.raises(KeyboardInterrupt):
        Pipeline([interrupted, ("other", lambda: 1)]).run(executor=pool if pooled else None)


# -- retries and timeouts ----------------------------------------------------------------------------


class Flaky:
    def __init__(self, n_failures, error=OSError):
        self.left = n_failures
        self.error = error

    def __call__(self):
        self.left -= 1
        if self.left >= 0:
            raise self.error("down")
        return "up"


def test_a_step_is_tried_again_with_full_jitter():
    pauses = []
    flaky = step(Flaky(5), retries=5, backoff_s=1, max_backoff_s=4)
    result = Pipeline([flaky], sleep=pauses.append, rng=random.Random(7)).run()
    twin = random.Random(7)
    assert pauses == [twin.uniform(0, cap) for cap in (1, 2, 4, 4, 4)]
    assert (result.value, result.steps[0].attempts) == ("up", 6)


def test_retries_end():
    with pytest.raises(StepError, match="failed with OSError after 3 attempts"):
        Pipeline([step(Flaky(9), retries=2)], sleep=lambda s: None).run()


def test_only_listed_errors_are_tried_again():
    with pytest.raises(StepError, match="failed with KeyError. Inputs: none"):
        Pipeline([step(Flaky(1, KeyError), retries=2)], sleep=lambda s: None).run()
    again = step(Flaky(1, KeyError), retries=2, retry_on=KeyError)
    assert Pipeline([again], sleep=lambda s: None).run().value == "up"


def test_retries_work_on_an_executor_too():
    events = []
    with ThreadPoolExecutor(1) as pool:
        pipeline = Pipeline([step(Flaky(2), retries=2)], sleep=lambda s: None)
        assert pipeline.run(executor=pool, on_event=events.append).value == "up"
    assert [type(e).__name__ for e in events] == [
        "RunStarted", "StepStarted", "StepRetried", "StepRetried", "StepFinished", "RunFinished",
    ]  # fmt: skip


def test_an_attempt_that_takes_too_long_is_given_up():
    free = threading.Event()

    def hang():
        free.wait(20)

    start = time.monotonic()
    with pytest.raises(StepError, match="failed with TimeoutError"):
        Pipeline([step(hang, timeout_s=0.05)]).run()
    free.set()
    assert time.monotonic() - start < 15


def test_a_step_within_its_time_is_not_disturbed():
    assert Pipeline([step(len_of, timeout_s=20)]).run(rows=[1]).value == 1


# -- parameters --------------------------------------------------------------------------------------


def test_a_pipeline_can_be_cloned():
    from sklearn.base import clone

    pipeline = Pipeline([extract, Center(by=2)], name="nightly")
    pipeline.run(n=3)
    twin = clone(pipeline)
    assert (twin.name, twin["center"].by, hasattr(twin["center"], "mean_")) == ("nightly", 2, False)


def test_parameters_of_steps_are_parameters_of_the_pipeline():
    pipeline = Pipeline([extract, Center(by=2)])
    assert pipeline.get_params()["center__by"] == 2
    assert "center__by" not in pipeline.get_params(deep=False)
    assert pipeline.set_params(center__by=5)["center"].by == 5


def test_setting_steps_compiles_them():
    pipeline = Pipeline([extract])
    assert pipeline.set_params(steps=[extract, double], name="new").run(n=2).value == [0, 2]
    with pytest.raises(ConfigError):
        pipeline.set_params(steps=[])
    with pytest.raises(UnknownNameError, match='no parameter "nameq"'):
        pipeline.set_params(nameq="x")
