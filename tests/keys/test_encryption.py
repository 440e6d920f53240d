"""Every adapter gives what encryption needs: 256 bits, found again by their id, and rotation."""

from __future__ import annotations

import logging
import secrets

import pytest

from prodml.errors import KeyMaterialError
from prodml.keys import CallableKeys, EnvKeys, FileKeys, StaticKeys
from prodml.ports import Key

DATA_KEY = bytes(range(100, 132))


@pytest.fixture(autouse=True, scope="module")
def cryptography():
    pytest.importorskip("cryptography", reason="needs the extra crypto")


@pytest.fixture(params=["callable", "env", "file", "static"])
def adapter(request, tmp_path):
    """Keys of the domain "encryption", and a function that rotates them."""
    vault = {"old": secrets.token_bytes(32), "new": secrets.token_bytes(32)}
    if request.param == "file":
        keys = FileKeys.create(tmp_path / "keys.json", domains=["encryption"])
        return keys, lambda: keys.rotate("encryption")
    if request.param == "callable":
        active = {"encryption": "old"}
        keys = CallableKeys(vault.__getitem__, active.__getitem__)
        return keys, lambda: active.update(encryption="new")
    if request.param == "env":
        environ = {"PRODML_KEY_ENCRYPTION": f"old:{vault['old'].hex()}"}
        both = f"new:{vault['new'].hex()},old:{vault['old'].hex()}"
        return EnvKeys(environ=environ), lambda: environ.update(PRODML_KEY_ENCRYPTION=both)
    held = [Key("old", vault["old"])]
    keys = StaticKeys({"encryption": held}, warn=False)

    def rotate():
        newer = StaticKeys({"encryption": [Key("new", vault["new"]), *held]}, warn=False)
        keys._keyset = newer._keyset

    return keys, rotate


def test_a_data_key_wrapped_before_a_rotation_is_unwrapped_after_it(adapter):
    from prodml.crypto import KeysWrap

    keys, rotate = adapter
    wrap = KeysWrap(keys)
    before, old = wrap.wrap(DATA_KEY), wrap.active()
    rotate()
    assert wrap.active() != old
    assert wrap.unwrap(before) == wrap.unwrap(wrap.wrap(DATA_KEY)) == DATA_KEY


def test_nothing_of_a_key_is_logged(adapter, caplog, capsys):
    from prodml.crypto import KeysWrap

    keys, rotate = adapter
    secret = keys.active("encryption").secret
    with caplog.at_level(logging.DEBUG):
        wrap = KeysWrap(keys)
        wrap.unwrap(wrap.wrap(DATA_KEY))
        rotate()
        with pytest.raises(KeyMaterialError) as caught:
            keys.get("unknown")
    shown = caplog.text + "".join(capsys.readouterr()) + str(caught.value) + repr(wrap)
    assert secret.hex() not in shown
    assert DATA_KEY.hex() not in shown
