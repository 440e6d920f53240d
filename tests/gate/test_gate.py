"""The three answers, what each metric is tested by, and how often equals are swapped."""

from __future__ import annotations

import attrs
import numpy as np
import pytest

from prodml.errors import ConfigError, UnknownNameError
from prodml.gate import Gate, Predictions
from prodml.stats.delong import delong
from prodml.stats.paired import mcnemar
from prodml.stats.scores import SCORES, Score


def labels(seed=0, n=1000, *, champion=0.85, challenger=0.9):
    rng = np.random.default_rng(seed)
    y = rng.integers(0, 2, n)
    wrong = rng.random((2, n))
    return y, np.where(wrong[0] < champion, y, 1 - y), np.where(wrong[1] < challenger, y, 1 - y)


def counted(gained, lost, *, n):
    """Rows of which the challenger alone has `gained` right and the champion alone `lost`."""
    y = np.ones(n, dtype=int)
    champion, challenger = y.copy(), y.copy()
    champion[:gained] = 0
    challenger[gained : gained + lost] = 0
    return y, {"labels": champion}, {"labels": challenger}


def ranked(seed=0, n=1000, *, gain=1.0, share=0.4):
    rng = np.random.default_rng(seed)
    y = (rng.random(n) < share).astype(int)
    noise = rng.normal(size=n)
    scores = [y + noise + rng.normal(size=n), y * (1 + gain) + noise + rng.normal(size=n)]
    probabilities = [1 / (1 + np.exp(-s)) for s in scores]
    return y, *(Predictions((p > 0.5).astype(int), p) for p in probabilities)


def numbers(seed=0, n=400, *, factor=0.5):
    rng = np.random.default_rng(seed)
    y = rng.normal(size=n)
    return y, {"labels": y + rng.normal(size=n)}, {"labels": y + factor * rng.normal(size=n)}


def test_a_better_challenger_is_promoted():
    y, champion, challenger = labels()
    decision = Gate().decide(y, {"labels": champion}, {"labels": challenger})
    assert decision.verdict == "promote"
    assert decision.is_promotion
    assert decision.metric == "accuracy"
    assert decision.low > 0
    assert decision.n_needed is None


def test_a_worse_challenger_is_rejected():
    y, champion, challenger = labels()
    decision = Gate().decide(y, {"labels": challenger}, {"labels": champion})
    assert decision.verdict == "reject"
    assert decision.high < 0
    assert decision.n_needed is None
    assert "not better in accuracy" in decision.reason


def test_a_small_difference_is_inconclusive_and_says_how_many_rows_would_decide():
    y, champion, challenger = counted(12, 8, n=200)
    decision = Gate().decide(y, champion, challenger)
    assert decision.verdict == "inconclusive"
    assert not decision.is_promotion
    assert f"{decision.n_needed:,} would" in decision.reason


def test_as_many_rows_as_it_asks_for_decide():
    asked = Gate().decide(*counted(12, 8, n=200)).n_needed
    times = asked // 200 + 1
    assert Gate().decide(*counted(12 * times, 8 * times, n=200 * times)).verdict == "promote"


def test_a_model_against_itself_is_never_decided():
    y, champion, _ = labels()
    decision = Gate().decide(y, {"labels": champion}, {"labels": champion})
    assert (decision.verdict, decision.difference, decision.n_needed) == ("inconclusive", 0.0, None)
    assert "more rows like these would not" in decision.reason


def test_accuracy_is_tested_by_mcnemar():
    y, champion, challenger = labels()
    decision = Gate("accuracy").decide(y, {"labels": champion}, {"labels": challenger})
    expected = mcnemar(y == champion, y == challenger)
    assert decision.primary.test == "mcnemar"
    assert decision.p_value == expected.p_greater
    assert (decision.low, decision.high) == (expected.low, expected.high)


def test_roc_auc_of_two_classes_is_tested_by_delong():
    y, champion, challenger = ranked()
    decision = Gate("roc_auc").decide(y, champion, challenger)
    expected = delong(y, champion.scores, challenger.scores)
    assert decision.primary.test == "delong"
    assert decision.p_value == pytest.approx(expected.p_greater)
    assert decision.verdict == "promote"


def test_two_columns_of_scores_say_the_same_as_one():
    y, champion, challenger = ranked()
    wide = [Predictions(p.labels, np.c_[1 - p.scores, p.scores]) for p in (champion, challenger)]
    assert Gate("roc_auc").decide(y, *wide) == Gate("roc_auc").decide(y, champion, challenger)


