"""The checkout is laid out as promised, and its texts speak of the project alone."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
ALLOWED = {
    "pyproject.toml",
    "README.md",
    "LICENSE",
    "noxfile.py",
    "src",
    "tests",
    "docs",
    "notebooks",
}


def tracked() -> list[str]:
    done = subprocess.run(
        ["git", "ls-files"], cwd=ROOT, capture_output=True, text=True, check=False
    )
    if done.returncode:
        pytest.skip("not a git checkout")
    return done.stdout.splitlines()


def test_the_top_level_holds_what_is_promised_and_no_more():
    top = {name.split("/")[0] for name in tracked()}
    assert {name for name in top if not name.startswith(".")} <= ALLOWED


def test_no_source_file_is_longer_than_four_hundred_lines():
    long = [f for f in tracked() if re.match(r"src/.*\.py$", f) and lines(f) > 400]
    assert long == []


def lines(name: str) -> int:
    return len((ROOT / name).read_text().splitlines())


def test_no_text_holds_a_machine_path():
    homes = re.compile(r"(?<![\w.])/(?:root|home|work|Users)/\w")
    found = [f for f in tracked() if f.endswith((".py", ".md", ".toml", ".yml", ".ipynb"))]
    hits = [f for f in found if (ROOT / f).exists() and homes.search((ROOT / f).read_text())]
    assert [f for f in hits if f != "tests/test_house.py"] == []


def test_ci_takes_its_commands_from_the_readme():
    block = re.search(r"```console\n(.*?)\n```", (ROOT / "README.md").read_text(), re.DOTALL)
    first, second = block.group(1).splitlines()
    assert first.endswith("-m prodml demo")
    assert second.endswith("nox -s tests")
