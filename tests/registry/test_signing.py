"""Versions signed with a private key: who registers vouches, and who loads need not be able to."""

import json

import pytest
from sklearn.linear_model import LinearRegression

from prodml.errors import ConfigError, ConflictError, IntegrityError, UntrustedModelError
from prodml.journal import Journal
from prodml.registry import Registry
from prodml.storage import MemoryStorage


@pytest.fixture(scope="module")
def signers(tmp_path_factory):
    pytest.importorskip("cryptography", reason="needs the extra crypto")
    from prodml.crypto import Signer

    folder = tmp_path_factory.mktemp("keys")
    return [Signer.create(folder / f"{name}.pem") for name in ("ours", "theirs")]


@pytest.fixture
def ours(signers):
    return signers[0]


@pytest.fixture
def theirs(signers):
    return signers[1]


@pytest.fixture
def reader(storage, ours):
    from prodml.crypto import Verifier

    return Registry(storage, verifier=Verifier(ours.public_key))


@pytest.fixture(scope="module")
def model():
    return LinearRegression().fit([[0.0], [1.0]], [0.0, 1.0])


class Odd:
    """An estimator of our own, which has no inert form."""

    def fit(self, X, y):
        return self

    def predict(self, X):
        return X


def test_a_signed_version_is_used_with_the_public_key_alone(storage, ours, reader, strong):
    Registry(storage, signer=ours).register("tumours", strong)
    assert reader.get("tumours/1").version == 1
    assert reader.load("tumours/1").predict(strong.holdout).tolist()
    assert reader.holdout("tumours/1") is not None
    assert reader.verify().n_models == 1


def test_what_nobody_signed_is_refused(storage, reader, model):
    Registry(storage).register("line", model)
    for use in (reader.load, reader.get, reader.holdout, reader.reference):
        with pytest.raises(UntrustedModelError, match="line/1 is not signed"):
            use("line/1")
    with pytest.raises(UntrustedModelError):
        reader.verify()


def test_what_somebody_else_signed_is_refused(storage, theirs, reader, model):
    Registry(storage, signer=theirs).register("line", model)
    with pytest.raises(UntrustedModelError, match="line/1 cannot be trusted: signed with the key"):
        reader.load("line/1")


@pytest.mark.parametrize("change", ["model", "format", "record", "tags", "size_bytes", "blobs"])
def test_a_planted_version_is_refused(storage, ours, reader, model, change):
    Registry(storage, signer=ours).register("line", model)
    journal = Journal(storage, "models/line")
    payload = json.loads(json.dumps(next(iter(journal.events())).payload, default=dict))
    payload[change] = {"a": "b"} if isinstance(payload[change], dict) else "sha256:" + "0" * 64
    journal.append("version_registered", {**payload, "version": 2})
    with pytest.raises(IntegrityError, match="line/2 cannot be trusted"):
        reader.load("line/2")


def test_who_registered_and_why_is_signed(storage, ours, reader, model):
    Registry(storage, actor="nightly", signer=ours).register("line", model, reason="fresh data")
    assert (reader.get("line/1").actor, reader.get("line/1").reason) == ("nightly", "fresh data")
    payload = dict(next(iter(Journal(storage, "models/line").events())).payload)
    other = MemoryStorage()
    Journal(other, "models/line", actor="mallory").append("version_registered", payload)
    with pytest.raises(IntegrityError, match="line/1 cannot be trusted"):
        Registry(other, verifier=reader._proofs.verifier).get("line/1")


def test_a_version_of_another_model_is_refused(storage, ours, reader, model):
    Registry(storage, signer=ours).register("line", model)
    payload = next(iter(Journal(storage, "models/line").events())).payload
    Journal(storage, "models/other").append("version_registered", dict(payload))
    with pytest.raises(IntegrityError, match="other/1 cannot be trusted"):
        reader.load("other/1")


