from __future__ import annotations

import hashlib
import stat
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from prodml.crypto import Bundle, Signer, Verifier
from prodml.crypto.bundle import pae
from prodml.errors import (
    ConfigError,
    ConflictError,
    IntegrityError,
    KeyMaterialError,
    UntrustedModelError,
)


def test_the_pre_authentication_encoding_is_that_of_the_dsse_specification():
    # https://github.com/secure-systems-lab/dsse, protocol.md, "Test Vectors"
    expected = b"DSSEv1 29 http://example.com/HelloWorld 11 hello world"
    assert pae("http://example.com/HelloWorld", b"hello world") == expected


@pytest.mark.parametrize("curve", ["p256", "p384", "p521"])
def test_a_signature_is_checked_with_the_public_key_alone(pem, curve):
    signer = Signer(pem[curve])
    signature = signer.sign(b"facts")
    assert signature.split(":")[:2] == ["ecdsa", signer.key_id]
    Verifier(signer.public_key).verify(b"facts", signature)


def test_a_key_is_named_by_the_digest_of_its_public_half(signer):
    from cryptography.hazmat.primitives import serialization as s

    der = s.load_pem_public_key(signer.public_key).public_bytes(
        s.Encoding.DER, s.PublicFormat.SubjectPublicKeyInfo
    )
    assert signer.key_id == hashlib.sha256(der).hexdigest()
    assert Verifier(signer.public_key).key_ids == (signer.key_id,)


def test_other_data_do_not_fit_a_signature(signer):
    signature = signer.sign(b"facts")
    for data in (b"", b"fact", b"Facts", b"facts "):
        with pytest.raises(IntegrityError, match="does not fit"):
            Verifier(signer.public_key).verify(data, signature)


def test_a_key_that_is_not_trusted_is_named(signer, other):
    verifier = Verifier(signer.public_key)
    with pytest.raises(UntrustedModelError, match=f"signed with the key {other.key_id[:12]}"):
        verifier.verify(b"facts", other.sign(b"facts"))


def test_several_keys_can_be_trusted_so_that_one_can_be_replaced(signer, other):
    verifier = Verifier(signer.public_key, other.public_key)
    for each in (signer, other):
        verifier.verify(b"facts", each.sign(b"facts"))


def test_a_signature_under_another_name_does_not_fit(signer, other):
    _, _, raw = signer.sign(b"facts").split(":")
    with pytest.raises(IntegrityError, match="does not fit"):
        Verifier(other.public_key).verify(b"facts", f"ecdsa:{other.key_id}:{raw}")


@given(st.text(max_size=200) | st.none() | st.binary(max_size=5))
def test_what_is_no_signature_is_a_typed_error(text):
    verifier = Verifier(Path(__file__).parent / "data" / "openssf" / "p256.pub")
    with pytest.raises((IntegrityError, UntrustedModelError)):
        verifier.verify(b"facts", text)


def test_a_text_and_a_bundle_never_pass_for_each_other(signer):
    import base64

    verifier = Verifier(signer.public_key)
    raw = base64.b64decode(signer.sign(b"payload").split(":")[2])
    hint = signer.bundle("t", b"").hint
    with pytest.raises(IntegrityError):
        verifier.open(Bundle("application/vnd.in-toto+json", b"payload", raw, hint))
    bundle = signer.bundle("application/vnd.in-toto+json", b"payload")
    text = f"ecdsa:{signer.key_id}:{base64.b64encode(bundle.signature).decode()}"
    with pytest.raises(IntegrityError):
        verifier.verify(b"payload", text)


def test_a_new_key_is_written_for_its_owner_only(tmp_path):
    path = tmp_path / "signing.pem"
    signer = Signer.create(path)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert Signer(path).key_id == Signer(str(path)).key_id == signer.key_id
    with pytest.raises(ConflictError, match="exists already"):
        Signer.create(path)
    with pytest.raises(ConfigError, match="there is no folder"):
        Signer.create(tmp_path / "nowhere" / "signing.pem")


def test_a_key_file_that_others_may_read_is_refused(tmp_path):
    path = tmp_path / "signing.pem"
    Signer.create(path)
    path.chmod(0o640)
    with pytest.raises(KeyMaterialError, match=r"open to others than its owner \(mode 0640\)"):
        Signer(path)


def test_an_encrypted_key_opens_with_its_password_only(tmp_path):
    path = tmp_path / "signing.pem"
    signer = Signer.create(path, password=b"correct horse")
    assert Signer(path, password=b"correct horse").key_id == signer.key_id
    with pytest.raises(KeyMaterialError, match="it needs a password"):
        Signer(path)
    with pytest.raises(KeyMaterialError, match="needs another password"):
        Signer(path, password=b"wrong horse")


def test_a_service_signs_digests(pem):
    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.hazmat.primitives.asymmetric import ec, utils

    private = serialization.load_pem_private_key(pem["p384"], None)
    seen = []

    def sign(digest):
        seen.append(digest)
        return private.sign(digest, ec.ECDSA(utils.Prehashed(hashes.SHA384())))

    signer = Signer(sign, public_key=Signer(pem["p384"]).public_key)
    Verifier(signer.public_key).verify(b"facts", signer.sign(b"facts"))
    assert [len(digest) for digest in seen] == [48]


@pytest.mark.parametrize("answer", [b"", b"nonsense", None])
def test_a_service_that_signs_wrongly_is_found_before_anybody_relies_on_it(signer, answer):
    wrong = Signer(lambda _: answer, public_key=signer.public_key)
    with pytest.raises(KeyMaterialError, match="does not fit the public key"):
        wrong.sign(b"facts")


def test_a_service_needs_a_public_key():
    with pytest.raises(ConfigError, match="needs public_key"):
        Signer(lambda digest: digest)


def test_a_verifier_that_trusts_nobody_is_refused():
    with pytest.raises(ConfigError, match="trusts at least one"):
        Verifier()


def test_other_kinds_of_keys_are_refused():
    from cryptography.hazmat.primitives import serialization as s
    from cryptography.hazmat.primitives.asymmetric import ec, ed25519

    for private in (ed25519.Ed25519PrivateKey.generate(), ec.generate_private_key(ec.SECP256K1())):
        pem = private.private_bytes(s.Encoding.PEM, s.PrivateFormat.PKCS8, s.NoEncryption())
        public = private.public_key().public_bytes(
            s.Encoding.PEM, s.PublicFormat.SubjectPublicKeyInfo
        )
        with pytest.raises(KeyMaterialError, match="P-256, P-384 or P-521"):
            Signer(pem)
        with pytest.raises(KeyMaterialError, match="P-256, P-384 or P-521"):
            Verifier(public)
