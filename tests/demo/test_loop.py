"""What the demo says is what it left in the store."""

from __future__ import annotations

import json
import re

import pytest

from prodml import AuditTrail, FileKeys, PredictionLog, Registry
from prodml.demo import run
from prodml.demo.data import load
from prodml.demo.loop import STATIONS
from prodml.errors import ConfigError
from prodml.journal import Journal
from prodml.storage import FolderStorage

MODEL = "tumours"


def numbers(text):
    return [int(n) for n in re.findall(r"\b\d+\b", text)]


def test_every_station_is_printed_once_in_order(walked):
    assert [name.replace(" ", "_") for name in walked.stations] == [s.__name__ for s in STATIONS]
    numbered = [int(n) for n in re.findall(r"^ ?(\d+)  ", walked.text, flags=re.MULTILINE)]
    assert numbered == list(range(1, len(STATIONS) + 1))


def test_no_line_is_wider_than_a_terminal(walked):
    told = walked.text.split("\n\nReport:")[0]
    assert max(map(len, told.splitlines())) <= 100


def test_the_last_lines_name_the_report_and_the_time(walked):
    assert f"Report: {walked.report}\n" in walked.text
    assert re.search(r"Done in [\d.]+ (s|min)", walked.text)


def test_exactly_the_spoiled_rows_are_quarantined(walked):
    clinic = load(0)
    good, bad = numbers(walked.stations["validate"])[:2]
    assert bad == clinic.n_spoiled
    assert good == len(clinic.history) - clinic.n_spoiled


def test_the_spoiled_rows_break_three_rules():
    history = load(0).history
    spoiled = (
        history["mean radius"].isna()
        | (history["mean smoothness"] < 0)
        | (history["mean area"] > 10_000)
    )
    assert spoiled.sum() == load(0).n_spoiled


def test_patients_are_pseudonymised_one_by_one(walked):
    patients, names_left = numbers(walked.stations["pseudonymise"])[:2]
    assert patients == numbers(walked.stations["validate"])[0]
    assert names_left == 0


def test_the_versions_that_were_named_are_in_the_registry(walked):
    registry = Registry(walked.store)
    told = {int(n) for n in re.findall(rf"{MODEL}/(\d+)", walked.stations["register"])}
    told |= {int(n) for n in re.findall(rf"{MODEL}/(\d+)", walked.stations["retrain"])}
    assert told == {version.version for version in registry.versions(MODEL)} == {1, 2, 3}


def test_the_accuracies_are_those_on_record(walked):
    registry = Registry(walked.store)
    told = re.findall(r"\w+ \w+Classifier ([\d.]+)%", walked.stations["train"])
    on_record = [100 * registry.get(f"{MODEL}/{n}").metrics["accuracy"] for n in (1, 2)]
    assert [float(t) for t in told] == pytest.approx(on_record, abs=0.05)


def test_the_aliases_are_where_the_last_stations_left_them(walked):
    aliases = Registry(walked.store).aliases(MODEL)
    back = re.search(rf"→ {MODEL}/(\d+), one call", walked.stations["roll back"])
    tried = re.search(rf"challenger → {MODEL}/(\d+)", walked.stations["promote"])
    assert aliases == {"champion": int(back[1]), "challenger": int(tried[1])}


def test_the_history_ends_with_the_rollback(walked):
    history = list(Registry(walked.store).history(MODEL))
    assert history[-1].kind == "rollback"
    assert history[-1].version == Registry(walked.store).aliases(MODEL)["champion"]


def test_the_served_answers_are_in_the_log(walked):
    frame = PredictionLog(walked.store, MODEL).frame()
    assert len(frame) == len(load(0).live) == numbers(walked.stations["serve"])[0]
    told = dict(re.findall(r"(champion|challenger) (\d+)", walked.stations["serve"]))
    assert {arm: int(n) for arm, n in told.items()} == frame["arm"].value_counts().to_dict()


def test_each_arm_was_answered_by_its_version(walked):
    frame = PredictionLog(walked.store, MODEL).frame()
    assert set(zip(frame["arm"], frame["version"], strict=True)) == {
        ("champion", 1),
        ("challenger", 2),
    }


def test_the_live_accuracy_is_that_of_the_outcomes_on_record(walked):
    frame = PredictionLog(walked.store, MODEL).frame()
    told = re.search(r"^(\d+) came in late: accuracy ([\d.]+)%", walked.stations["outcomes"])
    share = (frame["prediction"] == frame["outcome"]).mean()
    assert int(told[1]) == frame["outcome"].notna().sum()
    assert float(told[2]) == pytest.approx(100 * share, abs=0.05)


