from __future__ import annotations

import copy
import datetime as dt
import json
import pickle
import subprocess
import sys
from decimal import Decimal
from importlib.util import find_spec

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.base import clone
from sklearn.linear_model import LinearRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder

from prodml.errors import ConfigError, KeyMaterialError, NotFittedError, SchemaError
from prodml.keys import EnvKeys, StaticKeys
from prodml.ports import Key
from prodml.privacy import (
    Anonymizer,
    Drop,
    Generalize,
    Keep,
    Mask,
    Pseudonymize,
    Redact,
    TopCode,
)

SECRET = bytes.fromhex("8f1d7a60c3e24b95d0a1f2c4e5b69788a0b1c2d3e4f5061728394a5b6c7d8e9f")
KEYS = StaticKeys({"pseudonym": Key("k1", SECRET)}, warn=False)
POLICY = {
    "email": Pseudonymize(),
    "card": Mask(),
    "age": Generalize(width=10),
    "income": TopCode(high=100_000),
    "note": Redact(),
    "name": Drop(),
    "score": Keep(),
}


@pytest.fixture
def people():
    return pd.DataFrame(
        {
            "name": ["Ann", "Bo", "Cy"],
            "email": ["ann@x.io", "bo@x.io", None],
            "card": ["4111111111111111", None, "5500005555555559"],
            "age": [34, 51, 29],
            "income": [50_000, 250_000, 90_000],
            "note": ["met in May", None, "vip"],
            "score": [0.1, 0.2, 0.3],
        }
    )


def test_every_column_becomes_what_the_policy_says(people):
    after = Anonymizer(POLICY, keys=KEYS).fit_transform(people)
    assert list(after.columns) == ["email", "card", "age", "income", "note", "score"]
    assert after["age"].tolist() == ["[30, 40)", "[50, 60)", "[20, 30)"]
    assert after["card"].tolist()[::2] == ["************1111", "************5559"]
    assert after["income"].tolist() == [50_000, 100_000, 90_000]
    assert after["note"].tolist()[::2] == ["[REDACTED]", "[REDACTED]"]
    assert after["score"].tolist() == [0.1, 0.2, 0.3]
    assert after["email"].str.fullmatch("k1:[0-9a-f]{32}").tolist()[:2] == [True, True]
    assert after.isna().sum().to_dict() == {
        "email": 1, "card": 1, "age": 0, "income": 0, "note": 1, "score": 0
    }  # fmt: skip


def test_the_input_is_left_alone(people):
    before = people.copy(deep=True)
    Anonymizer(POLICY, keys=KEYS).fit_transform(people)
    pd.testing.assert_frame_equal(people, before)


DTYPES = ["object", "str", "category", "string"]
if find_spec("pyarrow") is not None:
    DTYPES.append("string[pyarrow]")


@given(
    st.lists(
        st.one_of(st.none(), st.text(st.characters(exclude_categories=["Cs"]))),
        min_size=1,
        max_size=8,
    ),
    st.sampled_from(DTYPES),
    st.integers(1, 8),
)
def test_frame_chunk_and_record_agree_whatever_the_dtype(cells, dtype, size):
    series = pd.Series(cells, dtype=object)
    # pandas 2 would write a missing value as text when it casts to str.
    typed = series if dtype == "str" and pd.__version__ < "3" else series.astype(dtype)
    frame = pd.DataFrame({"x": typed, "y": typed, "z": typed})
    policy = {"x": Pseudonymize(), "y": Mask(), "z": Redact()}
    anonymizer = Anonymizer(policy, keys=KEYS).fit(frame)
    expected = [anonymizer.transform_record({"x": c, "y": c, "z": c}) for c in cells]
    chunks = [anonymizer.transform(frame.iloc[i : i + size]) for i in range(0, len(frame), size)]
    whole = anonymizer.transform(frame)
    for after in (whole, pd.concat([chunk.astype(object) for chunk in chunks])):
        assert after.astype(object).where(after.notna(), None).to_dict("records") == expected


@pytest.mark.parametrize(
    ("cells", "dtype"),
    [
        ([1, 2, None], None),
        ([1, 2, None], "Int64"),
        ([1, 2, None], "int64[pyarrow]"),
        ([1, 2, None], object),
        ([1, 2, None], "category"),
        (["1", "2", None], None),
        ([Decimal(1), Decimal("2.0"), None], object),
    ],
)
def test_one_id_has_one_pseudonym_in_every_dtype(cells, dtype):
    if "pyarrow" in str(dtype):
        pytest.importorskip("pyarrow", reason="columns on Arrow memory need the extra arrow")
    column = pd.Series(cells, dtype=dtype)
    after = Anonymizer({"id": Pseudonymize()}, keys=KEYS).fit_transform(
        pd.DataFrame({"id": column})
    )
    reference = Pseudonymize().bind("id", Key("k1", SECRET))
    assert after["id"].tolist()[:2] == [reference.one(1, {}), reference.one(2, {})]
    assert pd.isna(after["id"].iloc[2])


