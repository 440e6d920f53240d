from __future__ import annotations

import shutil
import subprocess
import sys
import types

import pytest
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer

from prodml.training.code import code_parts, git_diff, project_modules


def halve(x):
    return x / 2


class Mine(LogisticRegression):
    pass


def test_parts_of_your_own_are_named_and_those_of_packages_are_not():
    model = make_pipeline(FunctionTransformer(halve), Mine())
    parts = code_parts(model, {"metric accuracy": len})
    assert set(parts) == {"estimator", "functiontransformer__func", "mine"}
    assert all(digest.startswith("sha256:") for digest in parts.values())


def test_code_that_cannot_be_seen_has_no_digest():
    assert code_parts(FunctionTransformer(lambda x: eval("x")), {})["func"] is None


def test_modules_below_the_project_are_digested_as_they_are_on_disk(tmp_path, monkeypatch):
    path = tmp_path / "features.py"
    path.write_text("a = 1\n")
    module = types.ModuleType("features_of_a_test")
    module.__file__ = str(path)
    gone = types.ModuleType("gone_of_a_test")
    gone.__file__ = str(tmp_path / "gone.py")
    monkeypatch.setitem(sys.modules, "features_of_a_test", module)
    monkeypatch.setitem(sys.modules, "gone_of_a_test", gone)
    before = project_modules(tmp_path)
    assert list(before) == ["features.py"]
    path.write_text("a = 2\n")
    assert project_modules(tmp_path) != before


@pytest.mark.skipif(shutil.which("git") is None, reason="git is not installed")
def test_a_checkout_is_clean_or_differs_by_a_digest(tmp_path):
    def git(*words):
        words = [
            "-c",
            "user.name=a",
            "-c",
            "user.email=a@b.c",
            "-c",
            "commit.gpgsign=false",
            *words,
        ]
        subprocess.run(["git", *words], cwd=tmp_path, check=True, capture_output=True)

    assert git_diff(tmp_path) is None
    git("init")
    path = tmp_path / "train.py"
    path.write_text("a = 1\n")
    git("add", "train.py")
    git("commit", "-m", "first")
    assert git_diff(tmp_path) == "clean"
    path.write_text("a = 2\n")
    first = git_diff(tmp_path)
    assert first.startswith("sha256:")
    path.write_text("a = 3\n")
    assert git_diff(tmp_path) != first


def test_without_git_nothing_is_claimed(monkeypatch):
    monkeypatch.setattr(shutil, "which", lambda name: None)
    assert git_diff() is None