def test_the_planted_drift_and_nothing_else_is_found(walked):
    line = walked.stations["drift"]
    assert line.startswith("0 of 30 columns")
    assert {"worst radius", "worst perimeter", "worst area"} <= set(
        re.split(r"up anew: |, ", line)[1:]
    )


def test_the_explanation_names_inputs_of_the_model(walked):
    names = Registry(walked.store).get(f"{MODEL}@challenger").schema.names
    reasons = walked.stations["explain"].split(": ", 1)[1].split("; ")
    assert len(reasons) == 3
    assert all(any(reason.startswith(name) for name in names) for reason in reasons)


def test_the_retraining_was_on_record_and_for_drift(walked):
    events = list(Journal(walked.store, f"retraining/{MODEL}").events())
    assert "drift" in walked.stations["retrain"]
    assert any('"version":3' in json.dumps(e.payload, separators=(",", ":")) for e in events)


def test_the_audit_counts_what_is_there(walked):
    actions, events, blobs = numbers(walked.stations["audit"])
    checked = Registry(walked.store).verify()
    assert AuditTrail(walked.store).verify().n_events == actions
    assert (checked.n_events, checked.n_blobs) == (events, blobs)


def test_one_flipped_byte_in_the_store_is_found(walked, tmp_path):
    copy = FolderStorage(tmp_path)
    for meta in walked.store.list(""):
        copy.put(meta.key, walked.store.get(meta.key))
    key = next(m.key for m in copy.list("audit/log/"))
    data = copy.get(key)
    copy.put(key, data.replace(b"demo", b"dema", 1))
    assert data != copy.get(key)
    with pytest.raises(ValueError, match="event 1 of journal"):
        AuditTrail(copy).verify()


def test_no_patient_is_named_anywhere_in_the_store_or_the_report(walked):
    everything = b"".join(walked.store.get(meta.key) for meta in walked.store.list(""))
    everything += walked.report.read_bytes()
    assert len(everything) > 100_000
    assert not re.search(rb"patient-\d{4}", everything)


def test_the_key_is_in_its_own_file_and_nowhere_else(walked):
    secret = FileKeys(walked.folder / "keys.json").active("pseudonym").secret
    everything = b"".join(walked.store.get(meta.key) for meta in walked.store.list(""))
    everything += walked.report.read_bytes() + walked.text.encode()
    assert secret not in everything
    assert secret.hex().encode() not in everything


def test_the_report_needs_nothing_from_outside(walked):
    html = walked.report.read_text()
    assert "<script" not in html
    assert not re.search(r'(?:src|href)="(?!#)', html)
    assert not re.search(r"url\((?!#)|@import", html)


def test_the_report_tells_what_was_printed(walked):
    html = walked.report.read_text()
    assert html.count("<svg") >= 3
    for word in ("Training", "Gate", "Experiment", "Drift", "Explanation", "Retraining", "History"):
        assert word in html


def test_nothing_else_is_written(walked):
    assert sorted(p.name for p in walked.folder.iterdir()) == ["keys.json", "report.html", "store"]


def test_a_folder_that_holds_something_is_left_alone(tmp_path):
    (tmp_path / "mine.txt").write_text("mine")
    with pytest.raises(ConfigError, match="holds something already"):
        run(tmp_path)
    assert [p.name for p in tmp_path.iterdir()] == ["mine.txt"]


def test_a_file_in_the_way_is_left_alone(tmp_path):
    (tmp_path / "out").write_text("mine")
    with pytest.raises(ConfigError, match="holds something already"):
        run(tmp_path / "out")
    assert (tmp_path / "out").read_text() == "mine"


@pytest.mark.slow
def test_another_seed_tells_another_story(walked, walked_again):
    changed = [
        name for name, text in walked.stations.items() if walked_again.stations[name] != text
    ]
    assert {"train", "register", "gate", "serve", "outcomes", "explain", "retrain"} & set(changed)
    assert len(changed) >= 5


@pytest.mark.slow
def test_another_seed_is_as_true(walked_again):
    frame = PredictionLog(walked_again.store, MODEL).frame()
    told = float(re.search(r"accuracy ([\d.]+)%", walked_again.stations["outcomes"])[1])
    share = (frame["prediction"] == frame["outcome"]).mean()
    assert told == pytest.approx(100 * share, abs=0.05)
    assert numbers(walked_again.stations["validate"])[1] == load(7).n_spoiled


def test_another_seed_brings_other_rows_and_the_same_ones_twice():
    assert load(0).history["patient"].tolist() == load(0).history["patient"].tolist()
    assert load(0).history["patient"].tolist() != load(1).history["patient"].tolist()


def test_history_and_live_rows_share_no_patient():
    clinic = load(3)
    assert not set(clinic.history["patient"]) & set(clinic.live["patient"])
    assert len(clinic.history) + len(clinic.live) == 569