@pytest.mark.parametrize("unit", ["s", "ms", "us", "ns"])
def test_one_date_has_one_pseudonym_in_every_unit(unit):
    stamps = pd.Series(pd.to_datetime(["2024-05-01"])).dt.as_unit(unit)
    after = Anonymizer({"d": Pseudonymize()}, keys=KEYS).fit_transform(pd.DataFrame({"d": stamps}))
    assert after["d"][0] == Pseudonymize().bind("d", Key("k1", SECRET)).one(dt.date(2024, 5, 1), {})


def test_a_result_is_the_same_in_another_process(people, tmp_path):
    script = (
        "import json, sys\n"
        "from prodml.keys import EnvKeys\n"
        "from prodml.privacy import Anonymizer, Pseudonymize\n"
        "a = Anonymizer({'email': Pseudonymize()}, keys=EnvKeys())\n"
        "a.fit([{'email': 'x'}])\n"
        "print(json.dumps(a.transform_record({'email': 'ann@x.io'})))\n"
    )
    env = {"PRODML_KEY_PSEUDONYM": f"k1:{SECRET.hex()}", "PYTHONHASHSEED": "7"}
    run = subprocess.run(
        [sys.executable, "-c", script],
        env=env,
        capture_output=True,
        text=True,
        check=True,
        cwd=tmp_path,
    )
    anonymizer = Anonymizer({"email": Pseudonymize()}, keys=KEYS).fit(people[["email"]])
    assert json.loads(run.stdout) == anonymizer.transform_record({"email": "ann@x.io"})


def test_records_and_polars_come_in_as_well(people):
    pl = pytest.importorskip("polars", reason="polars frames need the extra polars")
    policy = {"age": Generalize(width=10), "card": Mask()}
    reference = Anonymizer(policy).fit_transform(people[["age", "card"]])
    records = people[["age", "card"]].to_dict("records")
    again = Anonymizer(policy).fit_transform(records)
    assert again["age"].tolist() == reference["age"].tolist()
    frame = pl.DataFrame(
        {"age": [34, 51, 29], "card": ["4111111111111111", None, "5500005555555559"]}
    )
    assert Anonymizer(policy).fit_transform(frame)["card"].tolist()[0] == "************1111"


def test_columns_may_come_in_another_order(people):
    anonymizer = Anonymizer(POLICY, keys=KEYS).fit(people)
    after = anonymizer.transform(people[people.columns[::-1]])
    pd.testing.assert_frame_equal(after, anonymizer.transform(people))


def test_no_rows_give_no_rows(people):
    after = Anonymizer(POLICY, keys=KEYS).fit(people).transform(people.head(0))
    assert list(after.columns) == ["email", "card", "age", "income", "note", "score"]
    assert len(after) == 0


def test_the_row_numbers_are_kept(people):
    after = Anonymizer(POLICY, keys=KEYS).fit(people).transform(people.iloc[[2, 0]])
    assert after.index.tolist() == [2, 0]


# --- nothing passes that nobody decided on -------------------------------------------------------


def test_a_misspelt_column_raises_and_names_the_nearest(people):
    with pytest.raises(SchemaError, match='"emial" is missing. Did you mean "email"') as caught:
        Anonymizer({"emial": Pseudonymize()}, keys=KEYS, remainder="keep").fit(people)
    assert caught.value.column == "emial"


def test_an_unlisted_column_raises(people):
    with pytest.raises(SchemaError, match='nobody decided what becomes of "name"'):
        Anonymizer({k: v for k, v in POLICY.items() if k != "name"}, keys=KEYS).fit(people)


def test_an_unlisted_column_can_be_dropped_or_kept(people):
    policy = {"age": Generalize(width=10)}
    dropped = Anonymizer(policy, remainder="drop").fit_transform(people)
    assert list(dropped.columns) == ["age"]
    kept = Anonymizer(policy, remainder="keep").fit_transform(people)
    assert list(kept.columns) == list(people.columns)
    assert kept["name"].tolist() == people["name"].tolist()


@pytest.mark.parametrize("remainder", ["raise", "keep"])
def test_a_column_that_came_later_raises(people, remainder):
    anonymizer = Anonymizer(POLICY, keys=KEYS, remainder=remainder).fit(people)
    with pytest.raises(SchemaError, match='nobody decided what becomes of "ssn"'):
        anonymizer.transform(people.assign(ssn="078-05-1120"))
    with pytest.raises(SchemaError, match='"ssn"'):
        anonymizer.transform_record({**people.iloc[0].to_dict(), "ssn": "078-05-1120"})


