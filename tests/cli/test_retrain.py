"""``python -m prodml retrain``: from an import string to one line per decision and an exit code."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

import prodml
from prodml.__main__ import main
from prodml.cli.retrain import _pause_s
from prodml.errors import StorageError

PROJECT = """
import numpy as np
import pandas as pd
from sklearn.linear_model import LogisticRegression

from prodml import Registry, RetrainLoop, Trainer, open_storage
from prodml.retraining import Manual, OnSchedule

storage = open_storage("store")


def rows():
    rng = np.random.default_rng(0)
    x = rng.normal(size=400)
    return pd.DataFrame({"x": x, "y": (x + rng.normal(size=400) > 0).astype(int)})


def make(source=rows, triggers=None):
    return RetrainLoop(
        "churn",
        trainer=Trainer(LogisticRegression(), target="y"),
        registry=Registry(storage),
        storage=storage,
        triggers=triggers or [OnSchedule("0 3 * * mon"), Manual()],
        source=source,
    )


def failing():
    raise ValueError("row of Ada Lovelace")


loop = make()
broken = make(source=failing)
empty = make(source=lambda: rows()[:0])
number = 5


class Holder:
    loop = loop
"""


@pytest.fixture
def project(tmp_path, monkeypatch):
    """Stand in a folder with a module `shop_retraining`, as one would in a project."""
    (tmp_path / "shop_retraining.py").write_text(PROJECT)
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(str(tmp_path))
    yield tmp_path
    sys.modules.pop("shop_retraining", None)


@pytest.fixture
def say(project, capsys):
    """Say words, and return the exit code, what was printed, and what was complained of."""

    def say(*words):
        code = main(["retrain", *words])
        out, err = capsys.readouterr()
        return code, out, err

    return say


def test_nothing_to_do_is_one_line_and_exit_code_0(say):
    code, out, err = say("shop_retraining:loop")
    assert (code, err) == (0, "")
    assert out.endswith("churn not due: no trigger fired\n")
    assert out.count("\n") == 1


def test_a_first_version_is_promoted(say):
    code, out, _ = say("shop_retraining:loop", "--force")
    assert code == 0
    assert "churn/1 promoted: the first: there was nothing to compare it with" in out


def test_a_factory_or_a_path_will_do(say):
    assert say("shop_retraining:make", "--dry-run")[0] == 0
    assert say("shop_retraining:Holder.loop", "--dry-run")[0] == 0


def test_a_dry_run_writes_nothing(say, project):
    def files():
        return sorted(p for p in (project / "store").rglob("*") if p.is_file())

    say("shop_retraining:loop", "--dry-run")
    before = files()
    code, out, _ = say("shop_retraining:loop", "--force", "--dry-run")
    assert (code, files()) == (0, before)
    assert "dry run: forced" in out


def test_one_line_of_json_per_decision(say):
    code, out, _ = say("shop_retraining:loop", "--force", "--json")
    told = json.loads(out)
    assert (code, told["status"], told["version"]) == (0, "promoted", 1)


def test_a_champion_that_stays_is_no_failure_unless_asked(say):
    say("shop_retraining:loop", "--force")
    assert say("shop_retraining:loop", "--force")[0] == 0
    code, out, _ = say("shop_retraining:loop", "--force", "--exit-code")
    assert code == 3
    assert "churn/3 kept" in out


def test_a_run_that_fails_says_where_but_not_with_which_data(say):
    code, out, err = say("shop_retraining:broken", "--force")
    assert (code, out) == (1, "")
    assert "the run failed with ValueError in failing, line" in err
    assert "Ada" not in err
    assert "Ada" in say("shop_retraining:broken", "--force", "--traceback")[2]


def test_an_error_of_our_own_is_told_in_its_words(say):
    code, _, err = say("shop_retraining:empty", "--force")
    assert (code, err) == (
        1,
        "prodml: the source of churn returned no rows: there is nothing to learn\n",
    )


def test_status_and_history_are_shown_and_nothing_is_done(say):
    say("shop_retraining:loop", "--force")
    _, out, _ = say("shop_retraining:loop", "--status")
    assert "promoted churn/1" in out
    assert json.loads(say("shop_retraining:loop", "--status", "--json")[1])["n_runs"] == 1
    _, out, _ = say("shop_retraining:loop", "--history")
    assert "lease taken" in out


def test_a_lease_can_be_broken(say):
    code, _, err = say("shop_retraining:loop", "--break-lease", "the host is gone")
    assert code == 1
    assert "nobody holds the lease of churn" in err


@pytest.mark.parametrize(
    ("target", "says"),
    [
        ("shop_retraining", 'as "module:name"'),
        (":loop", 'as "module:name"'),
        ("shop_retrainin:loop", "no module shop_retrainin: it is looked for in"),
        ("shop_retraining.sub:loop", "no module shop_retraining.sub"),
        ("shop_retraining:lop", 'no name "lop" in shop_retraining. Did you mean "loop"'),
        (
            "shop_retraining:number",
            "neither a RetrainLoop nor a function that returns one, but a int",
        ),
        ("shop_retraining:rows", "but a DataFrame"),
    ],
)
def test_what_is_no_loop_is_said_in_one_line(say, target, says):
    code, out, err = say(target)
    assert (code, out) == (1, "")
    assert says in err
    assert err.count("\n") == 1


def test_a_module_that_lacks_something_itself_says_so(project, say):
    (project / "shop_lacking.py").write_text("import not_installed_here\n")
    with pytest.raises(ModuleNotFoundError, match="not_installed_here"):
        say("shop_lacking:loop")


@pytest.mark.parametrize("words", [["--watch", "--status"], ["--poll", "soon"], []])
def test_wrong_words_are_answered_with_the_usage(words, project, capsys):
    target = ["shop_retraining:loop"] if words else []
    with pytest.raises(SystemExit) as left:
        main(["retrain", *target, *words])
    assert left.value.code == 2
    assert "usage: prodml retrain" in capsys.readouterr().err


def test_a_poll_of_nothing_is_refused(say):
    code, _, err = say("shop_retraining:loop", "--watch", "--poll", "0")
    assert code == 1
    assert "--poll must be more than 0" in err


def started(project, *words, code=PROJECT):
    (project / "shop_retraining.py").write_text(code)
    source = str(Path(prodml.__file__).parents[1])
    return subprocess.Popen(
        [sys.executable, "-m", "prodml", "retrain", *words],
        cwd=project,
        env={**os.environ, "PYTHONPATH": source},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def test_a_watcher_looks_until_it_is_told_to_leave(project):
    watcher = started(project, "shop_retraining:loop", "--watch", "--poll", "0.2")
    try:
        lines = [watcher.stdout.readline() for _ in range(2)]
        watcher.send_signal(signal.SIGTERM)
        _, err = watcher.communicate(timeout=60)
    finally:
        watcher.kill()
        watcher.wait()
    assert all("churn not due" in line for line in lines)
    assert (watcher.returncode, err) == (0, "")


class Ticking:
    """A loop that says when it is due next."""

    def __init__(self, tick):
        self.tick = tick

    def next_tick(self):
        if isinstance(self.tick, Exception):
            raise self.tick
        return None if self.tick is None else datetime.now(UTC) + self.tick


@pytest.mark.parametrize(
    ("tick", "expected"),
    [
        (None, 300.0),
        (timedelta(hours=1), 300.0),
        (timedelta(minutes=2), 120.0),
        (timedelta(hours=-1), 300.0),  # held back: looking every second would not help
        (StorageError("away"), 300.0),
    ],
)
def test_a_watcher_sleeps_until_the_next_tick(tick, expected):
    assert _pause_s(Ticking(tick), 300.0) == pytest.approx(expected, abs=5)


SLOW_SOURCE = PROJECT.replace(
    "def failing():",
    """def slow():
    import pathlib, time
    pathlib.Path("fetching").touch()
    time.sleep(1.0)
    return rows()


