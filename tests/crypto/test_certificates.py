from __future__ import annotations

import datetime as dt

import pytest

from prodml.crypto import Signer, Verifier, sign_folder, verify_folder
from prodml.errors import KeyMaterialError, UntrustedModelError

START = dt.datetime(2026, 1, 1, tzinfo=dt.UTC)
YEAR = dt.timedelta(days=365)


class Authority:
    """Issues certificates, right ones and wrong ones."""

    def __init__(self):
        from cryptography.hazmat.primitives.asymmetric import ec

        self.curve = ec.SECP256R1()
        self.keys = {}

    def key(self, name):
        from cryptography.hazmat.primitives.asymmetric import ec

        if name not in self.keys:
            self.keys[name] = ec.generate_private_key(self.curve)
        return self.keys[name]

    def pem(self, name):
        from cryptography.hazmat.primitives import serialization as s

        return self.key(name).private_bytes(s.Encoding.PEM, s.PrivateFormat.PKCS8, s.NoEncryption())

    def issue(
        self, subject, issuer, *, ca=False, usage="auto", depth=None, begin=START, end=START + YEAR,
        by=None, code_signing=False, odd=False,
    ):  # fmt: skip
        from cryptography import x509
        from cryptography.hazmat.primitives import hashes
        from cryptography.hazmat.primitives.serialization import Encoding
        from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

        def name(text):
            return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, text)])

        builder = (
            x509.CertificateBuilder()
            .subject_name(name(subject))
            .issuer_name(name(issuer))
            .public_key(self.key(subject).public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(begin)
            .not_valid_after(end)
            .add_extension(x509.BasicConstraints(ca=ca, path_length=depth), critical=True)
        )
        if usage is not None:
            builder = builder.add_extension(
                x509.KeyUsage(
                    digital_signature=not ca and usage == "auto",
                    key_cert_sign=ca and usage == "auto",
                    crl_sign=ca,
                    content_commitment=usage == "other",
                    key_encipherment=False,
                    data_encipherment=False,
                    key_agreement=False,
                    encipher_only=False,
                    decipher_only=False,
                ),
                critical=True,
            )
        if code_signing:
            kinds = x509.ExtendedKeyUsage([ExtendedKeyUsageOID.CODE_SIGNING])
            builder = builder.add_extension(kinds, critical=False)
        if odd:
            oid = x509.ObjectIdentifier("1.2.3.4")
            builder = builder.add_extension(x509.UnrecognizedExtension(oid, b"?"), critical=True)
        signed = builder.sign(self.key(by or issuer), hashes.SHA256())
        return signed.public_bytes(Encoding.PEM)


@pytest.fixture
def house():
    return Authority()


def check(house, chain, roots, subject="signer"):
    signer = Signer(house.pem(subject), certificates=chain)
    return Verifier(roots=roots).open(signer.bundle("text/plain", b"payload"))


def test_a_chain_to_a_trusted_root_is_trusted(house, model):
    root = house.issue("root", "root", ca=True)
    middle = house.issue("middle", "root", ca=True, depth=0)
    leaf = house.issue("signer", "middle")
    assert check(house, [leaf, middle], [root]) == b"payload"
    sign_folder(model, Signer(house.pem("signer"), certificates=[leaf + middle]))
    verify_folder(model, Verifier(roots=[root]))


def test_an_intermediate_may_be_the_root_of_trust(house):
    middle = house.issue("middle", "root", ca=True)
    assert check(house, [house.issue("signer", "middle")], [middle]) == b"payload"


def test_a_certificate_that_has_expired_since_still_proves_what_it_signed(house):
    root = house.issue("root", "root", ca=True, begin=START - 9 * YEAR, end=START)
    leaf = house.issue("signer", "root", begin=START - 8 * YEAR, end=START - 7 * YEAR)
    assert check(house, [leaf], [root]) == b"payload"


def test_code_signing_in_the_extended_usage_is_enough(house):
    root = house.issue("root", "root", ca=True)
    leaf = house.issue("signer", "root", usage=None, code_signing=True)
    assert check(house, [leaf], [root]) == b"payload"


def unrelated(house):
    return [house.issue("signer", "other", by="other")], house.issue("root", "root", ca=True)


def forged_issuer(house):
    return [house.issue("signer", "root", by="mallory")], house.issue("root", "root", ca=True)


def no_authority(house):
    root, leaf = house.issue("root", "root", ca=True), house.issue("clerk", "root")
    return [house.issue("signer", "clerk"), leaf], root


def may_not_issue(house):
    root = house.issue("root", "root", ca=True)
    return [house.issue("signer", "m"), house.issue("m", "root", ca=True, usage="other")], root


def too_deep(house):
    root = house.issue("root", "root", ca=True, depth=0)
    return [house.issue("signer", "middle"), house.issue("middle", "root", ca=True)], root


def root_not_yet_valid(house):
    root = house.issue("root", "root", ca=True, begin=START + 2 * YEAR, end=START + 3 * YEAR)
    return [house.issue("signer", "root")], root


def odd_authority(house):
    root = house.issue("root", "root", ca=True, odd=True)
    return [house.issue("signer", "root")], root


def in_a_circle(house):
    first, second = house.issue("a", "b", ca=True), house.issue("b", "a", ca=True)
    return [house.issue("signer", "a"), first, second], house.issue("root", "root", ca=True)


@pytest.mark.parametrize(
    "case",
    [unrelated, forged_issuer, no_authority, may_not_issue, too_deep, root_not_yet_valid,
     odd_authority, in_a_circle],
)  # fmt: skip
def test_a_chain_that_does_not_lead_to_a_root_is_not_trusted(house, case):
    chain, root = case(house)
    with pytest.raises(UntrustedModelError, match="does not lead to a root"):
        check(house, chain, [root])


@pytest.mark.parametrize("wrong", [{"usage": "other"}, {"usage": None}, {"odd": True}])
def test_a_certificate_that_may_not_sign_is_refused(house, wrong):
    root = house.issue("root", "root", ca=True)
    with pytest.raises(UntrustedModelError, match="may not be used for signing"):
        check(house, [house.issue("signer", "root", **wrong)], [root])


def test_a_certificate_is_of_the_key_it_goes_with(house, signer, pem):
    leaf = house.issue("signer", "root")
    with pytest.raises(KeyMaterialError, match="not of this signer's key"):
        Signer(pem["p256"], certificates=[leaf])


def test_a_verifier_without_roots_trusts_no_certificate(house, signer):
    bundle = Signer(house.pem("signer"), certificates=[house.issue("signer", "root")])
    with pytest.raises(UntrustedModelError, match="trusts no roots"):
        Verifier(signer.public_key).open(bundle.bundle("text/plain", b"payload"))


def test_what_is_no_certificate_is_refused(tmp_path):
    (tmp_path / "root.crt").write_bytes(b"nonsense")
    for wrong in (b"nonsense", tmp_path / "root.crt", tmp_path / "missing.crt"):
        with pytest.raises(KeyMaterialError, match="cannot be read as PEM of certificates"):
            Verifier(roots=[wrong])
