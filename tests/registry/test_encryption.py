"""Versions encrypted before they are stored: readable with the key, checkable without, gone with it."""

import hashlib
import json

import pytest
from sklearn.linear_model import LinearRegression

from prodml.errors import ConfigError, IntegrityError, KeyMaterialError, StorageError
from prodml.journal import Journal
from prodml.keys import FileKeys, StaticKeys
from prodml.registry import Registry
from prodml.storage import MemoryStorage


@pytest.fixture(scope="module", autouse=True)
def cryptography():
    pytest.importorskip("cryptography", reason="needs the extra crypto")


class Counting(MemoryStorage):
    """Memory that counts the bytes of blobs that go in and out."""

    n_put = n_got = 0

    def put(self, key, data, *, if_absent=False):
        self.n_put += len(memoryview(data)) if "/blobs/" in key else 0
        return super().put(key, data, if_absent=if_absent)

    def get(self, key, *, start=0, end=None):
        data = super().get(key, start=start, end=end)
        self.n_got += len(data) if "/blobs/" in key else 0
        return data


@pytest.fixture
def storage():
    return Counting()


@pytest.fixture
def keys(tmp_path):
    return FileKeys.create(tmp_path / "keys.json", domains=["encryption"])


@pytest.fixture
def registry(storage, keys):
    return Registry(storage, actor="ops", encrypt=keys)


@pytest.fixture(scope="module")
def model():
    return LinearRegression().fit([[0.0], [1.0]], [0.0, 1.0])


def blobs(storage):
    return {m.key: storage.get(m.key) for m in storage.list() if "/blobs/" in m.key}


def test_everything_works_as_without_encryption(registry, weak, strong):
    registry.register("tumours", weak)
    registry.register("tumours", strong)
    registry.promote("tumours", 1)
    assert registry.promote("tumours", 2).kind == "gate"
    assert registry.load("tumours@champion").predict(strong.holdout).tolist()
    assert registry.holdout("tumours/2").inputs.equals(strong.holdout)
    assert registry.reference("tumours/2").shape == (500, 4)
    assert registry.get("tumours/2").metrics == {"accuracy": 0.9}
    assert registry.verify().n_blobs == 12


def test_no_blob_shows_what_it_holds(storage, registry, strong):
    registry.register("tumours", strong)
    together = b"".join(blobs(storage).values())
    for text in (b"DecisionTree", b"age", b"max_depth", b"accuracy", b"seed"):
        assert text not in together


def test_the_same_model_is_the_same_version_content_and_never_the_same_bytes(
    storage, registry, weak
):
    plain = Registry(MemoryStorage()).register("tumours", weak)
    first, second = (registry.register("tumours", weak) for _ in range(2))
    assert plain.digest == first.digest == second.digest
    assert first.holdout_digest == second.holdout_digest
    assert len(set(blobs(storage).values())) == 12


def test_equal_rows_in_two_roles_are_kept_apart(registry, make_run, weak):
    registry.register("tumours", make_run(weak.estimator, reference=weak.holdout))
    assert registry.holdout("tumours/1").inputs.equals(registry.reference("tumours/1"))


def test_without_the_keys_nothing_is_read_and_everything_is_checked(storage, registry, strong):
    registry.register("tumours", strong)
    stranger = Registry(storage)
    for use in (stranger.load, stranger.get, stranger.holdout, stranger.reference):
        with pytest.raises(
            KeyMaterialError, match="tumours/1 is encrypted: open the registry with"
        ):
            use("tumours/1")
    assert stranger.verify().n_blobs == 6
    assert stranger.aliases("tumours") == {}


def test_a_registry_with_keys_reads_what_was_never_encrypted(storage, keys, model):
    Registry(storage).register("line", model)
    registry = Registry(storage, encrypt=keys)
    registry.register("line", model)
    assert [v.version for v in registry.versions("line")] == [1, 2]
    assert registry.load("line/1").coef_ == registry.load("line/2").coef_


def test_a_flipped_byte_of_any_blob_is_found_without_a_key(storage, registry, model):
    registry.register("line", model)
    for key, good in blobs(storage).items():
        for place in range(0, len(good), 7):
            storage.put(key, good[:place] + bytes([good[place] ^ 1]) + good[place + 1 :])
            with pytest.raises(IntegrityError):
                Registry(storage).verify()
        storage.put(key, good)


def test_a_part_cannot_pose_as_another_part_or_model(storage, registry, strong, keys):
    registry.register("tumours", strong)
    journal = Journal(storage, "models/tumours")
    payload = json.loads(json.dumps(next(iter(journal.events())).payload, default=dict))
    parts = payload["sealed"]["parts"]
    swapped = {**parts, "holdout/inputs": parts["reference"], "reference": parts["holdout/inputs"]}
    payload = {**payload, "version": 2, "sealed": {**payload["sealed"], "parts": swapped}}
    journal.append("version_registered", payload)
    with pytest.raises(IntegrityError, match="does not belong to this key and context"):
        registry.reference("tumours/2")
    lacking = {**payload, "version": 3, "sealed": {**payload["sealed"], "parts": {}}}
    journal.append("version_registered", lacking)
    with pytest.raises(IntegrityError, match="tumours/3 names no encrypted record"):
        Registry(storage, encrypt=keys).get("tumours/3")


