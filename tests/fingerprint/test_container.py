"""The container: by the format's definition, by round trips, and against hostile bytes."""

from __future__ import annotations

import json
import random
import struct

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from prodml.errors import ConfigError, IntegrityError
from prodml.fingerprint import canonical_json, pack, unpack

DTYPES = ["?", "i1", "i2", "i4", "i8", "u1", "u2", "u4", "u8", "f2", "f4", "f8"]
ARRAYS = st.dictionaries(
    st.text(max_size=5).filter(lambda name: name != "__metadata__"),
    st.sampled_from(DTYPES).flatmap(
        lambda dtype: hnp.arrays(dtype, hnp.array_shapes(min_dims=0, min_side=0, max_side=4))
    ),
    max_size=4,
)


def build(entries, body, own='{"k":1}'):
    """Make a container by hand."""
    metadata = {} if own is None else {"__metadata__": {"prodml": own}}
    header = entries if isinstance(entries, bytes) else json.dumps({**metadata, **entries}).encode()
    return struct.pack("<Q", len(header)) + header + body


def entry(dtype, shape, begin, end):
    return {"dtype": dtype, "shape": shape, "data_offsets": [begin, end]}


def test_the_bytes_are_those_of_the_format():
    arrays = {"b": np.array([[1, 2], [3, 4]], "<i2"), "a": np.array([1.5, -0.0])}
    header = (
        b'{"__metadata__":{"prodml":"{\\"kind\\":\\"demo\\"}"},'
        b'"__pad__/1":{"data_offsets":[16,64],"dtype":"U8","shape":[48]},'
        b'"a":{"data_offsets":[0,16],"dtype":"F64","shape":[2]},'
        b'"b":{"data_offsets":[64,72],"dtype":"I16","shape":[2,2]}}'
    )
    header += b" " * (-(8 + len(header)) % 64)
    body = struct.pack("<dd", 1.5, -0.0) + bytes(48) + struct.pack("<hhhh", 1, 2, 3, 4)
    expected = struct.pack("<Q", len(header)) + header + body
    assert pack({"kind": "demo"}, arrays) == expected


def test_every_array_begins_at_a_multiple_of_64():
    arrays = {str(i): np.ones(i, "u1") for i in range(70)}
    data = pack({"x": "y"}, arrays)
    length = struct.unpack("<Q", data[:8])[0]
    entries = json.loads(data[8 : 8 + length])
    assert all((8 + length + entries[n]["data_offsets"][0]) % 64 == 0 for n in arrays)


@given(st.dictionaries(st.text(), st.integers(0, 9) | st.text(), max_size=3), ARRAYS)
def test_header_and_arrays_come_back(header, arrays):
    data = pack(header, arrays)
    own, found = unpack(data)
    assert own == header
    assert found.keys() == arrays.keys()
    for name, array in arrays.items():
        assert found[name].dtype == array.dtype
        assert found[name].shape == array.shape
        assert found[name].tobytes() == array.tobytes()
    assert pack(dict(reversed(own.items())), dict(reversed(found.items()))) == data


def test_order_and_memory_layout_do_not_change_the_bytes():
    a = np.arange(12.0).reshape(3, 4)
    plain = pack({}, {"a": a, "b": a.T.copy()})
    assert pack({}, {"b": a.T, "a": np.asfortranarray(a)}) == plain
    assert pack({}, {"b": a.astype(">f8").T, "a": np.repeat(a, 2, axis=0)[::2]}) == plain


@pytest.mark.parametrize("make", [bytes, bytearray, memoryview])
def test_arrays_are_read_only_views(make):
    _, arrays = unpack(make(pack({}, {"a": np.arange(3)})))
    with pytest.raises(ValueError, match="read-only"):
        arrays["a"][0] = 9


def test_a_file_is_mapped_and_not_copied(tmp_path):
    path = tmp_path / "model"
    path.write_bytes(pack({"n": 3}, {"a": np.arange(1000.0)}))
    header, arrays = unpack(path)
    assert header == {"n": 3}
    assert arrays["a"].sum() == 499_500
    assert not arrays["a"].flags.owndata
    assert not arrays["a"].flags.writeable
    assert arrays["a"].ctypes.data % 64 == 0


def test_an_empty_file_is_no_container(tmp_path):
    path = tmp_path / "empty"
    path.touch()
    with pytest.raises(IntegrityError, match="0 bytes"):
        unpack(path)


@pytest.mark.parametrize(
    "array",
    [
        np.array(["a"]),
        np.array([object()]),
        np.array([1j]),
        np.array(["2020-01-01"], "M8[s]"),
        np.zeros(1, np.longdouble),
        np.zeros(1, [("x", "f8")]),
    ],
    ids=lambda array: str(array.dtype),
)
def test_an_array_of_another_dtype_is_refused(array):
    with pytest.raises(ConfigError, match='array "a" is of dtype'):
        pack({}, {"a": array})


@pytest.mark.parametrize("name", ["__metadata__", "__pad__/0", 3])
def test_a_name_that_means_something_else_is_refused(name):
    with pytest.raises(ConfigError, match="cannot be called"):
        pack({}, {name: np.zeros(1)})


def test_a_header_that_is_not_json_is_refused():
    with pytest.raises(ConfigError, match=r"\$\.a"):
        pack({"a": np.float32(1)}, {})


