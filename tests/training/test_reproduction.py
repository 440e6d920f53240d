"""Training again: how much is equal, and which input is to blame where it is not."""

from __future__ import annotations

import importlib.util
import json
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest
from sklearn.datasets import make_classification, make_regression
from sklearn.ensemble import (
    GradientBoostingClassifier,
    HistGradientBoostingRegressor,
    RandomForestClassifier,
)
from sklearn.linear_model import LogisticRegression, Ridge, SGDClassifier
from sklearn.neighbors import KNeighborsClassifier
from sklearn.neural_network import MLPClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer, StandardScaler
from sklearn.svm import SVC
from threadpoolctl import threadpool_limits

from prodml.errors import ConfigError
from prodml.training import Trainer, reproduce

ALWAYS = [
    RandomForestClassifier(10),
    GradientBoostingClassifier(n_estimators=10),
    LogisticRegression(),
    SGDClassifier(loss="log_loss"),
    KNeighborsClassifier(),
    SVC(),
    make_pipeline(StandardScaler(), MLPClassifier((8,), solver="lbfgs", max_iter=20, tol=10.0)),
]


def version_of(run):
    """A run as it comes back from where it was stored: the record alone, through JSON."""
    plain = json.loads(json.dumps(run.to_dict()))
    return SimpleNamespace(params=plain["params"], run=plain["record"], digest="sha256:0")


@pytest.mark.parametrize("model", ALWAYS, ids=lambda m: type(m).__name__)
def test_training_again_gives_the_same_state_to_the_last_bit(churn, model):
    trainer = Trainer(model, target="churned")
    run = trainer.fit(churn)
    for original in (run, version_of(run)):
        found = reproduce(original, churn, trainer=trainer)
        assert found.verdict == "state"
        assert found.differs == ()
        assert found.largest_gap == 0.0
        assert found


def test_a_regression_is_trained_again(prices):
    trainer = Trainer(HistGradientBoostingRegressor(max_iter=20), target="price")
    assert reproduce(version_of(trainer.fit(prices)), prices, trainer=trainer).verdict == "state"


def test_a_drawn_seed_is_taken_from_the_record(churn):
    trainer = Trainer(RandomForestClassifier(10), target="churned", random_state=None)
    run = trainer.fit(churn)
    assert reproduce(run, churn, trainer=trainer)
    assert trainer.random_state is None


def test_a_calibrated_model_with_a_threshold_is_trained_again(churn):
    from prodml.training import ByCost

    trainer = Trainer(
        RandomForestClassifier(10),
        target="churned",
        calibrate="sigmoid",
        threshold=ByCost(1, 3),
        cv=3,
    )
    assert reproduce(version_of(trainer.fit(churn)), churn, trainer=trainer).verdict == "state"


def test_the_digest_of_the_stored_bytes_is_the_strongest_proof(churn):
    trainer = Trainer(LogisticRegression(), target="churned")
    version = version_of(trainer.fit(churn))
    found = reproduce(version, churn, trainer=trainer, digest_of=lambda model: "sha256:0")
    assert found.verdict == "bytes"
    found = reproduce(version, churn, trainer=trainer, digest_of=lambda model: "sha256:1")
    assert found.verdict == "state"


def test_predictions_may_be_equal_where_the_state_cannot_be_seen(churn):
    class Open(LogisticRegression):
        def fit(self, X, y):
            self.lines_ = (line for line in "ab")  # a state that nobody can digest
            return super().fit(X, y)

    trainer = Trainer(Open(), target="churned")
    run = trainer.fit(churn)
    assert run.record["estimator"]["state"] is None
    assert reproduce(run, churn, trainer=trainer).verdict == "predictions"
    assert reproduce(version_of(run), churn, trainer=trainer).verdict == "predictions"


def test_what_is_nearly_equal_is_within_the_tolerance(prices):
    trainer = Trainer(Ridge(), target="price")
    run = trainer.fit(prices)
    nudged = prices.assign(price=prices["price"] * (1 + 1e-9))
    found = reproduce(run, nudged, trainer=trainer)
    assert found.verdict == "tolerance"
    assert 0 < found.largest_gap < 1e-6
    assert not found
    assert reproduce(run, nudged, trainer=trainer, tolerance=1e-12).verdict == "different"