def test_a_column_that_came_later_is_dropped_where_one_said_so(people):
    anonymizer = Anonymizer({"age": Generalize(width=10)}, remainder="drop").fit(people)
    assert list(anonymizer.transform(people.assign(ssn="1")[["ssn", "age"]]).columns) == ["age"]
    assert anonymizer.transform_record({"age": 3, "ssn": "1"}) == {"age": "[0, 10)"}


def test_a_column_that_went_raises(people):
    anonymizer = Anonymizer(POLICY, keys=KEYS).fit(people)
    with pytest.raises(SchemaError, match='"email" is missing'):
        anonymizer.transform(people.drop(columns="email"))
    with pytest.raises(SchemaError, match='"email" is missing'):
        anonymizer.transform_record(people.drop(columns="email").iloc[0].to_dict())


@pytest.mark.parametrize("remainder", ["raise", "drop"])
@pytest.mark.parametrize("index", ["email", "age", ["email", "age"]])
def test_an_index_with_data_in_it_raises(people, remainder, index):
    policy = {"name": Drop(), "score": Keep()}
    anonymizer = Anonymizer(policy, remainder=remainder).fit(people[["name", "score"]])
    with pytest.raises(SchemaError, match="reset_index"):
        anonymizer.transform(people.set_index(index)[["name", "score"]])


def test_an_index_is_kept_where_one_said_so(people):
    table = people.set_index("email")[["age"]]
    after = Anonymizer({"age": Generalize(width=10)}, remainder="keep").fit_transform(table)
    assert after.index.tolist()[:2] == ["ann@x.io", "bo@x.io"]


@pytest.mark.parametrize("record", ["ann", ["ann"], None, 5])
def test_what_is_no_record_is_refused(people, record):
    with pytest.raises(SchemaError, match="a record is a mapping"):
        Anonymizer(POLICY, keys=KEYS).fit(people).transform_record(record)


def test_without_keys_nothing_is_pseudonymised(people):
    with pytest.raises(KeyMaterialError, match="keys="):
        Anonymizer(POLICY).fit(people)


def test_without_a_key_for_pseudonyms_nothing_is_pseudonymised(people):
    other = StaticKeys({"model": SECRET}, warn=False)
    with pytest.raises(KeyMaterialError, match="pseudonym"):
        Anonymizer(POLICY, keys=other).fit(people)


def test_a_policy_without_secrets_needs_no_keys(people):
    anonymizer = Anonymizer({"age": Generalize(width=10)}, remainder="drop").fit(people)
    assert anonymizer.kid_ is None


@pytest.mark.parametrize("remainder", ["ignore", None, "passthrough"])
def test_an_unknown_remainder_is_refused_in_fit(people, remainder):
    with pytest.raises(ConfigError, match="remainder must be one of"):
        Anonymizer(POLICY, keys=KEYS, remainder=remainder).fit(people)


def test_a_policy_that_is_none_is_refused_in_fit(people):
    with pytest.raises(ConfigError, match="policy is a mapping"):
        Anonymizer(["email"]).fit(people)


# --- scikit-learn's conventions ------------------------------------------------------------------


@pytest.mark.parametrize("method", ["transform", "transform_record"])
def test_before_fit_there_is_nothing_to_apply(people, method):
    with pytest.raises(NotFittedError, match="call fit"):
        getattr(Anonymizer(POLICY, keys=KEYS), method)(people)


def test_what_was_fitted_can_be_read(people):
    anonymizer = Anonymizer(POLICY, keys=KEYS).fit(people)
    assert anonymizer.n_features_in_ == 7
    assert anonymizer.feature_names_in_.tolist() == list(people.columns)
    assert anonymizer.get_feature_names_out().tolist() == list(anonymizer.transform(people).columns)
    assert anonymizer.kid_ == "k1"


def test_a_clone_has_the_arguments_and_is_not_fitted(people):
    anonymizer = Anonymizer(POLICY, keys=KEYS, remainder="drop").fit(people)
    copied = clone(anonymizer)
    assert copied.get_params() == anonymizer.get_params()
    assert copied.keys is KEYS
    assert not hasattr(copied, "policy_")


def test_parameters_can_be_set(people):
    anonymizer = Anonymizer(POLICY, keys=KEYS).set_params(remainder="drop", policy={"age": Drop()})
    assert anonymizer.remainder == "drop"
    with pytest.raises(ConfigError, match='Did you mean "remainder"'):
        anonymizer.set_params(remaindr="drop")


