from __future__ import annotations

import json
import threading
from datetime import timedelta

import numpy as np
import pandas as pd
import pytest
from sklearn.dummy import DummyClassifier
from sklearn.linear_model import LogisticRegression

from prodml.errors import ConfigError, ConflictError
from prodml.gate import Gate
from prodml.registry import Registry
from prodml.retraining import OnDrift, OnSchedule
from prodml.storage import FolderStorage
from prodml.training import Trainer

HOUR = timedelta(hours=1)
DAY = timedelta(days=1)


def rows(seed=0, n=400):
    rng = np.random.default_rng(seed)
    x = rng.normal(size=n)
    return pd.DataFrame({"x": x, "noise": rng.normal(size=n), "y": (x > 0).astype(int)})


def kinds(loop):
    return [event.type for event in loop.history()]


def test_the_first_version_is_promoted_over_nothing(make, registry):
    outcome = make().run_once(n_new_labels=10)
    assert (outcome.status, outcome.promoted, outcome.version) == ("promoted", True, 1)
    assert outcome.decision is None
    assert registry.aliases("churn") == {"champion": 1}


def test_nothing_happens_without_a_reason(make, registry):
    loop = make()
    outcome = loop.run_once(n_new_labels=3)
    assert (outcome.status, outcome.triggered, outcome.version) == ("not due", False, None)
    assert registry.models() == []
    assert kinds(loop) == ["checked"]


def test_a_better_model_takes_the_place_with_evidence(make, registry):
    weak = Trainer(DummyClassifier(), target="y").fit(rows())
    registry.register("churn", weak)
    registry.promote("churn", 1)
    outcome = make().run_once(n_new_labels=10)
    assert (outcome.status, outcome.version) == ("promoted", 2)
    assert outcome.decision.verdict == "promote"
    assert registry.aliases("churn")["champion"] == 2


def test_a_model_that_is_no_better_is_registered_and_kept(make, registry):
    loop = make()
    loop.run_once(n_new_labels=10)
    outcome = loop.run_once(n_new_labels=10)
    assert (outcome.status, outcome.promoted, outcome.version) == ("kept", False, 2)
    assert outcome.decision.verdict == "inconclusive"
    assert registry.aliases("churn")["champion"] == 1
    assert registry.get("churn/2").tags["trigger"] == "new_labels"
    assert registry.get("churn/2").tags["retrain_run"] == outcome.run_id


def test_a_gate_of_ones_own_decides_instead_of_the_registrys(make):
    loop = make(gate=Gate("accuracy", margin=0.1))
    loop.run_once(n_new_labels=10)
    assert loop.run_once(n_new_labels=10).status == "promoted"


def test_another_alias_may_be_moved(make, registry):
    make(alias="challenger").run_once(n_new_labels=10)
    assert registry.aliases("churn") == {"challenger": 1}


def test_every_step_is_in_the_journal(make):
    loop = make()
    outcome = loop.run_once(n_new_labels=10)
    assert kinds(loop) == [
        "checked",
        "lease_taken",
        "data_fetched",
        "trained",
        "registered",
        "decided",
        "run_finished",
        "lease_released",
    ]
    finished = loop.history()[-2]
    assert finished.payload["run_id"] == outcome.run_id
    assert finished.payload["version"] == 1
    assert finished.actor == "retrain-loop"
    assert loop.history()[0].payload["reasons"][0]["trigger"] == "new_labels"


def test_a_dry_run_writes_nothing(make, storage):
    outcome = make().run_once(n_new_labels=10, dry_run=True)
    assert (outcome.status, outcome.triggered) == ("dry run", True)
    assert list(storage.list()) == []


def test_force_trains_without_a_trigger_and_the_gate_still_decides(make):
    loop = make()
    loop.run_once(force=True)
    outcome = loop.run_once(force=True)
    assert [r.trigger for r in outcome.reasons] == ["forced"]
    assert outcome.status == "kept"


def test_a_report_of_drift_starts_a_run(make):
    class Report:
        drifted = True
        share = 0.5

    outcome = make(triggers=[OnDrift(min_share=0.4)]).run_once(drift=Report())
    assert [r.trigger for r in outcome.reasons] == ["drift"]


