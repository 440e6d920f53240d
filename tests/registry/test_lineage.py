"""Where a version came from, what it was used as, and how two of them differ."""

import json
import math
from datetime import UTC, datetime, timedelta

import attrs
import pytest

from prodml.registry import Registry

RECORD = {
    "data": {
        "digest": "sha256:aa",
        "n_rows": 900,
        "columns": {"age": "sha256:a1", "dose": "sha256:d1"},
    },
    "split": {"digest": "sha256:55", "kind": "random"},
    "environment": {"python": "3.11", "packages": {"numpy": "2.1"}, "blas": [{"num_threads": 1}]},
    "git_commit": "c0ffee",
    "seeds": {"root": 0},
    "estimator": {"code": "sha256:01"},
}


@pytest.fixture
def lived(registry, weak, strong):
    """Version 2 took over, was rolled away, and came back; version 3 has the data of version 2."""
    other = {**RECORD, "data": {**RECORD["data"], "digest": "sha256:bb"}, "git_commit": "dada"}
    other["data"]["columns"] = {"age": "sha256:a1", "dose": "sha256:d2", "size": "sha256:s1"}
    registry.register("tumours", attrs.evolve(weak, record=RECORD, run_id="run-1"), reason="a try")
    registry.register(
        "tumours", attrs.evolve(strong, record=other, run_id="run-2"), tags={"a": "b"}
    )
    registry.register("tumours", attrs.evolve(weak, record=other, run_id="run-3"))
    registry.promote("tumours", 1)
    registry.promote("tumours", 2, reason="better")
    registry.rollback("tumours", reason="slow")
    registry.promote("tumours", 2, force=True, reason="fixed")
    registry.promote("tumours", 3, alias="shadow")
    registry.remove_alias("tumours", "shadow")
    return registry


def minute(n):
    return datetime(2030, 1, 1, tzinfo=UTC) + timedelta(minutes=n)


def test_a_version_leads_back_to_its_data_and_on_to_its_aliases(lived):
    lineage = lived.lineage("tumours@champion")
    assert str(lineage.version) == "tumours/2"
    assert (lineage.data_digest, lineage.run_id) == ("sha256:bb", "run-2")
    assert lineage.data["dose"] == "sha256:d2"
    assert lineage.relatives == (3,)
    spans = [(s.alias, s.since, s.until, s.kind) for s in lineage.served]
    first, second = spans
    assert first[3] == "gate"
    assert first[2] is not None
    assert second[2] is None


def test_data_leads_on_to_versions(lived):
    assert [str(f) for f in lived.search(data=lived.lineage("tumours/3").data_digest)] == [
        "tumours/3",
        "tumours/2",
    ]


def test_a_lineage_prints_and_goes_into_json(lived, weak):
    text = repr(lived.lineage("tumours/3"))
    assert "c0ffee" not in text
    assert "dada" in text
    assert "tumours@shadow" in text
    assert "from the same data or run" in text
    assert "run-3" in lived.lineage("tumours/3")._repr_html_()
    plain = lived.lineage("tumours/2").to_dict()
    assert json.loads(json.dumps(plain)) == plain
    lived.register("bare", weak.estimator)
    bare = repr(lived.lineage("bare/1"))
    assert "not recorded" in bare
    assert "none so far" in bare


def test_a_timeline_says_what_an_alias_was_at_a_moment(lived, storage):
    timeline = lived.timeline("tumours")
    moves = [m for m in timeline.history if m.alias == "champion"]
    assert timeline.at(moves[0].at - timedelta(seconds=1)) is None
    assert [timeline.at(m.at + timedelta(seconds=1)) for m in moves] == [1, 2, 1, 2]
    assert timeline.at(moves[1].at) == 2
    assert timeline.at(minute(600), alias="shadow") is None
    assert [s.version for s in timeline.served if s.alias == "shadow"] == [3]
    assert [v.version for v in Registry(storage).timeline("tumours").versions] == [1, 2, 3]


def test_a_timeline_prints_draws_and_goes_into_json(lived):
    with pytest.raises(Exception, match="does not replace"):
        lived.promote("tumours", 1, reason="a try")
    timeline = lived.timeline("tumours")
    text = repr(timeline)
    assert "rolled back" in text
    assert "registered" in text
    picture = timeline.plot()
    assert picture.startswith("<svg")
    for told in ("rolled back", "forced", "refused", "promoted by the gate", "shadow", "slow"):
        assert told in picture
    assert picture in timeline._repr_html_()
    assert json.loads(json.dumps(timeline.to_dict())) == timeline.to_dict()


def test_a_model_that_nothing_points_at_has_a_timeline(registry, weak):
    registry.register("tumours", weak)
    assert "versions" in registry.timeline("tumours").plot()


def test_of_a_long_timeline_the_newest_is_drawn(registry, weak):
    for _ in range(70):
        registry.register("tumours", weak.estimator)
    for number in range(1, 71):
        registry.promote("tumours", number, alias="a")
    picture = registry.timeline("tumours").plot()
    assert "10 earlier versions are not drawn" in picture
    assert "Version 10 registered" not in picture
    assert "Version 11 registered" in picture
    assert len(registry.timeline("tumours").history) == 70


def test_two_versions_side_by_side(lived):
    diff = lived.diff("tumours/1", "tumours/2")
    assert [(d.what, d.before, d.after) for d in diff["data"]] == [
        ("all rows", "sha256:aa", "sha256:bb"),
        ("column dose", "sha256:d1", "sha256:d2"),
        ("column size", None, "sha256:s1"),
    ]
    assert [(d.what, d.before, d.after) for d in diff["code"]] == [("commit", "c0ffee", "dada")]
    assert [(d.what, d.after) for d in diff["tags"]] == [("a", "b")]
    assert diff["params"] == ()
    assert diff["environment"] == ()
    text = repr(diff)
    assert "tumours/1 and tumours/2" in text
    assert "column dose" in text
    assert "dada" in diff._repr_html_()
    assert json.loads(json.dumps(diff.to_dict()))["n_same"] == diff.n_same > 10
    assert len(list(diff)) == len(diff)


def test_numbers_that_differ_show_by_how_much(registry, weak):
    registry.register(
        "x", attrs.evolve(weak, metrics={"auc": 0.5, "f1": math.nan}, params={"a": True})
    )
    registry.register(
        "x", attrs.evolve(weak, metrics={"auc": 0.75, "f1": math.nan}, params={"a": 1})
    )
    diff = registry.diff("x/1", "x/2")
    assert diff["metrics"][0].change == 0.25
    assert diff["params"][0].change is None
    assert "+0.25" in repr(diff)
    assert [d.what for d in diff["metrics"]] == ["auc"]
    assert (
        "1 thing differs" in repr(registry.diff("x/1", "x/1"))
        or len(registry.diff("x/1", "x/1")) == 0
    )


def test_versions_of_two_models_can_be_compared(lived, weak):
    lived.register("other", weak.estimator)
    assert lived.diff("tumours/1", "other/1")["schema"]