@pytest.mark.parametrize(
    "metric",
    ["f1", "log_loss", "brier", "balanced_accuracy", "matthews", "average_precision", "f1_macro"],
)
def test_other_scores_of_classes_are_tested_by_the_bootstrap(metric):
    y, champion, challenger = ranked(n=500)
    decision = Gate(metric, n_resamples=300).decide(y, champion, challenger)
    score = SCORES[metric]
    said = [p.scores if score.needs == "scores" else p.labels for p in (champion, challenger)]
    assert decision.primary.test == "bootstrap"
    assert decision.champion_score == pytest.approx(score(y, said[0]))
    assert decision.challenger_score == pytest.approx(score(y, said[1]))
    assert decision.verdict == "promote"


@pytest.mark.parametrize("metric", [None, "rmse", "mae", "mse", "r2", "median_ae"])
def test_numbers_are_tested_by_the_bootstrap(metric):
    y, champion, challenger = numbers()
    decision = Gate(metric).decide(y, champion, challenger)
    assert decision.metric == metric or (metric is None and decision.metric == "rmse")
    assert decision.verdict == "promote"


def test_a_lower_error_is_better_and_its_difference_is_negative():
    y, champion, challenger = numbers()
    decision = Gate("rmse").decide(y, champion, challenger)
    assert decision.difference < decision.high < 0
    assert Gate("rmse").decide(y, challenger, champion).verdict == "reject"


def test_a_score_of_ones_own_is_the_metric():
    cost = Score("cost", lambda t, p: float(np.mean(np.abs(t - p) ** 3)), greater_is_better=False)
    y, champion, challenger = numbers()
    decision = Gate(cost).decide(y, champion, challenger)
    assert (decision.metric, decision.verdict) == ("cost", "promote")


def test_labels_of_text_are_compared_as_they_are():
    y, champion, challenger = labels(n=400)
    words = np.array(["no", "yes"])
    gate = Gate("f1", n_resamples=300)
    there = gate.decide(words[y], {"labels": words[champion]}, {"labels": words[challenger]})
    assert there == gate.decide(y, {"labels": champion}, {"labels": challenger})


def test_three_classes_are_compared_by_their_probabilities():
    rng = np.random.default_rng(0)
    y = rng.integers(0, 3, 600)
    raw = rng.gamma(1.0, size=(2, 600, 3))
    raw[:, np.arange(600), y] += [[0.3], [2.0]]
    said = [Predictions(r.argmax(axis=1), r / r.sum(axis=1, keepdims=True)) for r in raw]
    decision = Gate("roc_auc", guardrails={"log_loss": 0.0}, n_resamples=300).decide(y, *said)
    assert decision.primary.test == "bootstrap"
    assert decision.verdict == "promote"


def test_a_class_the_champion_never_saw_has_probability_zero():
    y = np.array([0, 1, 2] * 40)
    old = np.tile([0.6, 0.4], (120, 1))
    new = np.tile([0.4, 0.3, 0.3], (120, 1))
    champion = Predictions(np.zeros(120, dtype=int), old, classes=[0, 1])
    challenger = Predictions(y, new, classes=[0, 1, 2])
    decision = Gate("log_loss").decide(y, champion, challenger)
    sure_and_wrong = -np.log(np.finfo(float).eps)
    expected = np.mean([-np.log(0.6), -np.log(0.4), sure_and_wrong])
    assert decision.champion_score == pytest.approx(expected)
    assert decision.verdict == "promote"


def test_one_column_of_a_model_of_fewer_classes_is_spread_out():
    y = np.array([0, 1, 2] * 40)
    champion = Predictions(np.zeros(120, dtype=int), np.full(120, 0.4), classes=[0, 1])
    challenger = Predictions(y, np.tile([0.4, 0.3, 0.3], (120, 1)), classes=[0, 1, 2])
    decision = Gate("log_loss").decide(y, champion, challenger)
    assert decision.champion_score > decision.challenger_score


def test_columns_that_do_not_fit_the_classes_are_refused():
    y = np.array([0, 1, 2] * 40)
    odd = Predictions(y, np.full((120, 4), 0.25), classes=[0, 1])
    with pytest.raises(ConfigError, match="4 columns, the model 2 classes"):
        Gate("log_loss").decide(y, odd, odd)


