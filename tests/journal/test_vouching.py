"""Signed checkpoints: who can write to the storage cannot hand readers a state of his own."""

from __future__ import annotations

import hashlib
import hmac
import json
import warnings

import pytest

from prodml.errors import ConfigError, IntegrityError, ProdmlWarning, UntrustedModelError
from prodml.journal import Journal
from prodml.journal.envelope import seal


class Pen:
    """Signs and checks with one secret."""

    def __init__(self, name):
        self.name = name

    def sign(self, data):
        return f"{self.name}:{hmac.new(self.name.encode(), data, hashlib.sha256).hexdigest()}"

    def verify(self, data, signature):
        if not signature.startswith(f"{self.name}:"):
            raise UntrustedModelError("signed with a key that is not trusted")
        if signature != self.sign(data):
            raise IntegrityError("the signature does not fit")


PEN = Pen("ours")


def ckpt_key(seq):
    return f"s/ckpt/{seq:020d}.json"


def fill(storage, fold, n=10, **options):
    journal = Journal(storage, "s", fold=fold, checkpoint_every=4, **options)
    for i in range(n):
        journal.append("note", {"i": i, "f": 1.0, "big": 1e300, "ü": None})
    return journal


def forged(data, signature=None):
    body = json.loads(data)["body"]
    body["state"]["n"] = 800
    if signature is not None:
        body["signature"] = signature
    return seal(json.dumps(body, ensure_ascii=False, separators=(",", ":")).encode())


def used(storage):
    return [key for call, key in storage.calls if call == "get" and "/log/" in key]


def test_a_signed_checkpoint_is_started_from(storage, fold):
    writer = fill(storage, fold, signer=PEN, verifier=PEN)
    storage.calls.clear()
    assert Journal(storage, "s", fold=fold, verifier=PEN).state() == writer.state()
    assert used(storage)[0] == f"s/log/{8:020d}.json"
    assert Journal(storage, "s", fold=fold).state() == writer.state()
    assert writer.verify().n_checkpoints == 2


@pytest.mark.parametrize("signature", [None, "ours:0", "theirs:0"])
def test_a_forged_state_is_not_used_whatever_signs_it(storage, fold, signature):
    true = fill(storage, fold, signer=PEN, verifier=PEN).state()
    storage.objects[ckpt_key(8)] = forged(storage.objects[ckpt_key(8)], signature)
    with pytest.warns(ProdmlWarning, match="is not used"):
        assert Journal(storage, "s", fold=fold, verifier=PEN).state() == true
    # Without a verifier, it is what verify() finds.
    assert Journal(storage, "s", fold=fold).state()["n"] == 802
    with pytest.raises(IntegrityError, match="checkpoint 8"):
        Journal(storage, "s", fold=fold).verify()


def test_a_signature_that_is_no_text_makes_no_checkpoint(storage, fold):
    true = fill(storage, fold).state()
    storage.objects[ckpt_key(8)] = forged(storage.objects[ckpt_key(8)], 7)
    with pytest.warns(ProdmlWarning, match="checkpoint 8 .* is not a checkpoint"):
        assert Journal(storage, "s", fold=fold).state() == true


def test_checkpoints_that_nobody_signed_are_not_used_and_all_events_are_read(storage, fold):
    true = fill(storage, fold).state()
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert Journal(storage, "s", fold=fold, verifier=PEN).state() == true


def test_a_checkpoint_of_another_signer_is_not_used(storage, fold):
    theirs = Pen("theirs")
    true = fill(storage, fold, signer=theirs, verifier=theirs).state()
    with pytest.warns(ProdmlWarning, match="not trusted"):
        assert Journal(storage, "s", fold=fold, verifier=PEN).state() == true


def test_who_signs_has_to_check(storage):
    with pytest.raises(ConfigError, match="give it a verifier as well"):
        Journal(storage, "s", signer=PEN)
    with pytest.raises(ConfigError, match="signer must have"):
        Journal(storage, "s", signer="key", verifier=PEN)
    with pytest.raises(ConfigError, match="verifier must have"):
        Journal(storage, "s", verifier="key")
