"""One walk of the demo, shared by all that look at what it left behind."""

from __future__ import annotations

import io

import attrs
import pytest

from prodml.demo import run
from prodml.storage import FolderStorage


@attrs.frozen
class Walk:
    """What one run of the demo printed and wrote."""

    folder: object
    report: object
    text: str

    @property
    def stations(self):
        """Texts by station, lines joined again."""
        found, last = {}, ""
        for line in self.text.split("\n\nReport:")[0].splitlines():
            if line[:2].strip():
                last, text = line[4:17].strip(), line[17:90]
                found[last] = [text.strip()]
            else:
                found[last].append(line.strip())
        return {name: " ".join(lines) for name, lines in found.items()}

    @property
    def store(self):
        """The store, opened anew."""
        return FolderStorage(self.folder / "store")


def walk(folder, seed):
    stream = io.StringIO()
    report = run(folder, seed=seed, stream=stream)
    return Walk(folder, report, stream.getvalue())


@pytest.fixture(scope="session")
def walked(tmp_path_factory):
    return walk(tmp_path_factory.mktemp("demo") / "out", seed=0)


@pytest.fixture(scope="session")
def walked_again(tmp_path_factory):
    """The same walk with another seed; for slow tests, since it takes as long once more."""
    return walk(tmp_path_factory.mktemp("demo") / "out", seed=7)