def test_a_margin_lets_an_equal_challenger_in():
    y, champion, challenger = labels(champion=0.9, challenger=0.9)
    said = ({"labels": champion}, {"labels": challenger})
    assert Gate("accuracy").decide(y, *said).verdict == "inconclusive"
    decision = Gate("accuracy", margin=0.05).decide(y, *said)
    assert decision.verdict == "promote"
    assert decision.primary.require == "non_inferior"
    assert "at most 0.05 worse in accuracy" in decision.reason


def test_a_margin_does_not_let_a_much_worse_challenger_in():
    y, champion, challenger = labels(champion=0.95, challenger=0.8)
    decision = Gate("accuracy", margin=0.05).decide(y, {"labels": champion}, {"labels": challenger})
    assert decision.verdict == "reject"


def test_a_margin_of_an_error_is_in_its_unit():
    y, champion, challenger = numbers(factor=1.0)
    assert Gate("rmse", margin=0.2).decide(y, champion, challenger).verdict == "promote"
    assert Gate("rmse", margin=1e-6).decide(y, champion, challenger).verdict == "inconclusive"


def test_identical_scores_are_not_inferior_by_delong():
    y, champion, _ = ranked()
    assert Gate("roc_auc", margin=0.001).decide(y, champion, champion).verdict == "promote"


def test_non_inferiority_without_a_margin_asks_for_as_much_as_superiority():
    y, champion, challenger = labels()
    gate = Gate("accuracy", require="non_inferior")
    decision = gate.decide(y, {"labels": champion}, {"labels": challenger})
    assert decision.verdict == "promote"
    assert "no worse in accuracy" in decision.reason


def test_a_guardrail_that_breaks_rejects_a_better_challenger():
    rng = np.random.default_rng(1)
    y = (rng.random(2000) < 0.1).astype(int)
    champion = np.where(rng.random(2000) < 0.15, 1 - y, y)
    never = np.zeros(2000, dtype=int)  # more accurate, and finds nobody
    decision = Gate("accuracy", guardrails={"recall": 0.05}).decide(
        y, {"labels": champion}, {"labels": never}
    )
    assert decision.primary.verdict == "promote"
    assert decision.verdict == "reject"
    assert "recall" in decision.reason


def test_a_guardrail_that_is_not_shown_leaves_it_inconclusive():
    y, champion, challenger = labels(n=600)
    gate = Gate("accuracy", guardrails={"recall": 0.0})
    same = {"labels": champion}
    decision = gate.decide(y, same, {"labels": np.where(y == 0, challenger, champion)})
    assert decision.primary.verdict == "promote"
    assert decision.verdict == "inconclusive"
    assert decision.n_needed is None  # recall is exactly the same, and no margin was given


def test_guardrails_that_hold_let_a_better_challenger_in():
    y, champion, challenger = labels(n=3000)
    gate = Gate("accuracy", guardrails={"recall": 0.02, "precision": 0.02}, n_resamples=500)
    decision = gate.decide(y, {"labels": champion}, {"labels": challenger})
    assert decision.verdict == "promote"
    assert [c.metric for c in decision.guardrails] == ["recall", "precision"]
    assert "every guardrail holds" in decision.reason


def test_too_few_rows_are_always_inconclusive():
    y, champion, challenger = labels(n=20, champion=0.0, challenger=1.0)
    decision = Gate().decide(y, {"labels": champion}, {"labels": challenger})
    assert decision.verdict == "inconclusive"
    assert decision.n_needed == 30
    assert decision.reason == "20 rows are fewer than the 30 that this gate asks for."


def test_roc_auc_of_a_rare_class_is_inconclusive():
    y, champion, challenger = ranked(n=400, share=0.01, gain=5.0)
    assert 2 <= y.sum() < 10
    decision = Gate("roc_auc").decide(y, champion, challenger)
    assert decision.verdict == "inconclusive"
    assert decision.n_needed >= 400 * 10 / y.sum()
    assert f"The rarer class has {y.sum()} rows" in decision.reason


