from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from prodml.crypto import Bundle, Manifest, Signer, Verifier, sign_folder, verify_folder
from prodml.errors import ConfigError, IntegrityError, UntrustedModelError

# Made by model-signing 1.0.1, 1.1.0 and 1.1.1, as the names say, over the folder `model`, with keys
# that were thrown away; the public halves and the root certificate lie beside them.
OPENSSF = Path(__file__).parent / "data" / "openssf"
BUNDLES = sorted((OPENSSF / "bundles").iterdir())


def verifier_of(bundle):
    kind = bundle.name.split("-")[1]
    if kind == "certificate":
        return Verifier(roots=[OPENSSF / "root.crt"])
    return Verifier(OPENSSF / f"{kind}.pub")


def test_three_releases_of_the_openssf_tool_are_covered():
    assert {b.name.split("-")[0] for b in BUNDLES} == {"1.0.1", "1.1.0", "1.1.1"}
    assert len(BUNDLES) == 15


@pytest.mark.parametrize("bundle", BUNDLES, ids=lambda b: b.stem)
def test_what_the_openssf_tool_signed_is_verified(bundle):
    manifest = verify_folder(OPENSSF / "model", verifier_of(bundle), signature=bundle)
    assert manifest.name == "model"


@pytest.mark.parametrize("bundle", BUNDLES, ids=lambda b: b.stem)
def test_a_changed_file_under_a_signature_of_the_openssf_tool_is_found(bundle, tmp_path):
    model = tmp_path / "model"
    shutil.copytree(OPENSSF / "model", model)
    (model / "weights.bin").write_bytes(b"Weights")
    with pytest.raises(IntegrityError, match=r"weights\.bin"):
        verify_folder(model, verifier_of(bundle), signature=bundle)


@pytest.mark.parametrize("curve", ["p256", "p384", "p521"])
def test_the_openssf_tool_verifies_what_is_signed_here(model, pem, curve, tmp_path):
    verifying = pytest.importorskip("model_signing.verifying", reason="needs model-signing")
    signer = Signer(pem[curve])
    sign_folder(model, signer)
    public = tmp_path / "key.pub"
    public.write_bytes(signer.public_key)
    config = verifying.Config().use_elliptic_key_verifier(public_key=public)
    config.verify(model, model / "model.sig")


def test_a_signed_folder_is_verified(model, signer):
    signed = sign_folder(model, signer)
    assert verify_folder(model, Verifier(signer.public_key)) == signed
    assert [r.name for r in signed.resources] == ["config.json", "sub/part.txt", "weights.bin"]
    assert verify_folder(str(model), Verifier(signer.public_key)).name == "churn"


def test_signing_again_replaces_the_signature(model, signer, other):
    sign_folder(model, signer)
    sign_folder(model, other)
    verify_folder(model, Verifier(other.public_key))
    with pytest.raises(UntrustedModelError):
        verify_folder(model, Verifier(signer.public_key))


def test_a_signature_may_lie_elsewhere(model, signer, tmp_path):
    elsewhere = tmp_path / "churn.sig"
    sign_folder(model, signer, signature=elsewhere, name="churn-v7")
    found = verify_folder(model, Verifier(signer.public_key), signature=elsewhere)
    assert found.name == "churn-v7"


def changed(model):
    (model / "weights.bin").write_bytes(b"other")


def added(model):
    (model / "sub" / "extra.py").write_bytes(b"import os")


def removed(model):
    (model / "config.json").unlink()


def renamed(model):
    (model / "config.json").rename(model / "Config.json")


@pytest.mark.parametrize(
    ("attack", "message"),
    [
        (changed, "weights.bin is not the file that was signed"),
        (added, "holds sub/extra.py, which was not signed"),
        (removed, "lacks config.json, which was signed"),
        (renamed, "Config.json, which was not signed"),
    ],
)
def test_a_folder_that_is_not_the_signed_one_is_refused(model, signer, attack, message):
    sign_folder(model, signer)
    attack(model)
    with pytest.raises(IntegrityError, match=message):
        verify_folder(model, Verifier(signer.public_key))


