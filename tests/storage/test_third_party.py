"""The adapter that the how-to page shows keeps every rule, on a real SQLite file."""

from __future__ import annotations

from pathlib import Path

import pytest
from sybil import Sybil
from sybil.parsers.markdown import PythonCodeBlockParser

from prodml.testing import StorageContract

PAGE = Path(__file__).parents[2] / "docs/how-to/storage.md"


@pytest.fixture(scope="module")
def adapter():
    document = Sybil(parsers=[PythonCodeBlockParser()], path=str(PAGE.parent)).parse(PAGE)
    for example in document.examples():
        example.evaluate()
    return document.namespace["SqliteStorage"]


class TestSqliteStorage(StorageContract):
    n_sequences = 4

    @pytest.fixture
    def storage(self, adapter, tmp_path):
        return adapter(tmp_path / "store.db")

    def reopen(self, storage):
        return type(storage)(storage._path)