def test_the_same_seed_gives_the_same_decision():
    y, champion, challenger = numbers(factor=0.95)
    decisions = [
        Gate("rmse", random_state=s).decide(y, champion, challenger).p_value for s in (1, 1, 2)
    ]
    assert decisions[0] == decisions[1] != decisions[2]


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"alpha": 5}, r"alpha must lie in \(0, 1\), got 5"),
        ({"power": 1.0}, "power"),
        ({"margin": -0.1}, "margin must be at least 0"),
        ({"margin": float("nan")}, "margin"),
        ({"min_rows": 1}, "min_rows must be at least 2"),
        ({"n_resamples": 10}, "n_resamples"),
        ({"require": "better"}, "require must be"),
        ({"require": "superior", "margin": 0.1}, 'require="non_inferior"'),
        ({"guardrails": {"recall": -1}}, "guardrail recall"),
        ({"guardrails": ["recall"]}, "must map each metric"),
    ],
)
def test_settings_outside_their_range_are_refused(settings, message):
    with pytest.raises(ConfigError, match=message):
        Gate("accuracy", **settings)


def test_an_unknown_metric_is_refused_with_the_nearest_name():
    y, champion, challenger = labels(n=50)
    with pytest.raises(UnknownNameError, match='"accuracy"'):
        Gate("acuracy").decide(y, {"labels": champion}, {"labels": challenger})


@pytest.mark.parametrize(
    ("y", "champion", "challenger", "message"),
    [
        ([0, 1, 1], [0, 1], [0, 1, 1], "the champion speaks of 2 rows, y_true of 3"),
        ([0, 1], [0, 1], [0, 1, 1], "the challenger speaks of 3 rows"),
        ([0.0, float("nan")], [0, 1], [0, 1], "y_true has 1 missing"),
        ([0, 1], [0, float("nan")], [0, 1], "the champion's labels has 1 missing"),
        ([0, 1], ["a", "b"], [0, 1], "one kind"),
        ([0], [0], [0], "at least 2 rows"),
        ([], [], [], "at least 2 rows"),
    ],
)
def test_rows_that_cannot_be_compared_are_refused(y, champion, challenger, message):
    with pytest.raises(ConfigError, match=message):
        Gate().decide(y, {"labels": champion}, {"labels": challenger})


def test_nan_scores_are_refused():
    bad = Predictions([0, 1], [0.5, float("nan")])
    with pytest.raises(ConfigError, match="the champion's scores"):
        Gate("roc_auc").decide([0, 1], bad, bad)


def test_a_metric_of_scores_needs_scores():
    y, champion, challenger = ranked(n=100)
    with pytest.raises(ConfigError, match="roc_auc needs scores, and the challenger"):
        Gate("roc_auc").decide(y, champion, {"labels": challenger.labels})


def test_anything_but_predictions_is_refused():
    with pytest.raises(ConfigError, match=r"mapping with .* got list"):
        Gate().decide([0, 1], [0, 1], [0, 1])


def test_a_gate_cannot_be_changed():
    with pytest.raises(attrs.exceptions.FrozenInstanceError):
        Gate().alpha = 0.5


def promotions(metric, trials, n=200):
    """Count promotions between two models that are equally good."""
    gate = Gate(metric, n_resamples=400)
    count = 0
    for seed in range(trials):
        if metric == "accuracy":
            y, one, two = labels(seed, n, champion=0.9, challenger=0.9)
            said = ({"labels": one}, {"labels": two})
        elif metric == "rmse":
            y, *said = numbers(seed, n, factor=1.0)
        else:
            y, *said = ranked(seed, n, gain=0.0)
        count += gate.decide(y, *said).is_promotion
    return count


@pytest.mark.parametrize("metric", ["accuracy", "roc_auc", "log_loss", "rmse"])
def test_equals_are_swapped_in_at_most_one_of_twenty(metric):
    trials = {"accuracy": 600, "roc_auc": 600, "log_loss": 300, "rmse": 60}[metric]
    at_most = 0.05 + 3 * (0.05 * 0.95 / trials) ** 0.5
    assert promotions(metric, trials) / trials <= at_most


@pytest.mark.slow
@pytest.mark.parametrize("metric", ["accuracy", "roc_auc", "log_loss", "brier", "rmse", "f1"])
@pytest.mark.parametrize("n", [200, 1000])
def test_equals_are_swapped_in_one_of_twenty_of_many(metric, n):
    trials = 4000 if metric in {"accuracy", "roc_auc", "log_loss", "brier"} else 1000
    share = promotions(metric, trials, n) / trials
    spread = 3 * (0.05 * 0.95 / trials) ** 0.5
    assert 0.04 - spread <= share <= 0.06 + spread
