"""Every example runs: docstrings, README and docs."""

from __future__ import annotations

import doctest
import pkgutil
from importlib import import_module
from pathlib import Path

import pytest
from sybil import Sybil
from sybil.parsers.markdown import PythonCodeBlockParser

import prodml

ROOT = Path(__file__).parents[1]
PAGES = sorted(
    p.relative_to(ROOT)
    for p in [ROOT / "README.md", *(ROOT / "docs").rglob("*.md")]
    if "_build" not in p.parts and "changelog.d" not in p.parts
)
MODULES = sorted(
    m.name
    for m in pkgutil.walk_packages(prodml.__path__, "prodml.")
    if not m.name.endswith("__main__")
)
# What shows an optional package can only run where that is installed.
NEEDS = {
    "docs/how-to/encryption.md": "cryptography",
    "docs/how-to/signing.md": "cryptography",
    "docs/how-to/metrics.md": "prometheus_client",
    "prodml.crypto.chunked": "cryptography",
    "prodml.crypto.folders": "cryptography",
    "prodml.crypto.signing": "cryptography",
    "prodml.crypto.wrapping": "cryptography",
    "prodml.metrics.prometheus": "prometheus_client",
    "prodml.storage.encrypted": "cryptography",
    "prodml.storage.sql": "sqlalchemy",
}


def demand(shown):
    if shown in NEEDS:
        pytest.importorskip(NEEDS[shown], reason=f"{shown} shows {NEEDS[shown]}")


@pytest.mark.parametrize("page", PAGES, ids=str)
def test_the_examples_of_a_page_run(page, tmp_path, monkeypatch):
    demand(str(page))
    monkeypatch.chdir(tmp_path)
    document = Sybil(parsers=[PythonCodeBlockParser()], path=str(ROOT)).parse(ROOT / page)
    for example in document.examples():
        example.evaluate()


@pytest.mark.parametrize("name", MODULES)
def test_the_examples_of_a_module_run(name, tmp_path, monkeypatch):
    demand(name)
    monkeypatch.chdir(tmp_path)
    module = import_module(name)
    flags = doctest.NORMALIZE_WHITESPACE | doctest.ELLIPSIS
    assert doctest.testmod(module, optionflags=flags).failed == 0