@pytest.mark.parametrize("n_real", [40, pytest.param(1000, marks=pytest.mark.slow)])
def test_rotation_of_1000_versions_rewrites_no_byte(storage, keys, model, n_real):
    registry = Registry(storage, encrypt=keys)
    for _ in range(n_real):
        registry.register("line", model)
    _plant(storage, n_real, 1000)
    old = keys.active("encryption").kid
    keys.rotate("encryption")
    storage.n_put = storage.n_got = 0
    rotation = Registry(storage, encrypt=keys).rotate_keys(reason="yearly")
    assert (rotation.n_versions, rotation.lost) == (1000, ())
    assert (storage.n_put, storage.n_got) == (0, 0)
    keys.destroy(old)
    fresh = Registry(storage, encrypt=keys)
    assert fresh.load("line/1").coef_ == fresh.load("line/1000").coef_ == model.coef_
    assert fresh.rotate_keys().n_versions == 0
    assert fresh.verify("line").n_models == 1


def _plant(storage, n_real, n_versions):
    """Register what was registered again and again, which is much faster than to encrypt it anew."""
    journal = Journal(storage, "models/line")
    registered = [dict(event.payload) for event in journal.events()]
    for number in range(n_real + 1, n_versions + 1):
        journal.append("version_registered", {**registered[number % n_real], "version": number})


def test_rotation_is_told_who_when_and_why(storage, registry, keys, model):
    registry.register("line", model)
    keys.rotate("encryption")
    registry.rotate_keys("line", reason="somebody left")
    *_, event = Journal(storage, "models/line").events()
    assert (event.type, event.actor, event.reason) == ("key_rewrapped", "ops", "somebody left")


def test_a_destroyed_key_shreds_what_it_protected_and_the_log_still_verifies(
    storage, registry, keys, strong
):
    registry.register("tumours", strong)
    old = keys.active("encryption").kid
    keys.rotate("encryption")
    registry.register("tumours", strong)
    keys.destroy(old)
    fresh = Registry(storage, encrypt=keys)
    for use in (fresh.load, fresh.get, fresh.holdout, fresh.reference):
        with pytest.raises(
            KeyMaterialError, match="tumours/1 cannot be decrypted: .* was destroyed"
        ):
            use("tumours/1")
    assert fresh.load("tumours/2")
    assert fresh.verify().n_events == 2
    assert fresh.rotate_keys().lost == ("tumours/1",)
    fresh.delete("tumours", 1, reason="shredded")
    assert [v.version for v in fresh.versions("tumours")] == [2]


def test_a_key_wrapped_by_nobody_we_know_is_a_typed_error(storage, registry, model):
    registry.register("line", model)
    other = StaticKeys({"encryption": hashlib.sha256(b"other").digest()}, warn=False)
    with pytest.raises(KeyMaterialError, match="line/1 cannot be decrypted"):
        Registry(storage, encrypt=other).load("line/1")


def test_collection_keeps_exactly_what_encrypted_versions_refer_to(storage, registry, weak, strong):
    registry.register("tumours", weak)
    registry.register("tumours", strong)
    registry.delete("tumours", 1, reason="old")
    registry.collect(reason="weekly")
    assert len(blobs(storage)) == 6
    assert registry.load("tumours/2")
    registry.register("tumours", weak)
    assert registry.verify().n_blobs == 12
    assert registry.holdout("tumours/3") is not None


def test_signed_and_encrypted_go_together(storage, keys, strong, tmp_path):
    from prodml.crypto import Signer, Verifier

    signer = Signer.create(tmp_path / "signing.pem")
    both = Registry(storage, encrypt=keys, signer=signer, verifier=Verifier(signer.public_key))
    both.register("tumours", strong)
    keys.rotate("encryption")
    both.rotate_keys()
    assert both.load("tumours/1")
    assert Registry(storage, verifier=Verifier(signer.public_key)).verify().n_models == 1
    both.export_signed("tumours/1", tmp_path / "out")


def test_any_flipped_byte_of_a_signed_and_encrypted_registry_is_found(
    storage, keys, tmp_path, model
):
    from prodml.crypto import Signer, Verifier

    signer = Signer.create(tmp_path / "signing.pem")
    writer = Registry(storage, encrypt=keys, signer=signer)
    writer.register("line", model)
    writer.promote("line", 1)
    keys.rotate("encryption")
    writer.rotate_keys()
    good = {meta.key: storage.get(meta.key) for meta in storage.list()}
    trusted = Verifier(signer.public_key)
    for key, data in good.items():
        for place in range(0, len(data), 1 if "/log" in key else 5):
            storage.put(key, data[:place] + bytes([data[place] ^ 1]) + data[place + 1 :])
            reader = Registry(storage, encrypt=keys, verifier=trusted)
            try:
                found = reader.load("line@champion").coef_
                reader.verify()
            except (IntegrityError, StorageError):
                continue
            assert found == model.coef_  # a hint that nobody trusts, or what follows from the log
            assert "/log" not in key
            assert "/blobs/" not in key
        storage.put(key, data)


def test_a_registry_on_an_encrypted_storage_shows_nothing_but_names(keys, weak, strong):
    from prodml.storage import EncryptedStorage

    inner = MemoryStorage()
    registry = Registry(EncryptedStorage(inner, keys), actor="ops")
    registry.register("tumours", weak, tags={"team": "credit"})
    registry.register("tumours", strong)
    registry.promote("tumours", 1, reason="the first")
    registry.promote("tumours", 2)
    registry.rollback("tumours")
    registry.collect(reason="weekly")
    assert registry.verify().n_models == 1
    together = b"".join(inner.get(meta.key) for meta in inner.list("models/"))
    for text in (b"credit", b"the first", b"DecisionTree", b"champion"):
        assert text not in together
    assert Registry(EncryptedStorage(inner, keys)).aliases("tumours") == {"champion": 1}


def test_rotation_needs_keys(storage):
    with pytest.raises(ConfigError, match="this registry has none"):
        Registry(storage).rotate_keys()
    with pytest.raises(ConfigError, match="encrypt must be keys"):
        Registry(storage, encrypt="secret")
