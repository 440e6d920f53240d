from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from prodml.contracts import Check, Contract, FreshDraw
from prodml.errors import ConfigError, SchemaError


def draw(rng, n):
    """Light and heavy tails, ties, gaps, and levels from common to rare."""
    return pd.DataFrame(
        {
            "normal": rng.normal(size=n),
            "cauchy": rng.standard_cauchy(n),
            "lognormal": np.where(rng.random(n) < 0.1, np.nan, rng.lognormal(sigma=2, size=n)),
            "count": rng.poisson(3, n),
            "level": pd.Categorical([f"l{i}" for i in np.minimum(rng.zipf(2.5, n), 30)]),
            "word": [f"w{i}" for i in rng.binomial(20, 0.3, n)],
            "flag": rng.random(n) < 0.01,
        }
    )


def false_alarms(n_draws, sizes, alpha, seed):
    rng = np.random.default_rng(seed)
    alarms = 0
    for i in range(n_draws):
        n, m = sizes[i % len(sizes)]
        contract = Contract.infer(draw(rng, n), alpha=alpha)
        alarms += not contract.split(draw(rng, m)).report.ok
    return alarms


def test_a_fresh_draw_seldom_breaks_an_inferred_contract():
    alarms = false_alarms(120, [(200, 200), (100, 400), (400, 50)], alpha=0.1, seed=1)
    # At alpha = 0.1 more than 24 of 120 would come by chance once in a thousand times.
    assert alarms <= stats.binom(120, 0.1).ppf(0.999)


@pytest.mark.slow
def test_a_fresh_draw_breaks_an_inferred_contract_at_most_at_alpha():
    sizes = [(50, 50), (200, 200), (100, 1000), (1000, 100), (500, 500)]
    assert false_alarms(3000, sizes, alpha=0.01, seed=2) <= stats.binom(3000, 0.01).ppf(0.999)


def test_exact_ranges_would_raise_the_alarm_nearly_always():
    rng = np.random.default_rng(3)
    old, new = draw(rng, 300), draw(rng, 300)
    exact = Contract(
        {c: Check.number(min=old[c].min(), max=old[c].max()) for c in ("normal", "cauchy", "count")}
    )
    assert not exact.split(new).report.ok


FAULTS = {
    "another unit": lambda t: t.assign(normal=t["normal"] * 1000),
    "a sentinel for gaps": lambda t: t.assign(count=np.where(t.index % 5 == 0, -999, t["count"])),
    "a shift beyond the range": lambda t: t.assign(normal=t["normal"] + 6),
    "gaps": lambda t: t.assign(word=t["word"].where(t.index % 4 > 0)),
    "twice as many gaps": lambda t: t.assign(lognormal=t["lognormal"].where(t.index % 4 > 0)),
    "other levels": lambda t: t.assign(level=t["level"].astype(str).str.upper()),
    "other words": lambda t: t.assign(word=t["word"] + " "),
    "infinities": lambda t: t.assign(cauchy=np.where(t.index % 4 == 0, np.inf, t["cauchy"])),
}


@pytest.mark.parametrize("name", FAULTS)
def test_a_planted_fault_is_found(name):
    rng = np.random.default_rng(5)
    contract = Contract.infer(draw(rng, 500))
    assert not contract.split(FAULTS[name](draw(rng, 500))).report.ok


def test_the_reference_keeps_its_own_contract():
    reference = draw(np.random.default_rng(7), 300)
    assert Contract.infer(reference).split(reference).report.n_bad == 0


def test_an_inferred_contract_is_code_to_be_edited():
    contract = Contract.infer({"a": [1.5, 2.5], "b": ["x", "x"]}, name="made")
    code = contract.to_python()
    assert (
        "'a': [Check.number(min=1.5, max=2.5, nullable=True, mostly=FreshDraw(rows=2, alpha="
        in code
    )
    scope = {"Contract": Contract, "Check": Check, "FreshDraw": FreshDraw}
    assert eval(code, scope) == contract
    assert Contract.from_dict(contract.to_dict()) == contract


def test_running_numbers_times_and_free_text_get_no_range():
    reference = pd.DataFrame(
        {
            "id": np.arange(300),
            "at": pd.date_range("2024-01-01", periods=300),
            "note": [f"note {i}" for i in range(300)],
            "name": pd.Categorical([f"name {i}" for i in range(300)]),
            "empty": pd.Series([None] * 300, dtype=object),
        }
    )
    later = reference.assign(id=reference["id"] + 1000, at=reference["at"] + pd.Timedelta("900D"))
    contract = Contract.infer(reference)
    assert contract.split(later.assign(note="new", name="new")).report.ok


def test_infinite_references_and_short_ones_are_refused():
    with pytest.raises(SchemaError, match='column "a" holds infinite'):
        Contract.infer({"a": [1.0, np.inf]})
    with pytest.raises(SchemaError, match="two rows or more, got 1"):
        Contract.infer({"a": [1.0]})


def test_alpha_must_be_a_probability():
    with pytest.raises(ConfigError, match="alpha"):
        Contract.infer({"a": [1.0, 2.0]}, alpha=5)
