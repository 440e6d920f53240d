"""One table of extras is the source of pyproject, of the docs page and of the messages."""

from __future__ import annotations

import tomllib
from pathlib import Path

import pytest

from prodml._extras import EXTRAS, require
from prodml.errors import MissingExtraError

ROOT = Path(__file__).parents[1]


def test_pyproject_lists_exactly_the_table():
    declared = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"][
        "optional-dependencies"
    ]
    table = {extra: sorted(row[0] for row in rows) for extra, rows in EXTRAS.items()}
    assert {extra: sorted(reqs) for extra, reqs in declared.items()} == table


def test_the_docs_page_lists_exactly_the_table():
    page = (ROOT / "docs/reference/extras.md").read_text()
    rows = [li.split("|")[1:4] for li in page.splitlines() if li.startswith("| `")]
    listed = {(a.strip(" `"), b.strip(" `"), c.strip()) for a, b, c in rows}
    assert listed == {(e, r[0].split(">=")[0], r[2]) for e, rows in EXTRAS.items() for r in rows}


def test_core_dependencies_are_exactly_the_seven():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    names = {d.split(">=")[0] for d in project["dependencies"]}
    assert names == {"attrs", "joblib", "numpy", "pandas", "scikit-learn", "scipy", "shap"}


def test_a_missing_extra_says_how_to_install_it(monkeypatch):
    monkeypatch.setitem(__import__("sys").modules, "prometheus_client", None)
    with pytest.raises(MissingExtraError) as caught:
        require("prometheus_client", for_="PrometheusMetrics")
    assert str(caught.value) == (
        "PrometheusMetrics needs prometheus-client. "
        'Install it with: pip install "prodml[prometheus]"'
    )
    assert caught.value.extra == "prometheus"


def test_a_present_module_is_handed_over():
    assert require("pytest", for_="this test") is pytest


def test_a_module_outside_the_table_is_a_programming_error(monkeypatch):
    monkeypatch.setitem(__import__("sys").modules, "nowhere", None)
    with pytest.raises(KeyError, match="not in the table"):
        require("nowhere", for_="x")
