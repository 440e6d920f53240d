from __future__ import annotations

import json
import sys

import pytest
from hypothesis.strategies import integers
from sklearn.linear_model import LogisticRegression

from prodml.training import record
from prodml.training.params import plain_params

COMMIT = "0123456789abcdef0123456789abcdef01234567"


@pytest.fixture
def git(tmp_path):
    (tmp_path / ".git" / "refs" / "heads").mkdir(parents=True)
    (tmp_path / ".git" / "HEAD").write_text("ref: refs/heads/main\n")
    return tmp_path / ".git"


def test_the_commit_of_a_branch_is_found_from_a_folder_below(git, tmp_path):
    (git / "refs" / "heads" / "main").write_text(COMMIT + "\n")
    (tmp_path / "src" / "deep").mkdir(parents=True)
    assert record.git_commit(tmp_path / "src" / "deep") == COMMIT


def test_a_detached_head_is_the_commit(git, tmp_path):
    (git / "HEAD").write_text(COMMIT + "\n")
    assert record.git_commit(tmp_path) == COMMIT


def test_a_packed_branch_is_found(git, tmp_path):
    (git / "packed-refs").write_text(f"# pack-refs with: peeled\n{COMMIT} refs/heads/main\n")
    assert record.git_commit(tmp_path) == COMMIT


def test_a_worktree_is_followed_to_its_repository(git, tmp_path):
    (git / "refs" / "heads" / "side").write_text(COMMIT)
    tree = git / "worktrees" / "side"
    tree.mkdir(parents=True)
    (tree / "HEAD").write_text("ref: refs/heads/side")
    (tree / "commondir").write_text("../..\n")
    work = tmp_path / "elsewhere"
    work.mkdir()
    (work / ".git").write_text(f"gitdir: {tree}\n")
    assert record.git_commit(work) == COMMIT


@pytest.mark.parametrize("packed", [None, f"{COMMIT} refs/heads/other\n"])
def test_a_branch_without_commit_has_none(git, tmp_path, packed):
    if packed:
        (git / "packed-refs").write_text(packed)
    assert record.git_commit(tmp_path) is None


@pytest.mark.parametrize("head", [b"nonsense", b"\xff\xfe", b""])
def test_what_cannot_be_read_is_none(git, tmp_path, head):
    (git / "HEAD").write_bytes(head)
    assert record.git_commit(tmp_path) is None


def test_a_folder_without_repository_has_no_commit(tmp_path):
    # The temporary directory lies in no repository.
    assert record.git_commit(tmp_path) is None


def test_the_environment_names_versions_and_no_paths():
    found = record.environment(LogisticRegression())
    text = json.dumps(found)
    assert found["python"] == sys.version.split()[0]
    assert set(found["packages"]) >= {"numpy", "pandas", "scikit-learn", "prodml"}
    assert None not in found["packages"].values()
    assert "/lib" not in text
    assert any(pool["internal_api"] == "openblas" for pool in found["blas"])


def test_the_package_of_a_foreign_estimator_is_listed():
    assert "hypothesis" in record.environment(integers())["packages"]


def test_a_package_that_is_not_installed_has_no_version():
    assert record._version("no-such-distribution-anywhere") is None


def test_without_threadpoolctl_the_pools_are_unknown(monkeypatch):
    monkeypatch.setitem(sys.modules, "threadpoolctl", None)
    assert record.blas() is None


def test_code_that_cannot_be_read_has_no_digest():
    class Blind:
        def fit(self, text):
            return eval(text)

    assert record.code_digest(Blind()) is None


def test_state_that_cannot_be_read_has_no_digest():
    assert record.state_digest(object()) is None


def test_code_that_can_be_read_has_the_same_digest_twice():
    first, second = (
        record.code_digest(LogisticRegression()),
        record.code_digest(LogisticRegression()),
    )
    assert first == second
    assert first.startswith("sha256:")


def test_parameters_hold_no_address_in_memory():
    def scorer():
        return 1

    plain = plain_params({"b": scorer, "a": LogisticRegression(), "c": {"k": (1, 2.5)}})
    assert list(plain) == ["a", "b", "c"]
    assert plain["a"].endswith("LogisticRegression")
    assert "0x" not in json.dumps(plain)
    assert plain["c"] == {"k": [1, 2.5]}


def test_numpy_numbers_are_numbers():
    import numpy as np

    assert plain_params({"n": np.int64(3), "x": np.float64("inf")}) == {"n": 3, "x": "inf"}
