"""Values by content: what differs is told apart, what is equal agrees."""

from __future__ import annotations

import collections
import contextlib
import datetime as dt
import decimal
import enum
import fractions
import functools
import operator
import re
import sqlite3
import subprocess
import sys
import threading
import types
import uuid
import zoneinfo
from pathlib import Path, PurePosixPath

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from prodml.errors import ConfigError
from prodml.fingerprint import fingerprint_array, fingerprint_value


class Color(enum.Enum):
    RED = 1
    BLUE = 2


class Thing:
    def __init__(self, **members):
        self.__dict__.update(members)


class Slotted:
    __slots__ = ("x",)

    def __init__(self, x):
        self.x = x


Pair = collections.namedtuple("Pair", "a b")  # noqa: PYI024

DIFFERENT = [
    1,
    "1",
    1.0,
    True,
    b"1",
    bytearray(b"1"),
    1 + 0j,
    np.int64(1),
    np.int32(1),
    np.float64(1),
    np.bool_(1),
    np.str_("1"),
    np.array(1),
    np.array([1]),
    decimal.Decimal(1),
    decimal.Decimal("1.0"),
    fractions.Fraction(1),
    [1],
    (1,),
    {1},
    frozenset([1]),
    {1: 1},
    range(1),
    slice(1),
    0.0,
    -0.0,
    0,
    False,
    None,
    "",
    [],
    (),
    {},
    set(),
    ...,
    NotImplemented,
    ["ab"],
    ["a", "b"],
    [["a"], "b"],
    [["a", "b"]],
    {"a": ["b"]},
    {"a": "b"},
    {"b": "a"},
    2**70,
    -1,
    float("inf"),
    float("nan"),
    dt.date(2020, 1, 1),
    dt.datetime(2020, 1, 1),  # noqa: DTZ001
    dt.datetime(2020, 1, 1, tzinfo=dt.UTC),
    dt.datetime(2020, 1, 1, tzinfo=zoneinfo.ZoneInfo("Europe/London")),
    pd.Timestamp("2020-01-01"),
    pd.Timestamp("2020-01-01", tz="UTC"),
    pd.Timestamp("9999-01-01").as_unit("s"),
    pd.Timedelta(1, "s"),
    pd.NaT,
    pd.NA,
    dt.timedelta(1),
    dt.time(1),
    uuid.UUID(int=1),
    PurePosixPath("1"),
    Color.RED,
    Color.BLUE,
    Color,
    int,
    len,
    print,
    operator.itemgetter(1),
    operator.itemgetter(2),
    operator.attrgetter("a"),
    re.compile("1"),
    re.compile("1", re.IGNORECASE),
    types,
    np.dtype("f8"),
    np.dtype("f4"),
    np.log,
    np.log1p,
    np.random.default_rng(0),
    np.random.default_rng(1),
    np.random.RandomState(0),
    np.random.RandomState(1),
    np.random.MT19937(0),
    pd.DataFrame({"a": [1]}),
    pd.Series([1], name="a"),
    pd.Series([1]),
    pd.Index([1]),
    pd.Interval(0, 1),
    functools.partial(max, 1),
    functools.partial(max, 2),
    Thing(),
    Thing(a=1),
    Thing(a=2),
    Slotted(1),
    Slotted(2),
    Pair(1, 2),
    (1, 2),
    collections.OrderedDict(a=1, b=2),
    collections.OrderedDict(b=2, a=1),
    {"a": 1, "b": 2},
    collections.defaultdict(list, a=1),
    collections.defaultdict(int, a=1),
    collections.Counter(a=1),
    collections.deque([1]),
    [1].append,
    "a".upper,
    str.upper,
    Thing(a=1).__init__,
    np.array([1, 2]),
    np.array([1.0, 2.0]),
    np.array([[1, 2]]),
    np.array(["a", "b"]),
    np.array([b"a", b"b"]),
    np.array(["a", 1], dtype=object),
    np.array(["2020-01-01"], "M8[s]"),
    np.array(["2020-01-01"], "M8[D]"),
    np.array([1], "m8[s]"),
    np.array([(1, 2.0)], [("x", "i4"), ("y", "f8")]),
    np.array([(1, 2.0)], [("x", "i4"), ("z", "f8")]),
    np.zeros((0, 2)),
    np.zeros((2, 0)),
]


def test_values_that_differ_have_digests_that_differ():
    seen = {}
    for value in DIFFERENT:
        found = fingerprint_value(value)
        assert found not in seen, (seen[found], value)
        seen[found] = value


