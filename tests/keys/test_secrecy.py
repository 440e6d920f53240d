"""No secret shows anywhere: not in repr, str, errors with all their causes, logs or pickles."""

from __future__ import annotations

import base64
import json
import logging
import pickle
import traceback

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from prodml.errors import KeyMaterialError
from prodml.keys import CallableKeys, EnvKeys, FileKeys, StaticKeys
from prodml.ports import Key

STRONG = st.binary(min_size=16, max_size=48).filter(lambda b: len(set(b)) >= 12)


def forms(secret):
    text = base64.b64encode(secret).decode().rstrip("=")
    return {
        repr(secret)[2:-1],
        secret.hex(),
        secret.hex().upper(),
        text,
        base64.urlsafe_b64encode(secret).decode().rstrip("="),
        text[4:-4],
        secret.hex()[8:-8],
        secret.decode("latin-1"),
    }


def assert_hidden(secret, *shown):
    for text in shown:
        assert not [form for form in forms(secret) if form in text]


def everything_about(error):
    """What a logger, a debugger or an error tracker may see, along the whole chain of causes."""
    texts = ["".join(traceback.format_exception(error))]
    while error is not None:
        texts += [str(error), repr(error), repr(vars(error)), repr(error.args)]
        texts += [repr(getattr(error, name, "")) for name in ("doc", "object")]
        error = error.__cause__ or error.__context__
    return texts


def adapters(secret, tmp_path):
    path = tmp_path / "keys.json"
    entry = {"kid": "k", "secret": base64.b64encode(secret).decode()}
    path.write_text(json.dumps({"format": "prodml-keys/1", "domains": {"a": [entry]}}))
    path.chmod(0o600)
    return [
        StaticKeys({"a": Key("k", secret)}, warn=False),
        EnvKeys(environ={"PRODML_KEY_A": f"k:{secret.hex()}"}),
        CallableKeys({"k": secret}.__getitem__, {"a": "k"}),
        FileKeys(path),
    ]


fresh = settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=25)


@fresh
@given(secret=STRONG)
def test_adapters_and_keys_show_no_secret(secret, tmp_path):
    for keys in adapters(secret, tmp_path):
        key = keys.active("a")
        assert key.secret == secret
        assert_hidden(secret, repr(keys), str(keys), repr(key), str(key), f"{key}")


@fresh
@given(secret=STRONG)
def test_errors_about_unknown_names_show_no_secret(secret, tmp_path):
    for keys in adapters(secret, tmp_path):
        for ask in (lambda k=keys: k.get("z"), lambda k=keys: k.active("z")):
            with pytest.raises(KeyMaterialError) as caught:
                ask()
            assert_hidden(secret, *everything_about(caught.value))


@fresh
@given(secret=STRONG)
def test_pickles_hold_no_secret(secret, tmp_path):
    for keys in adapters(secret, tmp_path)[-1:]:
        keys.active("a")
        data = pickle.dumps(keys)
        assert secret not in data
        assert_hidden(secret, data.decode("latin-1"))


def test_a_key_is_not_pickled_through_its_adapter(secret):
    with pytest.raises(TypeError, match="cannot be pickled"):
        pickle.dumps(StaticKeys({"a": secret}, warn=False).active("a"))


@fresh
@given(secret=STRONG)
def test_a_damaged_file_shows_no_secret(secret, tmp_path):
    path = tmp_path / "damaged.json"
    path.touch(mode=0o600)
    for text in (f'{{"secret": "{secret.hex()}"', secret, f'{{"format": "{secret.hex()}"}}'):
        path.write_bytes(text if isinstance(text, bytes) else text.encode())
        with pytest.raises(KeyMaterialError) as caught:
            FileKeys(path)
        assert_hidden(secret, *everything_about(caught.value))


@fresh
@given(secret=STRONG)
def test_a_variable_that_cannot_be_read_shows_no_secret(secret):
    for text in (
        f"{secret.hex()}:2026",
        f"k:{secret.hex()}!",
        f"{secret.hex()}é",
        f"{secret.hex()} x:{secret.hex()}",
    ):
        with pytest.raises(KeyMaterialError) as caught:
            EnvKeys(environ={"PRODML_KEY_A": text}).active("a")
        assert_hidden(secret, *everything_about(caught.value))


@fresh
@given(secret=STRONG)
def test_a_weak_key_is_refused_without_being_shown(secret):
    for weak in (secret[:15], secret[:8] * 4):
        with pytest.raises(KeyMaterialError) as caught:
            StaticKeys({"a": weak}, warn=False)
        assert_hidden(weak, *everything_about(caught.value))


def test_a_secret_where_its_id_belongs_is_not_shown(secret):
    with pytest.raises(KeyMaterialError) as caught:
        StaticKeys({"a": Key(secret.hex() + "=", secret)}, warn=False)
    assert_hidden(secret, *everything_about(caught.value))


def test_nothing_is_logged(secret, other, tmp_path, caplog):
    caplog.set_level(logging.DEBUG)
    for keys in adapters(secret, tmp_path):
        keys.active("a")
        with pytest.raises(KeyMaterialError):
            keys.get("z")
    assert caplog.records == []