def failing():""",
).replace("loop = make()", "loop = make(source=slow)")


def test_sigterm_ends_after_the_step_and_the_next_goes_on_at_once(project, say):
    runner = started(project, "shop_retraining:loop", "--force", "--exit-code", code=SLOW_SOURCE)
    try:
        for _ in range(1200):
            if (project / "fetching").exists():
                break
            time.sleep(0.05)
        runner.send_signal(signal.SIGTERM)
        out, err = runner.communicate(timeout=60)
    finally:
        runner.kill()
        runner.wait()
    assert (runner.returncode, err) == (5, "")
    assert "churn stopped" in out
    code, out, _ = say("shop_retraining:loop")
    assert code == 0
    assert "churn/1 promoted" in out
    assert "goes on with run" in out


def test_doctor_says_what_is_here(capsys, tmp_path):
    assert main(["doctor", "--store", str(tmp_path / "store")]) == 0
    out = capsys.readouterr().out
    assert f"prodml        {prodml.__version__}" in out
    assert "creates exclusively" in out


def test_doctor_shows_a_loop(project, capsys):
    assert main(["doctor", "--loop", "shop_retraining:loop"]) == 0
    assert "Retraining of churn" in capsys.readouterr().out


def test_doctor_complains_about_a_store_that_is_none(capsys):
    assert main(["doctor", "--store", "ftp://x"]) == 1
    assert "ftp" in capsys.readouterr().err