EQUAL = [
    ({"a": 1, "b": 2}, {"b": 2, "a": 1}),
    ({3, 1, 2}, {1, 2, 3}),
    (float("nan"), -float("nan")),
    ({"a": 1}, types.MappingProxyType({"a": 1})),
    (np.array(["a", "b"], "U1"), np.array(["a", "b"], "U9")),
    (np.array([1.5], ">f8"), np.array([1.5], "<f8")),
    (np.array([complex("nan")]), np.array([complex(np.nan, 0)])),
    (np.eye(3), np.asfortranarray(np.eye(3))),
    (np.arange(6)[::2], np.array([0, 2, 4])),
    (pd.Timestamp("2020-01-01").as_unit("s"), pd.Timestamp("2020-01-01").as_unit("ns")),
    (np.random.default_rng(7), np.random.default_rng(7)),
    (Thing(a=1, b=2), Thing(b=2, a=1)),
    (collections.Counter("ab"), collections.Counter("ba")),
    (np.array([[1], [2]], dtype=object), np.asfortranarray(np.array([[1], [2]], dtype=object))),
]


@pytest.mark.parametrize("pair", EQUAL, ids=lambda pair: type(pair[0]).__name__)
def test_values_that_are_equal_have_equal_digests(pair):
    assert fingerprint_value(pair[0]) == fingerprint_value(pair[1])


def test_a_value_may_contain_itself():
    def loop(n):
        inner = [n]
        inner.append(inner)
        return inner

    assert fingerprint_value(loop(1)) == fingerprint_value(loop(1))
    assert fingerprint_value(loop(1)) != fingerprint_value(loop(2))


def test_a_value_that_is_shared_equals_one_that_is_copied():
    part = [1]
    assert fingerprint_value([part, part]) == fingerprint_value([[1], [1]])


def test_a_value_that_nests_without_end_is_refused():
    deep = []
    for _ in range(100_000):
        deep = [deep]
    with pytest.raises(ConfigError, match="too deep"):
        fingerprint_value(deep)
    while deep:  # else freeing it could overflow the C stack
        deep = deep.pop()


UNSEEN = {
    "Connection": lambda stack: stack.enter_context(
        contextlib.closing(sqlite3.connect(":memory:"))
    ),
    "TextIOWrapper": lambda stack: stack.enter_context(Path(__file__).open()),  # noqa: SIM115
    "lock": lambda _: threading.Lock(),
    "generator": lambda _: (i for i in range(3)),
    "vectorized": lambda _: np.frompyfunc(str, 1, 1),
    "dtype": lambda _: np.zeros(1, np.longdouble),
}


@pytest.mark.parametrize("what", UNSEEN)
def test_what_cannot_be_seen_is_refused_by_its_path(what):
    with contextlib.ExitStack() as stack:
        value = Thing(inner=[0, UNSEEN[what](stack)])
        with pytest.raises(ConfigError, match=rf"^value\.inner\[1\].*{what}"):
            fingerprint_value(value)


def test_a_refusal_does_not_show_the_keys_of_a_dict():
    with pytest.raises(ConfigError, match=r"^value\[\.\.\.\] is a _thread\.lock"):
        fingerprint_value({"ops@example.org": threading.Lock()})


def test_padding_between_the_fields_of_a_record_does_not_count():
    aligned = np.dtype([("x", "i1"), ("y", "f8")], align=True)
    a, b = np.zeros(3, aligned), np.zeros(3, aligned)
    b.view(np.uint8).reshape(3, -1)[:, 1:8] = 255
    assert fingerprint_array(a) == fingerprint_array(b)
    assert fingerprint_array(a) == fingerprint_array(a.astype([("x", "i1"), ("y", "f8")]))


@given(hnp.arrays(hnp.scalar_dtypes(), hnp.array_shapes(min_dims=0, min_side=0, max_side=4)))
def test_a_copy_in_another_memory_order_has_the_same_digest(array):
    if array.dtype.itemsize > 16 or array.dtype.char in "gG":
        return
    assert fingerprint_array(array) == fingerprint_array(np.array(array, order="F", copy=True))


@given(hnp.arrays("f8", 5), st.integers(0, 4), st.floats())
def test_one_element_changed_changes_the_digest(array, position, value):
    other = array.copy()
    other[position] = value
    same = np.array_equal(array, other, equal_nan=True) and np.array_equal(
        np.signbit(array[~np.isnan(array)]), np.signbit(other[~np.isnan(other)])
    )
    assert (fingerprint_array(array) == fingerprint_array(other)) is same


def test_what_is_no_array_is_refused():
    with pytest.raises(ConfigError, match="numpy array, got a list"):
        fingerprint_array([1])


def test_digests_are_the_same_in_every_process_and_need_no_numpy():
    code = (
        "import sys; from prodml.fingerprint import fingerprint_value; "
        "print(fingerprint_value({'a': {'x', 'y', 'z'}, 'b': [1, 2.5, None]})); "
        "print('numpy' in sys.modules and 'hashing' or 'no numpy')"
    )
    here = fingerprint_value({"b": [1, 2.5, None], "a": {"z", "y", "x"}})
    for seed in "1", "2":
        done = subprocess.run(
            [sys.executable, "-c", code],
            capture_output=True,
            text=True,
            check=True,
            env={"PYTHONHASHSEED": seed, "PYTHONPATH": ":".join(sys.path)},
        )
        assert done.stdout.split("\n") == [here, "no numpy", ""]
