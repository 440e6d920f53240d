"""Execute a notebook from its text twin, and check that the committed notebook is the same: ``run.py TEXT [--write]``."""

from __future__ import annotations

import argparse
import json
import re
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import jupytext
import nbformat
from nbclient import NotebookClient
from nbformat import NotebookNode

KERNEL = {"display_name": "Python 3", "language": "python", "name": "python3"}
# A path into somebody's machine, as an output may show it.
MACHINE_PATH = re.compile(
    r"(?<![\w<:/.])/(?:home|root|tmp|usr|var|opt|work|Users|private)/|[A-Z]:\\\\"
)


def main() -> int:
    """Run the notebook; 1 if it fails, shows what it should not, or disagrees with its twin."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("text", type=Path, help="the text twin, such as notebooks/the-loop.md")
    parser.add_argument("--write", action="store_true", help="write the executed notebook")
    asked = parser.parse_args()
    target = asked.text.with_suffix(".ipynb")
    notebook = read(asked.text)
    if not asked.write and (faults := list(differences(notebook, target))):
        return told([*faults, f"run: python notebooks/run.py {asked.text} --write"])
    execute(notebook)
    if faults := list(unwanted(notebook)):
        return told(faults)
    if asked.write:
        nbformat.write(notebook, target)
    n_cells = sum(cell.cell_type == "code" for cell in notebook.cells)
    print(f"{asked.text}: {n_cells} cells ran" + (f", {target} written" if asked.write else ""))
    return 0


def read(text: Path) -> NotebookNode:
    """Return the notebook that the text describes, with ids that are the same every time."""
    notebook = jupytext.read(text, fmt="md")
    for i, cell in enumerate(notebook.cells, 1):
        cell.id, cell.metadata = f"cell-{i:03}", NotebookNode()
    notebook.metadata = NotebookNode(kernelspec=KERNEL, language_info={"name": "python"})
    notebook.nbformat, notebook.nbformat_minor = 4, 5
    return notebook


def differences(notebook: NotebookNode, target: Path) -> Iterator[str]:
    """Say where the committed notebook has other cells than the text, or was not executed."""
    if not target.is_file():
        yield f"{target} does not exist"
        return
    committed = nbformat.read(target, as_version=4)
    mine, theirs = ([(c.cell_type, c.source) for c in book.cells] for book in (notebook, committed))
    if len(mine) != len(theirs):
        yield f"{target} has {len(theirs)} cells, the text has {len(mine)}"
    for i, (one, other) in enumerate(zip(mine, theirs, strict=False), 1):
        if one != other:
            yield f"cell {i} of {target} differs from the text"
    if any(c.cell_type == "code" and c.execution_count is None for c in committed.cells):
        yield f"{target} was not executed"
    yield from (f"{target}: {fault}" for fault in unwanted(committed))


def execute(notebook: NotebookNode) -> None:
    """Run every cell in a temporary folder; the first error is raised."""
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder:
        resources = {"metadata": {"path": folder}}
        NotebookClient(notebook, timeout=120, record_timing=False, resources=resources).execute()
    notebook.metadata = NotebookNode(kernelspec=KERNEL, language_info={"name": "python"})
    for cell in notebook.cells:
        cell.metadata = NotebookNode()


def unwanted(notebook: NotebookNode) -> Iterator[str]:
    """Find warnings, and paths of this machine, in the outputs."""
    for i, cell in enumerate(notebook.cells, 1):
        for output in cell.get("outputs", []):
            if output.get("name") == "stderr":
                yield f"cell {i} warns: {output.text.strip()[:300]}"
            found = MACHINE_PATH.search(json.dumps(output))
            if found:
                yield f"cell {i} shows a path of this machine: {found[0]}…"


def told(faults: list[str]) -> int:
    """Print what is wrong."""
    print("\n".join(faults), file=sys.stderr)
    return 1


if __name__ == "__main__":
    sys.exit(main())
