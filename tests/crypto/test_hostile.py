"""Whatever the bytes, a parser answers with a typed error, and never with what it was given."""

from __future__ import annotations

import copy
import hashlib
import json
import pickle
import random
from pathlib import Path

import attrs
import pytest
from hypothesis import given
from hypothesis import strategies as st

from prodml.crypto import Bundle, KeysWrap, KmsWrap, Manifest, Signer, Verifier
from prodml.crypto.chunked import Message
from prodml.errors import IntegrityError, KeyMaterialError, ProdmlError, UntrustedModelError
from prodml.keys import StaticKeys

json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3)
    ),
    max_leaves=8,
)


@given(st.binary(max_size=200))
def test_any_bytes_for_a_bundle_or_a_statement_are_a_typed_error(data):
    for parse in (Bundle.load, Manifest.read):
        with pytest.raises(IntegrityError):
            parse(data)


@pytest.mark.parametrize("data", [b"[" * 100_000, b'{"a":' * 50_000, b"\xff\xfe", b"NaN", b"1e999"])
def test_pathological_json_is_a_typed_error(data):
    for parse in (Bundle.load, Manifest.read):
        with pytest.raises(IntegrityError):
            parse(data)


def places(value, path=()):
    yield path
    members = value.items() if isinstance(value, dict) else ()
    members = enumerate(value) if isinstance(value, list) else members
    for name, inner in members:
        yield from places(inner, (*path, name))


def replaced(document, path, value):
    if not path:
        return value
    document = copy.deepcopy(document)
    inner = document
    for name in path[:-1]:
        inner = inner[name]
    inner[path[-1]] = value
    return document


WRONG = [None, 0, -1, 1e308, "", "x", [], {}, [[]], {"a": 1}, True, "..", "A" * 10_000]


def test_any_member_of_a_bundle_replaced_by_anything_is_a_typed_error_or_harmless(signer):
    bundle = signer.bundle("text/plain", b"payload")
    document, verifier = json.loads(bundle.dump()), Verifier(signer.public_key)
    for path in places(document):
        for wrong in WRONG:
            data = json.dumps(replaced(document, path, wrong)).encode()
            try:
                assert verifier.open(Bundle.load(data)) == b"payload"
            except (IntegrityError, UntrustedModelError):
                continue


def test_any_member_of_a_statement_replaced_by_anything_is_a_typed_error_or_harmless(model):
    document = json.loads(Manifest.of_folder(model).statement())
    for path in places(document):
        for wrong in WRONG:
            try:
                Manifest.read(json.dumps(replaced(document, path, wrong)).encode())
            except IntegrityError:
                continue


def test_mutations_of_pem_are_typed_errors_or_keys(pem):
    draw = random.Random(7)
    private = pem["p256"]
    public = Signer(private).public_key
    for good, parse in ((private, Signer), (public, Verifier)):
        for _ in range(400):
            bad = bytearray(good)
            for _ in range(draw.randint(1, 4)):
                bad[draw.randrange(len(bad))] = draw.randrange(256)
            try:
                parse(bytes(bad))
            except KeyMaterialError:
                continue


@pytest.mark.filterwarnings("ignore:Parsed a")
def test_mutations_of_certificates_are_typed_errors():
    data = Path(__file__).parent / "data" / "openssf"
    good = Bundle.load((data / "bundles" / "1.1.1-certificate-files.sig").read_bytes())
    verifier, draw = Verifier(roots=[data / "root.crt"]), random.Random(7)
    verifier.open(good)
    for number in range(800):
        chain = [bytearray(der) for der in good.certificates]
        bad = chain[number % len(chain)]
        for _ in range(draw.randint(1, 3)):
            bad[draw.randrange(len(bad))] ^= draw.randrange(1, 256)
        with pytest.raises((IntegrityError, UntrustedModelError)):
            verifier.open(attrs.evolve(good, certificates=tuple(map(bytes, chain))))


SECRET = hashlib.sha256(b"secret").digest()


def secret_holders(signer):
    keys = StaticKeys({"encryption": SECRET}, warn=False)
    yield signer
    yield KeysWrap(keys)
    yield KmsWrap(lambda key: key, lambda data, kid: data, key_id="k")
    yield Message.fresh(SECRET, context=b"")


def test_no_secret_shows_in_a_repr_or_travels_in_a_pickle(signer, pem):
    body = b"".join(pem["p256"].splitlines()[1:-1]).decode()
    for holder in secret_holders(signer):
        shown = repr(holder)
        assert SECRET.hex() not in shown
        assert body[:20] not in shown
        with pytest.raises(TypeError, match="cannot be pickled"):
            pickle.dumps(holder)


def test_no_error_holds_key_material(pem, tmp_path):
    body = b"".join(pem["p256"].splitlines()[1:-1])
    bad = pem["p256"].replace(body[10:20], b"!!!!!!!!!!")
    path = tmp_path / "signing.pem"
    path.write_bytes(bad)
    path.chmod(0o600)
    for source in (bad, path, body):
        with pytest.raises(ProdmlError) as caught:
            Signer(source)
        error = caught.value
        while error is not None:
            assert body[20:40].decode() not in str(error)
            error = error.__cause__
