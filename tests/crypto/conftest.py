from __future__ import annotations

import pytest


@pytest.fixture(scope="session", autouse=True)
def cryptography():
    pytest.importorskip("cryptography", reason="needs the extra crypto")


@pytest.fixture(scope="session")
def pem(cryptography):
    """A fresh private key as PEM, per curve; drawn once, it is the slow part."""
    from cryptography.hazmat.primitives import serialization as s
    from cryptography.hazmat.primitives.asymmetric import ec

    curves = {"p256": ec.SECP256R1(), "p384": ec.SECP384R1(), "p521": ec.SECP521R1()}
    return {
        name: ec.generate_private_key(curve).private_bytes(
            s.Encoding.PEM, s.PrivateFormat.PKCS8, s.NoEncryption()
        )
        for name, curve in curves.items()
    }


@pytest.fixture
def signer(pem):
    from prodml.crypto import Signer

    return Signer(pem["p256"])


@pytest.fixture
def other(pem):
    from prodml.crypto import Signer

    return Signer(pem["p384"])


@pytest.fixture
def model(tmp_path):
    folder = tmp_path / "churn"
    (folder / "sub").mkdir(parents=True)
    (folder / "weights.bin").write_bytes(bytes(range(256)) * 5)
    (folder / "config.json").write_bytes(b'{"a": 1}')
    (folder / "sub" / "part.txt").write_bytes(b"x")
    return folder