def test_deciding_is_pure(make, storage):
    loop = make()
    context = loop.context(n_new_labels=10)
    assert loop.decide(context).due
    assert loop.decide(context, force=True).due
    assert list(storage.list()) == []


def test_a_schedule_goes_on_in_a_new_process(make, storage, clock, tmp_path):
    kept = FolderStorage(tmp_path)
    daily = {"storage": kept, "triggers": [OnSchedule(DAY)]}
    assert make(**daily).run_once().status == "promoted"
    clock.pass_by(23 * HOUR)
    assert make(**daily, registry=Registry(storage)).run_once().status == "not due"
    clock.pass_by(HOUR)
    assert make(**daily).run_once().triggered


def test_a_cron_schedule_counts_from_the_first_check(make, clock):
    loop = make(triggers=[OnSchedule("0 3 * * *")])
    assert loop.run_once().status == "not due"
    clock.pass_by(14 * HOUR)
    assert loop.run_once().status == "not due"
    clock.pass_by(HOUR)
    assert loop.run_once().triggered
    assert loop.run_once().status == "not due"


def test_a_long_run_counts_from_its_start(make, clock):
    def slow():
        clock.pass_by(HOUR / 2)
        return rows()

    loop = make(source=slow)
    before = clock()
    outcome = loop.run_once(n_new_labels=10)
    assert outcome.seconds == 1800
    assert loop.last_run == before


def test_a_cooldown_holds_the_next_run_back(make, clock):
    loop = make(cooldown=2 * HOUR)
    loop.run_once(n_new_labels=10)
    outcome = loop.run_once(n_new_labels=10)
    assert (outcome.status, outcome.triggered) == ("not due", False)
    assert "cooling down" in outcome.message
    clock.pass_by(2 * HOUR)
    assert loop.run_once(n_new_labels=10).triggered


def test_a_second_runner_finds_the_first_busy(make):
    second = make()
    seen = []

    def source():
        seen.append(second.run_once(n_new_labels=10))
        return rows()

    first = make(source=source).run_once(n_new_labels=10)
    assert first.status == "promoted"
    assert (seen[0].status, seen[0].triggered, seen[0].version) == ("busy", True, None)
    assert first.run_id in seen[0].message
    assert "skipped" in kinds(second)


def test_of_eight_runners_at_once_one_runs(make, registry):
    started = threading.Barrier(8)
    loops = [make() for _ in range(8)]
    release = threading.Event()
    outcomes = []

    def source():
        release.wait(20)
        return rows()

    def run(loop):
        loop._source = source
        started.wait(20)
        outcomes.append(loop.run_once(n_new_labels=10))
        release.set() if len(outcomes) == 7 else None

    threads = [threading.Thread(target=run, args=(loop,)) for loop in loops]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert sorted(o.status for o in outcomes) == ["busy"] * 7 + ["promoted"]
    assert len(registry.versions("churn")) == 1


class Killed(BaseException):
    """Stands for a process that is gone: nothing is written after it."""


def crashed(make, monkeypatch):
    """Leave a loop as a kill in the middle of a run would."""
    loop = make(source=lambda: (_ for _ in ()).throw(Killed()))
    with monkeypatch.context() as patch:
        patch.setattr("prodml.retraining.runner.Runner._fail", lambda *_: None)
        with pytest.raises(Killed):
            loop.run_once(n_new_labels=10)
    return loop


def test_a_crashed_runner_keeps_others_out_only_until_its_lease_ends(make, clock, monkeypatch):
    loop = make(lease=HOUR, clock_skew=timedelta(0))
    crashed(lambda **changes: make(lease=HOUR, **changes), monkeypatch)
    clock.pass_by(HOUR - timedelta(seconds=1))
    assert loop.run_once(n_new_labels=10).status == "busy"
    clock.pass_by(timedelta(seconds=1))
    assert loop.run_once(n_new_labels=10).status == "promoted"


