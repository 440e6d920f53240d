"""The kits come with an extra, and the rest of prodml.testing does without."""

from __future__ import annotations

import subprocess
import sys

import pytest

import prodml.testing
from prodml.errors import MissingExtraError

WITHOUT = """
import sys
sys.modules[{missing!r}] = None
import prodml.testing
from prodml.testing import ManualClock
try:
    prodml.testing.{name}
except ImportError as exc:
    print(type(exc).__name__, exc)
"""


@pytest.mark.parametrize(
    ("name", "missing"),
    [
        ("StorageContract", "pytest"),
        ("StorageContract", "hypothesis"),
        ("MetricsContract", "pytest"),
    ],
)
def test_a_kit_says_which_extra_it_needs(name, missing):
    script = WITHOUT.format(name=name, missing=missing)
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True
    )
    assert done.stdout == (
        f"MissingExtraError prodml.testing.{name} needs {missing}. Install it with: "
        'pip install "prodml[testing]"\n'
    )


def test_the_error_of_a_missing_package_names_the_extra(monkeypatch):
    for name in [n for n in sys.modules if n.startswith("prodml.testing.storage")]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, "hypothesis", None)
    with pytest.raises(MissingExtraError) as caught:
        prodml.testing.__getattr__("StorageContract")
    assert caught.value.extra == "testing"


def test_the_fault_library_needs_no_test_runner():
    script = WITHOUT.format(name="STORAGE_FAULTS", missing="pytest")
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True
    )
    assert done.stdout == ""


def test_an_import_that_fails_for_another_reason_says_its_own(monkeypatch):
    monkeypatch.delitem(vars(prodml.testing), "ManualClock", raising=False)
    monkeypatch.delitem(sys.modules, "prodml.testing.clock", raising=False)
    monkeypatch.setitem(sys.modules, "datetime", None)
    with pytest.raises(ModuleNotFoundError, match="datetime"):
        prodml.testing.__getattr__("ManualClock")