def test_files_of_git_are_left_out_as_the_openssf_tool_does(model, signer):
    sign_folder(model, signer)
    (model / ".git").mkdir()
    (model / ".git" / "HEAD").write_bytes(b"ref")
    (model / ".gitignore").write_bytes(b"*.pyc")
    verify_folder(model, Verifier(signer.public_key))


def test_a_symbolic_link_is_refused(model, signer, tmp_path):
    (tmp_path / "outside").write_bytes(b"x")
    (model / "link").symlink_to(tmp_path / "outside")
    with pytest.raises(IntegrityError, match="link is a symbolic link"):
        sign_folder(model, signer)


def test_a_folder_without_a_signature_is_not_trusted(model, signer):
    with pytest.raises(UntrustedModelError, match="is not signed"):
        verify_folder(model, Verifier(signer.public_key))


def test_a_folder_that_is_missing_is_said_so(tmp_path, signer):
    with pytest.raises(ConfigError, match="there is no folder"):
        sign_folder(tmp_path / "nowhere", signer)
    with pytest.raises(ConfigError, match="there is no folder"):
        verify_folder(tmp_path / "nowhere", Verifier(signer.public_key))


def test_every_flipped_byte_of_a_signature_is_found_or_changes_nothing(model, signer):
    signed = sign_folder(model, signer)
    verifier, target = Verifier(signer.public_key), model / "model.sig"
    good = target.read_bytes()
    for place in range(len(good)):
        target.write_bytes(good[:place] + bytes([good[place] ^ 4]) + good[place + 1 :])
        try:
            assert verify_folder(model, verifier) == signed
        except (IntegrityError, UntrustedModelError):
            continue


def test_a_statement_of_another_type_is_no_model_signature(model, signer):
    bundle = signer.bundle("text/plain", Manifest.of_folder(model).statement())
    (model / "model.sig").write_bytes(bundle.dump())
    with pytest.raises(IntegrityError, match="no in-toto statement but 'text/plain'"):
        verify_folder(model, Verifier(signer.public_key))


def test_a_manifest_comes_back_from_its_statement(model):
    manifest = Manifest.of_folder(model, ignored=("sub",))
    assert Manifest.read(manifest.statement()) == manifest
    assert [r.name for r in manifest.resources] == ["config.json", "weights.bin"]


def test_a_manifest_in_pieces_comes_back_too(model):
    manifest = Manifest("churn", (), shard_bytes=500).of(model)
    assert [r.name for r in manifest.resources][-3:] == [
        "weights.bin:0:500",
        "weights.bin:500:1000",
        "weights.bin:1000:1280",
    ]
    assert Manifest.read(manifest.statement()) == manifest


def test_a_statement_must_add_up(model):
    good = json.loads(Manifest.of_folder(model).statement())
    for change in (
        lambda s: s["subject"][0]["digest"].update(sha256="00" * 32),
        lambda s: s["subject"].append(s["subject"][0]),
        lambda s: s.update(predicateType="https://model_signing/Digests/v0.1"),
        lambda s: s.update(_type="https://in-toto.io/Statement/v0.1"),
        lambda s: s["predicate"]["serialization"].update(method="magic"),
        lambda s: s["predicate"]["serialization"].update(hash_type="md5"),
        lambda s: s["predicate"]["resources"][0].update(algorithm="blake3"),
        lambda s: s["predicate"]["resources"][0].update(digest="00"),
        lambda s: s["predicate"]["resources"].append(s["predicate"]["resources"][0]),
        lambda s: s["predicate"]["resources"].pop(),
        lambda s: s.pop("predicate"),
    ):
        statement = json.loads(json.dumps(good))
        change(statement)
        with pytest.raises(IntegrityError, match="no statement of model signing"):
            Manifest.read(json.dumps(statement).encode())


def test_a_bundle_comes_back_as_it_was_written(signer):
    bundle = signer.bundle("text/plain", b"payload")
    assert Bundle.load(bundle.dump()) == bundle
    assert Verifier(signer.public_key).open(bundle) == b"payload"
