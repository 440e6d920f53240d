"""PredictionLog: predictions now, outcomes later."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import attrs
import pytest
from hypothesis import given
from hypothesis import strategies as st

from prodml.errors import ConfigError, ConflictError, IntegrityError, UnknownNameError
from prodml.monitoring import LoggedPrediction, PredictionLog
from prodml.storage import FolderStorage, MemoryStorage
from prodml.testing import ManualClock

START = datetime(2026, 1, 1, tzinfo=UTC)


def row(i, prediction="benign", **changes):
    made = START + timedelta(minutes=i)
    return attrs.evolve(LoggedPrediction(f"p{i}", made, "tumours", 1, prediction), **changes)


@pytest.fixture
def log():
    log = PredictionLog(MemoryStorage(), clock=ManualClock(START + timedelta(days=1)))
    log.append([row(0), row(1, "malignant"), row(2, arm="challenger", version=2)])
    return log


def test_predictions_come_back_as_they_were_given(log):
    assert list(log.predictions())[2] == row(2, arm="challenger", version=2)


@pytest.mark.parametrize(
    ("conditions", "expected"),
    [
        ({}, ["p0", "p1", "p2"]),
        ({"version": 2}, ["p2"]),
        ({"arm": "challenger"}, ["p2"]),
        ({"since": START + timedelta(minutes=1)}, ["p1", "p2"]),
        ({"until": START + timedelta(minutes=1)}, ["p0"]),
    ],
)
def test_predictions_are_found_by_every_condition(log, conditions, expected):
    assert [p.id for p in log.predictions(**conditions)] == expected


def test_outcomes_are_joined_however_late_they_come(log):
    log.record_outcome("p0", "benign")
    log.record_outcome("p1", "benign", at=START + timedelta(days=30))
    performance = log.performance()
    assert performance.scores == {"accuracy": 0.5}
    assert (performance.n_outcomes, performance.n_predictions) == (2, 3)
    assert performance.coverage == pytest.approx(2 / 3)


def test_the_median_delay_is_between_the_delays(log):
    log.record_outcome("p0", "benign", at=START + timedelta(hours=1))
    assert log.performance().median_delay_s == 3600


def test_saying_an_outcome_twice_changes_nothing(log):
    log.record_outcome("p0", "benign")
    log.record_outcome("p0", "benign")
    assert log.performance().n_outcomes == 1


def test_the_first_of_two_conflicting_outcomes_stands(log):
    log.record_outcome("p0", "benign")
    with pytest.raises(ConflictError, match="p0 already has another outcome"):
        log.record_outcome("p0", "malignant")
    assert log.performance().scores["accuracy"] == 1.0


def test_an_outcome_for_nothing_is_refused(log):
    with pytest.raises(UnknownNameError, match='no prediction "p9".*log "default"'):
        log.record_outcome("p9", "benign")


def test_a_batch_of_outcomes_says_what_became_of_each(log):
    log.record_outcome("p0", "benign")
    receipt = log.record_outcomes(
        {"p0": "benign", "p1": "malignant", "p9": "benign", "p2": "malignant"}
    )
    assert receipt.counts() == {"recorded": 2, "duplicate": 1, "conflicting": 0, "unknown": 1}
    assert (receipt.recorded, receipt.unknown) == (("p1", "p2"), ("p9",))
    assert repr(receipt) == "OutcomeReceipt(2 recorded, 1 duplicate, 1 unknown)"
    assert log.record_outcomes({"p1": "benign"}).conflicting == ("p1",)


def test_an_error_message_never_holds_the_outcome(log):
    log.record_outcome("p0", "benign")
    with pytest.raises(ConflictError) as caught:
        log.record_outcome("p0", "unspeakable")
    assert "unspeakable" not in str(caught.value)


def test_two_rows_of_one_id_are_refused_and_nothing_is_stored(log):
    with pytest.raises(ConfigError, match="share one"):
        log.append([row(7), row(7)])
    assert len(list(log.predictions())) == 3


def test_an_empty_batch_stores_nothing(log):
    log.append([])
    assert len(list(log.predictions())) == 3


def test_a_log_survives_a_restart(tmp_path):
    first = PredictionLog(FolderStorage(tmp_path), "live")
    first.append([row(0)])
    first.record_outcome("p0", "malignant")
    again = PredictionLog(FolderStorage(tmp_path), "live")
    assert again.performance().scores == {"accuracy": 0.0}


def test_two_readers_of_one_log_see_each_other():
    storage = MemoryStorage()
    one, two = PredictionLog(storage), PredictionLog(storage)
    one.append([row(0)])
    two.record_outcome("p0", "benign")
    assert one.performance().n_outcomes == 1


def test_inputs_are_stored_only_on_request():
    storage = MemoryStorage()
    PredictionLog(storage, "a").append([row(0, inputs={"radius": 14.25})])
    PredictionLog(storage, "b", keep_inputs=True).append([row(0, inputs={"radius": 14.25})])
    assert PredictionLog(storage, "a").get("p0").inputs is None
    assert PredictionLog(storage, "b").get("p0").inputs == {"radius": 14.25}
    assert "radius" in PredictionLog(storage, "b").frame()


def test_a_batch_too_large_for_an_event_is_kept_whole():
    log = PredictionLog(MemoryStorage())
    rows = [row(i) for i in range(2000)]
    log.append(rows)
    assert list(log.predictions()) == rows


def test_a_damaged_batch_is_found_and_not_read():
    storage = MemoryStorage()
    PredictionLog(storage).append([row(i) for i in range(2000)])
    key = next(m.key for m in storage.list("predictions/default/blobs/"))
    storage.put(key, storage.get(key)[:-1] + b"!")
    with pytest.raises(IntegrityError):
        list(PredictionLog(storage).predictions())


def test_a_regression_is_judged_by_its_errors():
    log = PredictionLog(MemoryStorage())
    log.append([row(i, float(i), task="regression") for i in range(3)])
    log.record_outcomes({"p0": 1.0, "p1": 1.0, "p2": 0.0})
    scores = log.performance().scores
    assert scores["mae"] == pytest.approx(1.0)
    assert scores["rmse"] == pytest.approx((5 / 3) ** 0.5)
    assert scores["bias"] == pytest.approx(1 / 3)


def test_performance_without_outcomes_is_unknown_and_prints(log):
    performance = log.performance()
    assert (performance.task, performance.scores, performance.low) == ("unknown", {}, None)
    assert "0 of 3" in repr(performance)


def test_performance_prints_its_limits(log):
    log.record_outcome("p0", "benign")
    assert "95 % limits" in repr(log.performance())
    assert "<table" in log.performance()._repr_html_()
    assert log.performance().to_dict()["coverage"] == pytest.approx(1 / 3)


def test_a_frame_has_outcomes_where_they_are_known(log):
    log.record_outcome("p1", "benign")
    frame = log.frame()
    assert frame["outcome"].isna().tolist() == [True, False, True]
    assert frame["prediction"].tolist() == ["benign", "malignant", "benign"]


@given(
    st.dictionaries(
        st.sampled_from([f"p{i}" for i in range(20)]), st.booleans(), min_size=1, max_size=20
    )
)
def test_accuracy_is_the_share_of_right_answers(outcomes):
    log = PredictionLog(MemoryStorage())
    log.append([row(i, True) for i in range(20)])
    log.record_outcomes(outcomes)
    assert log.performance().scores["accuracy"] == sum(outcomes.values()) / len(outcomes)
