"""Estimators by what they are and have learned."""

from __future__ import annotations

import io
import pickle
import threading
import warnings

import numpy as np
import pytest
from sklearn.base import BaseEstimator, clone
from sklearn.cluster import KMeans
from sklearn.compose import ColumnTransformer
from sklearn.ensemble import HistGradientBoostingRegressor, RandomForestClassifier
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression, Ridge
from sklearn.neighbors import KNeighborsClassifier
from sklearn.neural_network import MLPClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer, StandardScaler
from sklearn.svm import SVC

from prodml.errors import ConfigError
from prodml.fingerprint import fingerprint_estimator

X = np.random.default_rng(0).normal(size=(60, 3))
Y = (X[:, 0] > 0).astype(int)


def halve(values):
    return values / 2


ESTIMATORS = [
    LogisticRegression(),
    RandomForestClassifier(n_estimators=4, random_state=0),
    HistGradientBoostingRegressor(max_iter=3, random_state=0),
    SVC(),
    KNeighborsClassifier(algorithm="kd_tree"),
    KMeans(2, n_init=1, random_state=0),
    MLPClassifier((3,), max_iter=5, solver="sgd", random_state=np.random.RandomState(0)),
    make_pipeline(
        ColumnTransformer([("z", StandardScaler(), [0, 1])], remainder="passthrough"),
        FunctionTransformer(halve),
        Ridge(),
    ),
]


def fit(estimator):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return estimator.fit(X, Y)


@pytest.mark.parametrize("estimator", ESTIMATORS, ids=lambda e: type(e).__name__)
def test_the_digest_survives_a_pickle_a_prediction_and_a_second_fit(estimator):
    fitted = fit(clone(estimator))
    before = fingerprint_estimator(fitted)
    fitted.predict(X)
    assert fingerprint_estimator(fitted) == before
    assert fingerprint_estimator(pickle.loads(pickle.dumps(fitted))) == before
    assert fingerprint_estimator(fit(clone(estimator))) == before
    assert fingerprint_estimator(clone(estimator)) != before


def test_the_number_of_jobs_does_not_count():
    forests = [
        fit(RandomForestClassifier(5, random_state=0, n_jobs=n_jobs)) for n_jobs in (None, 1, 2)
    ]
    nested = [make_pipeline(StandardScaler(), forest) for forest in forests]
    assert len({fingerprint_estimator(e) for e in forests}) == 1
    assert len({fingerprint_estimator(e) for e in nested}) == 1


def test_class_parameters_data_and_seed_count():
    estimators = [
        Ridge(),
        Ridge(alpha=2),
        Ridge().fit(X, Y),
        Ridge().fit(X[:-1], Y[:-1]),
        LogisticRegression(),
        RandomForestClassifier(3, random_state=0),
        fit(RandomForestClassifier(3, random_state=0)),
        fit(RandomForestClassifier(3, random_state=1)),
        make_pipeline(Ridge()),
        make_pipeline(Ridge(alpha=2)),
        FunctionTransformer(halve),
        FunctionTransformer(np.log1p),
        FunctionTransformer(lambda values: values),
    ]
    assert len({fingerprint_estimator(e) for e in estimators}) == len(estimators)


def test_the_smallest_change_of_a_weight_counts():
    a, b = Ridge().fit(X, Y), Ridge().fit(X, Y)
    b.coef_[0] = np.nextafter(b.coef_[0], 1)
    assert fingerprint_estimator(a) != fingerprint_estimator(b)


def test_memory_addresses_do_not_count():
    texts = ["one two", "two three"]
    vectorizer = TfidfVectorizer(stop_words=["a", "b"]).fit(texts)
    other = TfidfVectorizer(stop_words=list("ab")).fit(texts)
    assert fingerprint_estimator(vectorizer) == fingerprint_estimator(other)


class Own(BaseEstimator):
    def __init__(self, part=None):
        self.part = part


@pytest.mark.parametrize(
    "part", [threading.Lock(), io.TextIOWrapper(io.BytesIO())], ids=["lock", "file"]
)
def test_a_part_that_cannot_be_seen_is_named(part):
    with pytest.raises(ConfigError, match=r"^Own\.part\[0\]\.part is a .* cannot be seen"):
        fingerprint_estimator(Own([Own(part)]))


@pytest.mark.parametrize("what", [Ridge, 3, None, object()])
def test_what_is_no_estimator_is_refused(what):
    with pytest.raises(ConfigError, match="an estimator"):
        fingerprint_estimator(what)