def test_a_remainder_set_after_fit_waits_for_the_next(people):
    policy = {k: v for k, v in POLICY.items() if k != "score"}
    anonymizer = Anonymizer(policy, keys=KEYS, remainder="drop").fit(people)
    anonymizer.set_params(remainder="keep", keys=KEYS)
    assert "score" not in anonymizer.transform(people)


def test_new_keys_take_effect_at_once(people):
    anonymizer = Anonymizer(POLICY, keys=KEYS).fit(people)
    other = StaticKeys({"pseudonym": Key("k2", SECRET[::-1])}, warn=False)
    anonymizer.set_params(keys=other)
    assert anonymizer.transform(people)["email"][0].startswith("k2:")


def test_it_stands_in_a_pipeline(people):
    policy = {"age": Generalize(width=10), "score": Keep()}
    pipeline = make_pipeline(
        Anonymizer(policy, remainder="drop"), OneHotEncoder(), LinearRegression()
    )
    pipeline.fit(people, people["income"])
    assert np.allclose(pipeline.predict(people), people["income"])
    assert "Anonymizer" in pipeline._repr_html_()


# --- secrets stay where they are -----------------------------------------------------------------


def forms(secret):
    import base64

    return [secret, secret.hex().encode(), base64.b64encode(secret), repr(secret)[2:-1].encode()]


def assert_without_secret(data):
    data = data if isinstance(data, bytes) else str(data).encode()
    assert not any(form in data for form in forms(SECRET))


def test_no_secret_in_repr_params_or_pickle(people):
    anonymizer = Anonymizer(POLICY, keys=KEYS).fit(people)
    assert_without_secret(repr(anonymizer))
    assert_without_secret(anonymizer._repr_html_())
    assert_without_secret(repr(anonymizer.get_params()))
    assert_without_secret(json.dumps(anonymizer.policy_.to_dict()))
    assert_without_secret(pickle.dumps(anonymizer))
    assert_without_secret(repr({k: v for k, v in vars(anonymizer).items() if k != "_actions"}))


def test_a_pickled_anonymizer_asks_for_its_keys_again(people):
    anonymizer = Anonymizer(POLICY, keys=KEYS).fit(people)
    again = pickle.loads(pickle.dumps(anonymizer))
    with pytest.raises(KeyMaterialError, match="do not travel"):
        again.transform(people)
    again.set_params(keys=KEYS)
    pd.testing.assert_frame_equal(again.transform(people), anonymizer.transform(people))


def test_keys_of_the_environment_travel_because_their_pickle_is_harmless(people, monkeypatch):
    monkeypatch.setenv("PRODML_KEY_PSEUDONYM", f"k1:{SECRET.hex()}")
    anonymizer = Anonymizer(POLICY, keys=EnvKeys()).fit(people)
    pickled = pickle.dumps(anonymizer)
    assert_without_secret(pickled)
    again = pickle.loads(pickled)
    pd.testing.assert_frame_equal(again.transform(people), anonymizer.transform(people))


class CarelessKeys:
    """A host's keys that would pickle their secret."""

    def __init__(self):
        self.secret = SECRET

    def active(self, domain):
        return Key("k1", self.secret)

    def get(self, kid):
        return Key(kid, self.secret)


def test_keys_that_would_pickle_their_secret_do_not_travel(people):
    assert SECRET in pickle.dumps(CarelessKeys())
    pickled = pickle.dumps(Anonymizer(POLICY, keys=CarelessKeys()).fit(people))
    assert_without_secret(pickled)
    assert pickle.loads(pickled).keys is None


def test_without_keys_a_pickle_is_whole(people):
    anonymizer = Anonymizer({"age": Generalize(width=10)}, remainder="drop").fit(people)
    again = pickle.loads(pickle.dumps(anonymizer))
    pd.testing.assert_frame_equal(again.transform(people), anonymizer.transform(people))


def test_a_deep_copy_does_not_copy_the_secret(people):
    anonymizer = Anonymizer(POLICY, keys=KEYS).fit(people)
    assert copy.deepcopy(anonymizer).keys is None


def test_it_prints_its_policy(people):
    anonymizer = Anonymizer(POLICY, keys=KEYS)
    assert "not fitted" in repr(anonymizer)
    assert "pseudonymised" in repr(anonymizer.fit(people))
    assert "not fitted" not in repr(anonymizer)
    assert "<table>" in anonymizer._repr_html_()


def test_a_policy_that_is_none_can_be_printed():
    assert "not fitted" in repr(Anonymizer(["email"]))


def test_importing_the_room_loads_no_heavy_package():
    script = (
        "import sys, prodml.privacy\n"
        "heavy = {'numpy', 'pandas', 'sklearn', 'scipy', 'shap'} & set(sys.modules)\n"
        "assert not heavy, heavy"
    )
    subprocess.run([sys.executable, "-c", script], check=True)
