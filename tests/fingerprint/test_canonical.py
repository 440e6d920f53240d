"""RFC 8785 by its own examples, and by properties."""

from __future__ import annotations

import enum
import json
import math
import struct
import types

import pytest
from hypothesis import given
from hypothesis import strategies as st

from prodml.errors import ConfigError
from prodml.fingerprint import canonical_json, parse_json

# RFC 8785, appendix B: IEEE 754 bits and their ECMAScript spelling.
APPENDIX_B = """
0000000000000000 0
8000000000000000 0
0000000000000001 5e-324
8000000000000001 -5e-324
7fefffffffffffff 1.7976931348623157e+308
ffefffffffffffff -1.7976931348623157e+308
4340000000000000 9007199254740992
c340000000000000 -9007199254740992
4430000000000000 295147905179352830000
44b52d02c7e14af5 9.999999999999997e+22
44b52d02c7e14af6 1e+23
44b52d02c7e14af7 1.0000000000000001e+23
444b1ae4d6e2ef4e 999999999999999700000
444b1ae4d6e2ef4f 999999999999999900000
444b1ae4d6e2ef50 1e+21
3eb0c6f7a0b5ed8c 9.999999999999997e-7
3eb0c6f7a0b5ed8d 0.000001
41b3de4355555553 333333333.3333332
41b3de4355555554 333333333.33333325
41b3de4355555555 333333333.3333333
41b3de4355555556 333333333.3333334
41b3de4355555557 333333333.33333343
becbf647612f3696 -0.0000033333333333333333
43143ff3c1cb0959 1424953923781206.2
"""


@pytest.mark.parametrize("line", APPENDIX_B.strip().split("\n"))
def test_numbers_are_spelled_as_in_appendix_b(line):
    bits, spelled = line.split()
    value = struct.unpack(">d", bytes.fromhex(bits))[0]
    assert canonical_json(value).decode() == spelled


def test_the_sample_of_section_3_2_is_spelled_as_there():
    value = json.loads(
        r"""{
          "numbers": [333333333.33333329, 1E30, 4.50, 2e-3, 0.000000000000000000000000001],
          "string": "\u20ac$\u000F\u000aA'\u0042\u0022\u005c\\\"\/",
          "literals": [null, true, false]
        }"""
    )
    assert canonical_json(value).decode() == (
        '{"literals":[null,true,false],"numbers":[333333333.3333333,1e+30,4.5,0.002,1e-27],'
        '"string":"€$\\u000f\\nA\'B\\"\\\\\\\\\\"/"}'
    )


def test_keys_are_sorted_by_utf16_as_in_section_3_2_3():
    value = {
        "\u20ac": "Euro Sign",
        "\r": "Carriage Return",
        "\ufb33": "Hebrew Letter Dalet With Dagesh",
        "1": "One",
        "\U0001f600": "Emoji: Grinning Face",
        "\u0080": "Control",
        "\u00f6": "Latin Small Letter O With Diaeresis",
    }
    assert list(json.loads(canonical_json(value)).values()) == [
        "Carriage Return",
        "One",
        "Control",
        "Latin Small Letter O With Diaeresis",
        "Euro Sign",
        "Emoji: Grinning Face",
        "Hebrew Letter Dalet With Dagesh",
    ]


def test_control_characters_have_their_short_escapes():
    assert canonical_json("\b\t\n\f\r\x00\x1f\x7f\u2028") == (
        b'"\\b\\t\\n\\f\\r\\u0000\\u001f\x7f\xe2\x80\xa8"'
    )


def test_containers_are_written_without_spaces():
    assert canonical_json({"b": [], "a": {}, "c": (1, [True, None])}) == (
        b'{"a":{},"b":[],"c":[1,[true,null]]}'
    )


class Color(str, enum.Enum):  # noqa: UP042
    RED = "red"


class Level(enum.IntEnum):
    HIGH = 3


class Ratio(float):
    pass


@pytest.mark.parametrize(
    ("value", "spelled"),
    [
        (Color.RED, b'"red"'),
        (Level.HIGH, b"3"),
        (Ratio(0.5), b"0.5"),
        (types.MappingProxyType({"a": 1}), b'{"a":1}'),
        (2**53, b"9007199254740992"),
        (-(2**53), b"-9007199254740992"),
    ],
)
def test_subclasses_are_written_as_what_they_are(value, spelled):
    assert canonical_json(value) == spelled


def contains_itself():
    value = []
    value.append(value)
    return value


@pytest.mark.parametrize(
    ("value", "message"),
    [
        (math.nan, r"^\$ .*nan"),
        ({"a": [1, math.inf]}, r"^\$\.a\[1\] .*inf"),
        ({"a": {"b c": 2**53 + 1}}, r'^\$\.a\["b c"\] .*beyond 2\*\*53.*string'),
        ([-(2**53) - 1], r"^\$\[0\] .*beyond"),
        ({"a": {1: 2}}, r"^\$\.a .*key 1 of type int"),
        (["\ud800"], r"^\$\[0\] .*surrogate"),
        ({"\ud800": 1}, r"surrogate"),
        ({"a": {1}}, r"^\$\.a .*builtins\.set"),
        (b"x", r"builtins\.bytes"),
        (contains_itself(), "contains itself"),
    ],
)
def test_what_json_cannot_hold_is_refused_by_its_path(value, message):
    with pytest.raises(ConfigError, match=message):
        canonical_json(value)


JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**53), 2**53)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=20,
)


@given(JSON)
def test_what_is_written_is_read_as_equal_and_written_the_same_again(value):
    data = canonical_json(value)
    assert parse_json(data) == value
    assert canonical_json(parse_json(data)) == data


@given(st.floats(allow_nan=False, allow_infinity=False))
def test_a_float_comes_back_to_the_bit_but_for_the_sign_of_zero(value):
    assert float(parse_json(canonical_json(value))) == value


@given(st.dictionaries(st.text(), st.integers(0, 9)))
def test_the_order_of_insertion_does_not_count(value):
    assert canonical_json(dict(reversed(value.items()))) == canonical_json(value)


@given(st.dictionaries(st.text(), st.none()))
def test_keys_come_in_the_order_of_their_utf16_units(value):
    units = [k.encode("utf-16-be") for k in json.loads(canonical_json(value))]
    assert units == sorted(units)


@pytest.mark.parametrize(
    "data",
    [
        b'{"a":1,"a":1}',
        b"NaN",
        b"[Infinity]",
        b"1e999",
        b"9" * 400,
        b"9" * 5000,
        b"",
        b"{",
        b"\xff",
        b"[" * 100_000,
    ],
)
def test_json_that_no_careful_writer_wrote_is_refused(data):
    with pytest.raises(ValueError, match="."):
        parse_json(data)
