"""The two commands, and what they say when they cannot."""

from __future__ import annotations

import json
import runpy
import signal
import subprocess
import sys
import urllib.request

import pytest
from sklearn.linear_model import LogisticRegression

import prodml
from prodml import PredictionLog, Registry, open_storage
from prodml.__main__ import main
from prodml.errors import ConfigError


@pytest.fixture
def store(tmp_path):
    path = tmp_path / "store"
    model = LogisticRegression().fit([[0.0], [1.0], [2.0], [3.0]], ["no", "no", "yes", "yes"])
    registry = Registry(open_storage(path))
    registry.register("churn", model, reference=[{"x": float(i)} for i in range(4)])
    registry.promote("churn", 1)
    return path


@pytest.fixture(autouse=True)
def _handlers():
    before = signal.getsignal(signal.SIGTERM)
    yield
    signal.signal(signal.SIGTERM, before)


@pytest.fixture
def walks(monkeypatch):
    """Stand in for the walk itself, which tests/demo takes for real."""
    taken = []
    monkeypatch.setattr("prodml.demo.run", lambda folder, *, seed: taken.append((folder, seed)))
    return taken


def test_the_version_is_printed(capsys):
    with pytest.raises(SystemExit) as left:
        main(["--version"])
    assert left.value.code == 0
    assert capsys.readouterr().out == f"prodml {prodml.__version__}\n"


@pytest.mark.parametrize(
    "words",
    [
        [],
        ["dmeo"],
        ["demo", "--sed", "1", "--wrong"],
        ["demo", "--seed", "one"],
        ["serve"],
        ["serve", "churn@champion"],
        ["serve", "churn@champion", "--store", "x", "--port", "http"],
    ],
    ids=" ".join,
)
def test_wrong_words_are_answered_with_the_usage(words, capsys):
    with pytest.raises(SystemExit) as left:
        main(words)
    assert left.value.code == 2
    assert "usage: prodml" in capsys.readouterr().err


def test_demo_walks_in_the_folder_named(walks, tmp_path):
    assert main(["demo", "--out", str(tmp_path / "out"), "--seed", "5"]) == 0
    assert walks == [(tmp_path / "out", 5)]


def test_demo_takes_the_next_number_if_the_folder_holds_something(walks, tmp_path):
    for name in ("out", "out-2"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "mine").touch()
    (tmp_path / "out-3").touch()
    (tmp_path / "out-4").mkdir()
    assert main(["demo", "--out", str(tmp_path / "out")]) == 0
    assert walks == [(tmp_path / "out-4", 0)]


def test_an_error_of_our_own_is_one_line_and_exit_code_1(monkeypatch, capsys, tmp_path):
    def refuse(folder, *, seed):
        raise ConfigError("this cannot be.")

    monkeypatch.setattr("prodml.demo.run", refuse)
    assert main(["demo", "--out", str(tmp_path / "out")]) == 1
    assert capsys.readouterr().err == "prodml: this cannot be.\n"


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (["chrun@champion"], 'no model "chrun" in this registry. Did you mean "churn"'),
        (["churn@champ"], 'Did you mean "champion"'),
        (["churn"], '"name@alias"'),
        (["churn/9"], 'no version "9"'),
        (["churn@champion", "--port", "99999"], "cannot listen on 127.0.0.1:99999"),
    ],
    ids=["model", "alias", "bare name", "version", "port"],
)
def test_serve_says_in_one_line_what_is_wrong(words, says, store, capsys):
    assert main(["serve", *words, "--store", str(store)]) == 1
    said = capsys.readouterr()
    assert said.out == ""
    assert says in said.err
    assert said.err.startswith("prodml: ")
    assert said.err.count("\n") == 1


def test_serve_does_not_know_every_scheme(capsys):
    assert main(["serve", "churn@champion", "--store", "ftp://x"]) == 1
    assert "ftp" in capsys.readouterr().err


def test_serve_answers_until_it_is_interrupted(store, monkeypatch, capsys):
    seen = []

    def serve_forever(server):
        seen.append(server.url)
        raise KeyboardInterrupt

    monkeypatch.setattr("prodml.serving.http.HttpServer.serve_forever", serve_forever)
    assert main(["serve", "churn@champion", "--store", str(store), "--port", "0"]) == 130
    assert f"churn@champion answers at {seen[0]}/predict" in capsys.readouterr().out


@pytest.fixture
def heard():
    """Hand Ctrl-C on to what a test starts, also where these tests were started to ignore it."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


@pytest.mark.usefixtures("heard")
@pytest.mark.parametrize(("sent", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 0)])
def test_a_served_model_answers_for_real_and_leaves_cleanly(store, sent, code):
    words = ["serve", "models:/churn@champion", "--store", str(store), "--port", "0"]
    server = subprocess.Popen(
        [sys.executable, "-m", "prodml", *words],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        url = server.stdout.readline().split("answers at ")[1].split(";")[0]
        body = json.dumps({"inputs": {"x": 3.0}}).encode()
        request = urllib.request.Request(url, body, method="POST")
        with urllib.request.urlopen(request, timeout=20) as response:
            answer = json.load(response)["predictions"][0]
        server.send_signal(sent)
        _, err = server.communicate(timeout=20)
    finally:
        server.kill()
        server.wait()
        server.stdout.close()
        server.stderr.close()
    assert answer["prediction"] == "yes"
    assert server.returncode == code
    assert "Traceback" not in err
    logged = list(PredictionLog(open_storage(store), "churn").predictions())
    assert [p.id for p in logged] == [answer["id"]]


def test_the_module_runs_as_a_program(monkeypatch):
    monkeypatch.setattr(sys, "argv", ["prodml", "--version"])
    with (
        pytest.raises(SystemExit, match="0"),
        pytest.warns(RuntimeWarning, match="prodml.__main__"),
    ):
        runpy.run_module("prodml.__main__", run_name="__main__")
