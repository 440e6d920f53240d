"""How a loop stands is shown to people, and said in words whatever went wrong."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace

import attrs
import pytest
from sklearn.dummy import DummyClassifier
from sklearn.linear_model import LogisticRegression

from prodml.errors import ConflictError, IntegrityError, ProdmlError, RefusedError, SchemaError
from prodml.gate import Gate
from prodml.registry import Registry
from prodml.retraining import Manual, OnNewLabels, OnSchedule
from prodml.training import Trainer

HOUR = timedelta(hours=1)


def test_a_loop_that_never_ran_says_so(make):
    status = make().status()
    assert (status.last_run, status.last_status, status.next_tick) == (None, None, None)
    assert "none yet" in repr(status)
    assert "nobody" in repr(status)
    assert "no schedule" in repr(status)


def test_a_status_says_what_came_of_the_last_run_and_why(make, clock):
    loop = make(triggers=[OnNewLabels(10), OnSchedule("0 3 * * *")])
    loop.run_once(n_new_labels=10)
    loop.run_once(n_new_labels=10)
    status = loop.status()
    assert (status.last_status, status.last_version, status.verdict) == ("kept", 2, "inconclusive")
    assert "churn/2" in repr(status)
    assert status.why
    assert status.next_tick == datetime(2026, 3, 3, 3, tzinfo=UTC)
    assert status.n_runs == 2
    assert json.loads(json.dumps(status.to_dict()))["next_tick"] == "2026-03-03T03:00:00+00:00"
    assert status._repr_html_().count("<table") == 1


def test_while_a_runner_is_at_it_a_status_says_who_and_how_far(make, rows):
    other, seen = make(), []

    def source():
        seen.append(other.status())
        return rows()

    make(source=source).run_once(n_new_labels=10)
    (status,) = seen
    assert status.holder.rpartition(":")[2].isdigit()
    assert status.holder_until > status.now
    assert not status.is_silent
    assert (status.running is not None, status.step, status.attempts) == (True, None, 1)
    assert "nothing yet" in repr(status)


def test_history_prints_as_a_table_of_what_was_done(make):
    loop = make(notify=[lambda notice: None])
    loop.run_once(n_new_labels=3)
    loop.run_once(n_new_labels=10)
    history = loop.history()
    shown = repr(history)
    assert "no trigger fired" in shown
    assert "400 rows" in shown
    assert "promoted, version 1" in shown
    assert "1 <lambda>" in shown
    assert "&lt;lambda&gt;" in history._repr_html_()
    assert len(history) == len(list(history)) == len(history.to_dict()["events"])
    assert history[0].type == "checked"
    assert [e.type for e in history[:1]] == ["checked"]
    json.dumps(history.to_dict())


# --- people -----------------------------------------------------------------------------------


def test_what_somebody_asks_for_is_done_once(make):
    loop = make(triggers=[Manual()])
    make(triggers=[Manual()]).request("a new region", actor="ops")
    outcome = loop.run_once()
    assert str(outcome.reasons[0]) == "manual: ops asked: a new region"
    assert loop.run_once().status == "not due"


def test_a_wish_is_nothing_to_a_loop_that_takes_none(make):
    loop = make()
    loop.request("a new region")
    assert loop.run_once(n_new_labels=0).status == "not due"


def test_a_lease_that_was_broken_is_free_at_once_and_its_holder_stops(make, rows, registry):
    other = make()

    def source():
        assert other.run_once(n_new_labels=10).status == "busy"
        other.break_lease("the host hangs")
        assert other.run_once().status == "promoted"
        return rows()

    with pytest.raises(ConflictError, match="or the lease was broken"):
        make(source=source).run_once(n_new_labels=10)
    assert len(registry.versions("churn")) == 1
    broken = next(e for e in other.history() if e.type == "lease_broken")
    assert broken.reason == "the host hangs"


def test_who_is_told_to_stop_gives_back_the_lease_and_the_next_goes_on(make, registry):
    answers = iter([False, False, True])
    outcome = make().run_once(n_new_labels=10, stop=lambda: next(answers))
    assert outcome.status == "stopped"
    assert registry.aliases("churn") == {}
    loop = make()
    assert loop.status().step == "registered"
    done = loop.run_once()
    assert (done.status, done.version, done.attempt) == ("promoted", 1, 1)


def test_stopping_is_no_crash_however_often(make):
    for _ in range(5):
        assert make().run_once(n_new_labels=10, stop=lambda: True).status == "stopped"
    assert make().run_once().status == "promoted"


# --- what may go wrong ------------------------------------------------------------------------


def failed(loop, error, **facts):
    with pytest.raises(error):
        loop.run_once(**facts)
    return loop.status()


def test_a_source_that_raises_is_said(make):
    status = failed(make(source=lambda: 1 / 0), ZeroDivisionError, n_new_labels=10)
    assert (status.last_status, status.why) == ("failed", "after the beginning: ZeroDivisionError")


@pytest.mark.parametrize("nothing", [None, []], ids=["None", "no rows"])
def test_a_source_without_rows_is_said(make, nothing):
    status = failed(make(source=lambda: nothing), SchemaError, n_new_labels=10)
    assert "the source of churn returned no rows" in status.why


def test_a_trainer_that_fails_is_said(make):
    trainer = Trainer(LogisticRegression(), target="no such column")
    status = failed(make(trainer=trainer), SchemaError, n_new_labels=10)
    assert status.why.startswith("after data_fetched: ")


def test_a_champion_that_cannot_be_loaded_is_said_and_the_new_version_stays(
    make, registry, storage, rows
):
    loop = make()
    loop.run_once(n_new_labels=10)
    digest = registry.get("churn/1").digest.removeprefix("sha256:")
    (key,) = [m.key for m in storage.list() if digest in m.key]
    storage.put(key, b"not what was written")
    loop = make(registry=Registry(storage), source=lambda: rows(seed=1))
    status = failed(loop, IntegrityError, n_new_labels=10)
    assert status.why.startswith("after registered: ")
    assert status.last_version == 2


def test_a_champion_that_was_deprecated_still_has_to_be_beaten(make, registry, rows):
    registry.register("churn", Trainer(DummyClassifier(), target="y").fit(rows()))
    registry.promote("churn", 1)
    registry.deprecate("churn", 1, "biased")
    assert make().run_once(n_new_labels=10).decision.verdict == "promote"


def test_a_new_version_that_was_deprecated_before_it_was_judged_is_kept_back(
    make, registry, monkeypatch
):
    loop = make()
    loop.run_once(n_new_labels=10)

    def stop_after_registering():
        return len(registry.versions("churn")) == 2

    loop.run_once(n_new_labels=10, stop=stop_after_registering)
    registry.deprecate("churn", 2, "trained on a bad day")
    outcome = make().run_once()
    assert (outcome.status, outcome.decision) == ("kept", None)
    assert "churn/2 is deprecated: trained on a bad day" in outcome.verdict_message


def test_a_champion_that_was_taken_away_and_deleted_leaves_room_for_a_first(make, registry):
    make().run_once(n_new_labels=10)
    registry.remove_alias("churn", "champion", reason="its data must go")
    registry.delete("churn", 1, reason="its data must go")
    outcome = make().run_once(n_new_labels=10)
    assert (outcome.status, outcome.version, outcome.decision) == ("promoted", 2, None)
    assert outcome.verdict_message == "the first: there was nothing to compare it with"


def test_a_new_version_that_was_deleted_before_it_was_judged_is_a_failure_and_said(make, registry):
    make().run_once(n_new_labels=10)
    make().run_once(n_new_labels=10, stop=lambda: len(registry.versions("churn")) == 2)
    registry.delete("churn", 2, reason="trained on a bad day")
    status = failed(make(), ProdmlError)
    assert status.why.startswith('after registered: no version "2" of model "churn" any more')
    assert make().run_once(n_new_labels=10).version == 3


def test_an_alias_that_others_have_to_approve_keeps_the_version_and_says_so(make, storage):
    loop = make(registry=Registry(storage, actor="night-job", approvals={"champion": 1}))
    outcome = loop.run_once(n_new_labels=10)
    assert (outcome.status, outcome.version) == ("kept", 1)
    assert "approval" in outcome.verdict_message
    registry = Registry(storage, actor="ada", approvals={"champion": 1})
    registry.approve("churn", 1)
    Registry(storage, actor="night-job", approvals={"champion": 1}).promote("churn", 1)
    assert registry.aliases("churn") == {"champion": 1}


def test_an_approval_that_came_while_nobody_was_at_it_is_no_promotion_yet(make, storage, clock):
    rules = {"champion": 1}
    dying = make(registry=Registry(storage, actor="night-job", approvals=rules))
    stopped = dying.run_once(
        n_new_labels=10, stop=lambda: "registered" in dying._journal.state()["run"]["steps"]
    )
    assert stopped.status == "stopped"
    with pytest.MonkeyPatch.context() as patch:  # killed when it goes on
        patch.setattr("prodml.retraining.runner.Runner._fail", lambda *_: None)
        patch.setattr("prodml.retraining.attempt.Attempt._ask", lambda *_: 1 / 0)
        with pytest.raises(ZeroDivisionError):
            dying.run_once()
    Registry(storage, actor="ada", approvals=rules).approve("churn", 1)
    clock.pass_by(HOUR)
    outcome = make(registry=Registry(storage, actor="night-job", approvals=rules)).run_once()
    assert (outcome.status, outcome.attempt) == ("promoted", 2)
    assert Registry(storage).aliases("churn") == {"champion": 1}


def test_an_alias_that_somebody_moved_meanwhile_is_a_conflict_and_said(make, registry, rows):
    registry.register("churn", Trainer(DummyClassifier(), target="y").fit(rows()))
    registry.register("churn", Trainer(DummyClassifier(), target="y").fit(rows()))
    registry.promote("churn", 1)

    class Meddling:
        def __init__(self, inner):
            self.inner = inner

        def decide(self, *given, **more):
            decision = self.inner.decide(*given, **more)
            if registry.aliases("churn")["champion"] == 1:
                registry.promote("churn", 2, force=True, reason="meanwhile")
            return decision

    status = failed(make(gate=Meddling(Gate())), ConflictError, n_new_labels=10)
    assert status.last_status == "failed"
    assert "churn@champion" in status.why
    assert registry.aliases("churn") == {"champion": 2}


def test_a_promotion_that_a_policy_forbids_keeps_the_version_and_says_so(make, storage):
    def may(actor, action, resource):
        return action != "promote"

    loop = make(registry=Registry(storage, actor="night-job", access=may))
    outcome = loop.run_once(n_new_labels=10)
    assert (outcome.status, outcome.version) == ("kept", 1)
    assert '"night-job" may not promote' in outcome.verdict_message
    assert '"night-job" may not promote' in loop.status().why


def test_a_registration_that_a_policy_forbids_is_a_failure(make, storage):
    loop = make(registry=Registry(storage, actor="night-job", access=lambda *_: False))
    status = failed(loop, RefusedError, n_new_labels=10)
    assert '"night-job" may not register' in status.why


def test_a_storage_that_fails_at_the_end_leaves_a_run_that_goes_on(make, shop, clock):
    """The error of the run comes through, with a note on what could not be written."""
    storage = shop.with_champion()
    failing = shop.disturbed(storage)

    def source():
        failing.is_dead = True
        raise ValueError("first")

    failing_loop = shop.loop(failing, clock, source=source)
    with pytest.raises(shop.killed):
        failing_loop.run_once(n_new_labels=10)
    clock.pass_by(HOUR)
    assert shop.loop(storage, clock).run_once().status == "promoted"


class Log:
    """A log in which outcomes come in as told."""

    n = 10

    def performance(self, *, version=None, since=None):
        return SimpleNamespace(scores={}, n_outcomes=self.n)

    def predictions(self, *, since=None):
        return []


class Undecided(Gate):
    """A gate that would like to see 300 rows."""

    def decide(self, *given, **more):
        found = super().decide(*given, **more)
        return attrs.evolve(found, verdict="inconclusive", n_rows=100, n_needed=300)


def test_after_an_inconclusive_verdict_the_loop_waits_for_labels_and_then_runs(make):
    log = Log()
    loop = make(log=log, gate=Undecided())
    assert loop.run_once().status == "promoted"
    log.n += 10
    assert loop.run_once().verdict == "inconclusive"
    assert (loop.status().n_needed, loop.context().n_labels_wanted) == (300, 200)
    assert "about 300 rows" in repr(loop.status())
    log.n += 199
    waiting = loop.run_once()
    assert waiting.status == "not due"
    assert waiting.message == "the last verdict was inconclusive: waiting for 1 more labels"
    log.n += 1
    assert "labels_came" in [r.trigger for r in loop.run_once().reasons]