def test_a_pickle_with_a_trusted_signature_needs_no_other_trust(storage, ours, reader):
    Registry(storage, signer=ours).register("odd", Odd(), trust="pickle")
    assert reader.load("odd/1").predict(3) == 3
    with pytest.raises(UntrustedModelError, match="stored as a pickle"):
        Registry(storage).load("odd/1")


def test_a_pickle_with_a_foreign_signature_is_never_unpickled(storage, theirs, reader):
    Registry(storage, signer=theirs).register("odd", Odd(), trust="pickle")
    with pytest.raises(UntrustedModelError):
        reader.load("odd/1", trust="pickle")


def test_keys_are_changed_by_trusting_both_for_a_while(storage, ours, theirs, model):
    from prodml.crypto import Verifier

    Registry(storage, signer=ours).register("line", model)
    Registry(storage, signer=theirs).register("line", model)
    both = Registry(storage, verifier=Verifier(ours.public_key, theirs.public_key))
    assert [v.version for v in both.versions("line")] == [1, 2]


def test_a_signature_is_checked_once_per_version_and_not_per_use(storage, ours, model):
    from prodml.crypto import Verifier

    class Counting:
        n = 0

        def verify(self, data, signature):
            self.n += 1
            Verifier(ours.public_key).verify(data, signature)

    counting = Counting()
    Registry(storage, signer=ours).register("line", model)
    reader = Registry(storage, verifier=counting)
    for _ in range(5):
        reader.load("line/1")
    assert counting.n == 1


def test_wrong_arguments_are_refused_at_the_door(storage):
    with pytest.raises(ConfigError, match="signer must have sign"):
        Registry(storage, signer="signing.pem")
    with pytest.raises(ConfigError, match="verifier must have verify"):
        Registry(storage, verifier="signing.pub")


def test_a_version_goes_out_as_a_signed_folder(storage, ours, strong, tmp_path):
    from prodml.crypto import Verifier, verify_folder
    from prodml.fingerprint import sha256

    registry = Registry(storage, signer=ours)
    version = registry.register("tumours", strong)
    signed = registry.export_signed("tumours/1", tmp_path / "out")
    found = verify_folder(tmp_path / "out", Verifier(ours.public_key))
    assert found == signed
    assert found.name == "tumours/1"
    assert [r.name for r in found.resources] == ["model.bin", "record.json", "version.json"]
    assert sha256((tmp_path / "out" / "model.bin").read_bytes()) == version.digest
    with pytest.raises(ConflictError, match="exists already"):
        registry.export_signed("tumours/1", tmp_path / "out")


def test_an_export_needs_a_signer(storage, ours, model, tmp_path):
    Registry(storage).register("line", model)
    with pytest.raises(ConfigError, match="needs a signer"):
        Registry(storage).export_signed("line/1", tmp_path / "out")
    Registry(storage).export_signed("line/1", tmp_path / "out", signer=ours)
    with pytest.raises(ConfigError, match="cannot make the folder"):
        Registry(storage).export_signed("line/1", tmp_path / "no" / "where", signer=ours)


def test_a_registry_without_signer_signs_nothing(model):
    storage = MemoryStorage()
    Registry(storage).register("line", model)
    assert next(iter(Journal(storage, "models/line").events())).payload["signature"] is None


def test_an_alias_that_was_moved_in_a_checkpoint_moves_for_nobody_who_checks(storage, ours, model):
    from prodml.crypto import Verifier
    from prodml.journal.envelope import seal

    verifier = Verifier(ours.public_key)
    registry = Registry(storage, signer=ours, verifier=verifier)
    registry.register("line", model)
    registry.register("line", model)
    registry.promote("line", 2, alias="a")
    while registry.head("line").seq < 64:
        registry.comment("line", "on and on")
    key = f"models/line/ckpt/{64:020d}.json"
    body = json.loads(storage.get(key))["body"]
    assert body.pop("signature")  # as an older prodml would have written it
    body["state"]["aliases"]["a"] = [1]
    storage.put(key, seal(json.dumps(body, separators=(",", ":")).encode()))
    assert Registry(storage).resolve("line@a") == 1
    assert Registry(storage, verifier=verifier).resolve("line@a") == 2
