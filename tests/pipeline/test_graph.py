from __future__ import annotations

import functools
import pickle

import pytest

from prodml.errors import ConfigError, UnknownNameError
from prodml.pipeline import Pipeline, step


def wires(pipeline):
    return {
        (s.name, node.name, s.parameter)
        for node in pipeline.graph.nodes.values()
        for s in node.sources
    }


def extract(path):
    return [path]


def clean(frame):
    return frame


def customers(customers_path):
    return customers_path


def orders(orders_path):
    return orders_path


def joined(customers, orders):
    return (customers, orders)


class Scaler:
    def fit(self, data):
        self.mean_ = sum(data) / len(data)
        return self

    def transform(self, data):
        return [x - self.mean_ for x in data]


def test_a_parameter_called_like_a_step_takes_its_value():
    assert wires(Pipeline([joined, customers, orders])) == {
        ("customers_path", "customers", "customers_path"),
        ("orders_path", "orders", "orders_path"),
        ("customers", "joined", "customers"),
        ("orders", "joined", "orders"),
    }


def test_one_free_parameter_takes_the_step_before():
    found = wires(Pipeline([extract, clean, ("again", clean)]))
    assert found == {
        ("path", "extract", "path"),
        ("extract", "clean", "frame"),
        ("clean", "again", "frame"),
    }


def test_a_chain_may_be_tapped_by_name():
    def n_rows(extract):
        return len(extract)

    assert ("extract", "clean", "frame") in wires(Pipeline([extract, clean, n_rows]))


def test_inputs_of_one_parameter_leave_another_to_the_chain():
    def thin(frame, every):
        return frame[::every]

    found = wires(Pipeline([extract, step(thin, inputs={"every": "stride"})]))
    assert {("extract", "thin", "frame"), ("stride", "thin", "every")} < found


def test_steps_that_another_asks_for_together_stand_side_by_side():
    pipeline = Pipeline([customers, orders, joined])
    assert [p.name for p in pipeline.parameters] == ["customers_path", "orders_path"]


def test_an_object_always_takes_the_step_before():
    def both(extract, scaler):
        return extract, scaler

    assert ("extract", "scaler", "data") in wires(Pipeline([extract, Scaler(), both]))


def test_a_default_makes_an_input_optional_and_leaves_the_chain_alone():
    def thin(frame, every=2):
        return frame[::every]

    pipeline = Pipeline([extract, thin])
    assert ("extract", "thin", "frame") in wires(pipeline)
    assert [(p.name, p.required) for p in pipeline.parameters] == [("path", True), ("every", False)]


def test_inputs_say_what_names_do_not():
    pipeline = Pipeline([customers, orders, step(clean, inputs={"frame": "customers"})])
    assert ("customers", "clean", "frame") in wires(pipeline)


def test_an_input_of_the_run_may_be_called_otherwise_than_the_parameter():
    pipeline = Pipeline([extract, step(clean, inputs={"frame": "table"})])
    assert ("table", "clean", "frame") in wires(pipeline)


def test_an_object_can_be_wired_by_inputs():
    pipeline = Pipeline([extract, clean, step(Scaler(), inputs={"data": "extract"})])
    assert ("extract", "scaler", "data") in wires(pipeline)


def test_the_arrow_chains():
    chained = step(extract) >> step(clean) >> ("scale", Scaler())
    assert list(chained.named_steps) == ["extract", "clean", "scale"]


@pytest.mark.parametrize(
    ("item", "name"),
    [
        (Scaler(), "scaler"),
        (functools.partial(clean), "clean"),
        (step(clean, name="tidy"), "tidy"),
        (("tidy", clean), "tidy"),
        (("tidy", step(clean, name="other")), "tidy"),
        (Pipeline([clean], name="inner part"), "inner_part"),
    ],
)
def test_a_step_goes_by_the_nearest_name(item, name):
    assert list(Pipeline([item]).named_steps) == [name]


def test_two_steps_of_one_name_are_refused():
    with pytest.raises(ConfigError, match='two steps are called "clean"'):
        Pipeline([clean, clean])