def with_code(tmp_path, line):
    path = tmp_path / f"mine_{abs(hash(line))}.py"
    path.write_text(f"def halve(x):\n    return {line}\n")
    spec = importlib.util.spec_from_file_location("mine", path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return make_pipeline(FunctionTransformer(module.halve), LogisticRegression())


def one_row(c):
    row = c.rng.integers(len(c.data))
    c.data.loc[row, "spend"] += 0.5
    return 'column "spend" of the data'


def one_dtype(c):
    c.data["spend"] = c.data["spend"].astype("float32")
    return 'column "spend" of the data'


def package_version(c):
    c.version.run["environment"]["packages"]["numpy"] = f"1.{c.rng.integers(30)}.0"
    return "version of numpy"


def seed(c):
    c.trainer.set_params(random_state=int(c.rng.integers(1, 1000)))
    return "the seed"


def split(c):
    c.trainer.set_params(test_size=float(c.rng.uniform(0.3, 0.5)))
    return "setting test_size"


def parameter(c):
    c.trainer.set_params(estimator__logisticregression__C=float(c.rng.uniform(2, 9)))
    return "parameter logisticregression__C"


def thread_count(c):
    pools = c.version.run["environment"]["blas"]
    pools[c.rng.integers(len(pools))]["num_threads"] += 1
    return "number of threads"


def code_line(c):
    c.trainer.set_params(estimator=with_code(c.tmp_path, f"x * {c.rng.uniform(1, 2)}"))
    return "parameter functiontransformer__func"


def variable(c):
    c.monkeypatch.setenv("OPENBLAS_CORETYPE", f"core{c.rng.integers(99)}")
    return "variable OPENBLAS_CORETYPE"


def row_order(c):
    c.data = c.data.sample(frac=1, random_state=int(c.rng.integers(99)))
    return "order of the rows"


PERTURBATIONS = [
    one_row,
    one_dtype,
    package_version,
    seed,
    split,
    parameter,
    thread_count,
    code_line,
    variable,
    row_order,
]


SEEDS = [0, *(pytest.param(s, marks=pytest.mark.slow) for s in range(1, 10))]


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize("change", PERTURBATIONS, ids=lambda f: f.__name__)
def test_the_first_input_that_differs_is_named(churn, tmp_path, monkeypatch, change, seed):
    trainer = Trainer(with_code(tmp_path, "x * 0.5"), target="churned")
    case = SimpleNamespace(
        data=churn.copy(),
        version=version_of(trainer.fit(churn)),
        trainer=trainer,
        rng=np.random.default_rng(seed),
        tmp_path=tmp_path,
        monkeypatch=monkeypatch,
    )
    expected = change(case)
    found = reproduce(case.version, case.data, trainer=case.trainer)
    assert found.first.what == expected
    assert expected in repr(found)


def test_a_count_of_threads_is_seen_as_it_was_when_training(churn):
    trainer = Trainer(LogisticRegression(), target="churned")
    with threadpool_limits(limits=1):
        run = trainer.fit(churn)
    with threadpool_limits(limits=2):
        found = reproduce(run, churn, trainer=trainer)
    if any(pool["num_threads"] == 2 for pool in found.run.record["environment"]["blas"]):
        assert found.first.what == "number of threads"


@pytest.mark.parametrize(
    ("change", "what"),
    [
        (lambda f: f.head(199), "number of rows"),
        (lambda f: f.assign(new=1.0), 'column "new" of the data'),
        (lambda f: f.drop(columns="spend"), 'column "spend" of the data'),
        (lambda f: f[["spend", "tenure", "churned"]], "order of the columns"),
        (lambda f: f.set_axis(f.index + 1), "order of the rows"),
    ],
)
def test_other_changes_of_the_data_are_named_too(churn, change, what):
    trainer = Trainer(LogisticRegression(), target="churned")
    found = reproduce(trainer.fit(churn), change(churn), trainer=trainer)
    assert found.first.what == what


def test_a_reproduction_prints_what_differs(churn):
    trainer = Trainer(LogisticRegression(), target="churned")
    run = trainer.fit(churn)
    same = reproduce(run, churn, trainer=trainer)
    assert repr(same) == "trained again: the same learnt state\nno input differs"
    other = reproduce(run, churn, trainer=trainer.set_params(estimator__C=2.0))
    assert "parameter C" in repr(other)
    assert "<table" in other._repr_html_()
    assert json.loads(json.dumps(other.to_dict()))["verdict"] == "different"
    assert str(other.first) == "parameter C: 1.0 → 2.0"


def test_another_estimator_is_named(churn):
    run = Trainer(LogisticRegression(), target="churned").fit(churn)
    found = reproduce(run, churn, trainer=Trainer(KNeighborsClassifier(), target="churned"))
    assert any(d.what == "the estimator" for d in found.differs)


@pytest.mark.parametrize(
    ("original", "trainer", "message"),
    [
        (LogisticRegression(), None, "has no record of a training"),
        ("model/1", None, "a str has no record"),
        (None, LogisticRegression(), "trainer must be a Trainer"),
    ],
)
def test_what_cannot_be_reproduced_is_refused(churn, original, trainer, message):
    right = Trainer(LogisticRegression(), target="churned")
    with pytest.raises(ConfigError, match=message):
        reproduce(original or right.fit(churn), churn, trainer=trainer or right)


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore")  # of estimators about their defaults
def test_every_kind_of_estimator_that_fits_predicts_the_same_bits_again():
    from sklearn.utils import all_estimators

    classes, labels = make_classification(200, 6, random_state=0)
    numbers, values = make_regression(200, 6, noise=1.0, random_state=0)
    names = [f"x{i}" for i in range(6)]
    # Not negative, since counts and gamma variables are not.
    tables = {
        "classifier": pd.DataFrame(classes - classes.min(), columns=names).assign(y=labels),
        "regressor": pd.DataFrame(numbers, columns=names).assign(y=values - values.min() + 1.0),
    }
    inner = {"classifier": LogisticRegression(), "regressor": Ridge()}
    verdicts = {}
    for kind, table in tables.items():
        metric = "accuracy" if kind == "classifier" else "mae"
        for name, cls in all_estimators(type_filter=kind):
            try:
                model = cls()
            except TypeError:
                model = cls(inner[kind])  # wraps another
            try:
                trainer = Trainer(model, target="y", metrics=metric)
                run = trainer.fit(table)
            except Exception:  # noqa: BLE001  (several targets, one column, lists of estimators)
                print(name, "does not fit")
                continue
            verdicts[name] = reproduce(version_of(run), table, trainer=trainer).verdict
    print(len(verdicts), {v: list(verdicts.values()).count(v) for v in set(verdicts.values())})
    assert [n for n, v in verdicts.items() if v not in ("state", "predictions")] == []
    assert len(verdicts) >= 75