def test_a_crashed_run_does_not_count_for_the_schedule_and_is_gone_on_with(
    make, clock, monkeypatch
):
    crashed(make, monkeypatch)
    clock.pass_by(HOUR)
    loop = make()
    assert loop.last_run is None
    outcome = loop.run_once()
    assert (outcome.status, outcome.attempt) == ("promoted", 2)
    assert "goes on with run" in outcome.message
    assert [r.trigger for r in outcome.reasons] == ["new_labels"]


def test_a_runner_that_outlasts_its_lease_stops_before_it_registers(make, registry, clock):
    other = make()

    class Slow:
        def fit(self, data):
            clock.pass_by(2 * HOUR)
            assert other.run_once(n_new_labels=10).status == "promoted"
            return Trainer(LogisticRegression(), target="y").fit(data)

    loop = make(trainer=Slow())
    with pytest.raises(ConflictError, match="was silent for longer than its lease"):
        loop.run_once(n_new_labels=10)
    assert len(registry.versions("churn")) == 1
    assert kinds(loop)[-1] == "lease_lost"


def test_a_late_runner_goes_on_if_nobody_took_over(make, clock):
    def slow():
        clock.pass_by(2 * HOUR)
        return rows()

    assert make(source=slow).run_once(n_new_labels=10).status == "promoted"


@pytest.mark.parametrize("error", [ValueError("row of Ada"), KeyboardInterrupt()])
def test_a_failure_comes_through_ends_the_lease_and_shows_no_data(make, clock, error):
    def fail():
        raise error

    loop = make(source=fail)
    with pytest.raises(type(error)):
        loop.run_once(n_new_labels=10)
    last = loop.history()[-2]
    assert last.type == "run_failed"
    assert last.payload["error"] == type(error).__name__
    assert "Ada" not in json.dumps(last.payload)
    assert loop.last_run == clock()
    assert make().run_once(n_new_labels=10).status == "promoted"


def test_a_refusal_without_evidence_keeps_the_champion(make, registry):
    loop = make()
    loop.run_once(n_new_labels=10)
    wider = make(source=lambda: rows().assign(new=1.0))
    outcome = wider.run_once(n_new_labels=10)
    assert (outcome.status, outcome.decision) == ("kept", None)
    assert registry.aliases("churn")["champion"] == 1


def test_an_outcome_prints_as_a_table_and_is_plain_data(make):
    loop = make()
    first, second, idle = (loop.run_once(n_new_labels=n) for n in (10, 10, 0))
    assert repr(first).splitlines()[0].split() == ["Retraining", "of", "churn", "promoted"]
    assert "churn/1" in repr(first)
    assert "Gate: inconclusive" in repr(second)
    assert second._repr_html_().count("<table") == 2
    assert "no trigger fired" in repr(idle)
    assert "<table" in idle._repr_html_()
    plain = json.loads(json.dumps(second.to_dict()))
    assert plain["status"] == "kept"
    assert plain["reasons"][0]["trigger"] == "new_labels"
    assert plain["decision"]["verdict"] == "inconclusive"
    assert idle.to_dict()["decision"] is None


def test_an_outcome_is_one_line_for_logs(make):
    loop = make()
    first, second, idle = (loop.run_once(n_new_labels=n) for n in (10, 10, 0))
    assert first.line() == (
        "2026-03-02T12:00:00Z churn/1 promoted: the first: there was nothing to compare it with; "
        "new_labels: 10 new labels, 10 are enough"
    )
    assert second.line().startswith("2026-03-02T12:00:00Z churn/2 kept: 100 rows cannot tell")
    assert idle.line() == "2026-03-02T12:00:00Z churn not due: no trigger fired"


def test_a_loop_shows_its_triggers(make):
    assert repr(make()) == 'RetrainLoop("churn", triggers=[OnNewLabels(n=10)])'


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"triggers": []}, "at least one trigger"),
        ({"lease": timedelta(0)}, "lease must be a timedelta longer"),
        ({"cooldown": -HOUR}, "cooldown must be a timedelta that is not negative"),
    ],
)
def test_settings_outside_their_range_are_refused(make, wrong, message):
    with pytest.raises(ConfigError, match=message):
        make(**wrong)