HOSTILE = {
    "nothing": b"",
    "seven bytes": b"1234567",
    "header longer than the file": struct.pack("<Q", 9) + b"{}",
    "header of 2**63": struct.pack("<Q", 2**63) + b"{}",
    "header of 2**64-1": b"\xff" * 8 + b"{}",
    "header is no JSON": build(b"{", b""),
    "header is no UTF-8": build(b'{"\xff":1}', b""),
    "header nests": build(b"[" * 200_000, b""),
    "header is a list": build(b"[]", b""),
    "key twice": build(
        b'{"__metadata__":{"prodml":"{}"},"a":{"dtype":"U8","shape":[1],"data_offsets":[0,1]},'
        b'"a":{"dtype":"I8","shape":[1],"data_offsets":[0,1]}}',
        b"1",
    ),
    "no metadata": build({}, b"", own=None),
    "metadata of another type": build({"__metadata__": 3}, b"", own=None),
    "own header of another type": build({"__metadata__": {"prodml": {}}}, b"", own=None),
    "own header is no JSON": build({}, b"", own="{"),
    "own header is a list": build({}, b"", own="[]"),
    "entry of another type": build({"a": 3}, b""),
    "entry without shape": build({"a": {"dtype": "U8", "data_offsets": [0, 1]}}, b"1"),
    "entry with more": build({"a": {**entry("U8", [1], 0, 1), "x": 1}}, b"1"),
    "unknown dtype": build({"a": entry("F8_E4M3", [1], 0, 1)}, b"1"),
    "dtype of another type": build({"a": entry(["U8"], [1], 0, 1)}, b"1"),
    "negative size": build({"a": entry("U8", [-1], 0, 1)}, b"1"),
    "size is a float": build({"a": entry("U8", [1.5], 0, 1)}, b"1"),
    "size is true": build({"a": entry("U8", [True], 0, 1)}, b"1"),
    "shape is text": build({"a": entry("U8", "1", 0, 1)}, b"1"),
    "too many dimensions": build({"a": entry("U8", [1] * 33, 0, 1)}, b"1"),
    "shape of 2**52 squared": build({"a": entry("U8", [2**52, 2**52], 0, 1)}, b"1"),
    "empty and impossible": build({"a": entry("U8", [0, *[2**52] * 4], 0, 0)}, b""),
    "size beyond 2**53": build({"a": entry("U8", [2**64], 0, 1)}, b"1"),
    "one offset": build({"a": {**entry("U8", [1], 0, 1), "data_offsets": [0]}}, b"1"),
    "offsets reversed": build({"a": entry("U8", [1], 1, 0)}, b"1"),
    "offset beyond the end": build({"a": entry("U8", [2], 0, 2)}, b"1"),
    "shape does not fit": build({"a": entry("U16", [1], 0, 1)}, b"1"),
    "overlap": build({"a": entry("U8", [2], 0, 2), "b": entry("U8", [2], 1, 3)}, b"123"),
    "same place": build({"a": entry("U8", [2], 0, 2), "b": entry("U8", [2], 0, 2)}, b"12"),
    "gap": build({"a": entry("U8", [1], 0, 1), "b": entry("U8", [1], 2, 3)}, b"123"),
    "bytes left over": build({"a": entry("U8", [1], 0, 1)}, b"12"),
    "third truth value": build({"a": entry("BOOL", [2], 0, 2)}, b"\x01\x02"),
}


@pytest.mark.parametrize("what", HOSTILE)
def test_hostile_bytes_are_refused(what, tmp_path):
    path = tmp_path / "hostile"
    path.write_bytes(HOSTILE[what])
    for data in (HOSTILE[what], path):
        with pytest.raises(IntegrityError):
            unpack(data)


def test_the_hand_made_container_is_good_without_the_hostile_part():
    own, arrays = unpack(build({"a": entry("U8", [1], 0, 1)}, b"1"))
    assert own == {"k": 1}
    assert arrays["a"].tolist() == [49]


def read(data):
    """Read a container and everything in it; only an IntegrityError may come out."""
    try:
        _, arrays = unpack(data)
    except IntegrityError:
        return
    for array in arrays.values():
        array.tobytes()


@given(st.binary(max_size=400))
def test_any_bytes_are_read_or_refused(data):
    read(data)
    read(struct.pack("<Q", len(data)) + data)


JUNK = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.sampled_from(["U8", "F64", "a"]),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(["dtype", "shape", "data_offsets", "__metadata__", "prodml"]), inner
        )
    ),
    max_leaves=12,
)


@given(st.dictionaries(st.text(max_size=3), JUNK, max_size=3), st.binary(max_size=20))
def test_any_header_is_read_or_refused(entries, body):
    read(build(entries, body))


def test_random_edits_are_read_or_refused():
    data = pack(
        {"k": [1, "x"]}, {"a": np.arange(5.0), "b": np.array([True, False]), "c": np.ones(3)}
    )
    rng = random.Random(0)
    for _ in range(3000):
        edited = bytearray(data)
        for _ in range(rng.randint(1, 3)):
            edited[rng.randrange(len(edited))] = rng.randrange(256)
        read(bytes(edited[: rng.randrange(len(edited)) if rng.random() < 0.2 else None]))


def test_the_own_header_is_canonical_json():
    header = {"b": 1.0, "a": ["ü"]}
    data = pack(header, {})
    length = struct.unpack("<Q", data[:8])[0]
    assert json.loads(data[8 : 8 + length])["__metadata__"]["prodml"].encode() == canonical_json(
        header
    )
