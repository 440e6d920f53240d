"""Free text: length and new words."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from prodml.drift import DriftDetector
from prodml.drift.texts import TextProfile

WORDS = np.array([f"word{i}" for i in range(3000)])
ZIPF = 1 / np.arange(1, 3001) / (1 / np.arange(1, 3001)).sum()


def texts(seed, n, length=8, also=""):
    rng = np.random.default_rng(seed)
    return pd.Series([" ".join(rng.choice(WORDS, length, p=ZIPF)) + also for _ in range(n)])


def judged(reference, current):
    found = DriftDetector().fit({"t": reference}).detect({"t": current})["t"]
    return {t.aspect for t in found.tests if t.drifted}


@pytest.mark.parametrize(("n", "m"), [(500, 500), (800, 200), (200, 900)])
def test_fresh_text_of_the_same_sort_brings_new_words_and_is_no_drift(n, m):
    found = [judged(texts(i, n), texts(i + 50, m)) for i in range(5)]
    assert found == [set()] * 5


def test_a_word_nobody_used_before_is_drift():
    assert judged(texts(0, 500), texts(1, 500, also=" neologism")) == {"length", "vocabulary"}


def test_longer_text_is_drift():
    assert "length" in judged(texts(0, 500), texts(1, 500, length=12))


def test_the_share_of_rows_with_a_word_of_their_own_is_counted_by_hand():
    profile = TextProfile.of(pd.Series(["a b", "a c d", "A b", None, "a"]))
    assert (profile.n_alone, profile.n_values, profile.n_missing) == (1, 4, 1)
    counts = profile.count(pd.Series(["B!", "e", "a, f", None]))
    assert (counts.n_new, counts.n_missing, counts.lengths.n_values) == (2, 1, 3)


def test_words_are_kept_as_hashes_alone():
    assert TextProfile.of(pd.Series(["one two"])).words.dtype == np.uint64


def test_text_without_any_word_is_text_still():
    detector = DriftDetector(kinds={"t": "text"}).fit({"t": ["..."] * 40})
    report = detector.detect({"t": ["?!?"] * 40})
    assert not report.drifted
    assert [t.aspect for t in report["t"].tests] == ["length"]


def test_too_few_values_are_said_to_be_too_few():
    few = [None] * 30 + [f"text {i}" for i in range(10)]
    many = [f"text {i}" for i in range(40)]
    assert DriftDetector(kinds={"t": "text"}).fit({"t": few}).detect({"t": many})["t"].status == (
        "too few reference values"
    )
    assert (
        DriftDetector().fit({"t": many}).detect({"t": few})["t"].status == "too few current values"
    )