def test_a_cycle_is_refused_and_walked():
    def a(c):
        return c

    def b(a):
        return a

    def c(b):
        return b

    with pytest.raises(ConfigError, match="cycle: a <- c <- b <- a"):
        Pipeline([a, b, c])


def test_a_step_that_takes_itself_is_a_cycle():
    def loop(loop):
        return loop

    with pytest.raises(ConfigError, match="cycle: loop <- loop"):
        Pipeline([loop])


class FitTransformOnly:
    def fit_transform(self, data):
        return data


@pytest.mark.parametrize(
    ("steps", "words"),
    [
        ([], "at least one step"),
        ("extract", "sequence of steps, got str"),
        (3, "sequence of steps, got int"),
        ([3], "int has none of these"),
        ([FitTransformOnly()], "no transform"),
        ([lambda x: x], "needs a name"),
        ([("two words", clean)], "needs a name"),
        ([dict.fromkeys], "positional-only"),
        ([("make", type)], "does not tell its parameters"),
    ],
)
def test_what_is_no_step_is_refused(steps, words):
    with pytest.raises(ConfigError, match=words):
        Pipeline(steps)


def test_inputs_must_name_a_parameter():
    with pytest.raises(
        UnknownNameError, match='no parameter "frameq" of step "clean". Did you mean "frame"'
    ):
        Pipeline([step(clean, inputs={"frameq": "x"})])


def test_an_input_cannot_be_called_like_an_option_of_run():
    def load(targets):
        return targets

    with pytest.raises(ConfigError, match='no input may be called "targets"'):
        Pipeline([load])


def test_a_pipeline_prints_what_takes_what():
    text = repr(Pipeline([extract, clean], name="nightly"))
    assert text.splitlines()[0] == 'Pipeline "nightly", run(path)'
    assert "frame from extract" in text
    assert "nightly" in Pipeline([extract], name="nightly")._repr_html_()


def test_a_pipeline_draws_itself():
    def total(scaler, digits=2):
        return digits

    assert Pipeline([extract, Scaler(), total]).to_mermaid().splitlines() == [
        "flowchart LR",
        "    in_path([path])",
        "    in_digits([digits])",
        "    s_extract[extract]",
        "    s_scaler[/scaler/]",
        "    s_total[total]",
        "    in_path --> s_extract",
        "    s_extract --> s_scaler",
        "    s_scaler --> s_total",
        "    in_digits -.-> s_total",
    ]


def test_steps_are_found_by_name():
    pipeline = Pipeline([extract, clean])
    assert (pipeline["clean"], len(pipeline), list(pipeline)) == (clean, 2, ["extract", "clean"])
    with pytest.raises(UnknownNameError, match='no step "cleanq". Did you mean "clean"'):
        pipeline["cleanq"]


def test_a_long_chain_compiles_without_recursion():
    assert len(Pipeline([(f"s{i}", clean) for i in range(10_000)])) == 10_000


def test_a_step_stays_a_function():
    wrapped = step(retries=2)(extract)
    assert wrapped("a") == ["a"]
    assert (wrapped.__name__, repr(wrapped)) == ("extract", "step(extract)")


def test_a_functions_own_attributes_do_not_disturb_its_step():
    def odd(x):
        return x

    odd.name, odd.target = "other", None
    assert step(odd, name="mine").name == "mine"
    assert step(odd)(3) == 3


def test_a_step_of_an_object_survives_pickling():
    again = pickle.loads(pickle.dumps(step(Scaler(), name="mine", retries=2)))
    assert (again.name, again.policy.retries, type(again.target)) == ("mine", 2, Scaler)


def test_an_object_that_is_a_step_only_cannot_be_called():
    with pytest.raises(ConfigError, match="Scaler cannot be called"):
        step(Scaler())([1])


@pytest.mark.parametrize(
    "options",
    [
        {"retries": -1},
        {"backoff_s": -1},
        {"max_backoff_s": float("nan")},
        {"timeout_s": 0},
        {"retry_on": "OSError"},
    ],
)
def test_an_impossible_policy_is_refused(options):
    with pytest.raises(ConfigError):
        step(extract, **options)
