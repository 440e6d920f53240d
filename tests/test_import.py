"""Importing prodml costs next to nothing and does nothing."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest

CORE = {"numpy", "pandas", "sklearn", "scipy", "joblib", "shap", "attrs", "attr"}

WATCH = """
import json, logging, os, sys, threading
# What the import itself needs anyway, so that only prodml's own doings are counted.
import importlib, importlib.util, encodings.utf_8
events, threads, env = [], threading.active_count(), dict(os.environ)
handlers, filters = list(logging.root.handlers), list(__import__("warnings").filters)
READS = (os.O_WRONLY | os.O_RDWR | os.O_CREAT)
def hook(name, args):
    if name == "open" and not (args[2] or 0) & READS and str(args[0]).endswith((".py", ".pyc")):
        return
    if name == "open" and "__pycache__" in str(args[0]):
        return
    if name.split(".")[0] in {"open", "socket", "subprocess", "ctypes", "urllib", "tempfile", "sqlite3",
                              "shutil"} or name in {"os.putenv", "os.mkdir", "os.remove", "os.system"}:
        events.append([name, str(args)[:200]])
sys.addaudithook(hook)
exec(sys.argv[1])
print(json.dumps({
    "events": events, "modules": sorted(sys.modules), "threads": threading.active_count() - threads,
    "env": dict(os.environ) != env, "handlers": handlers != logging.root.handlers,
    "filters": filters != __import__("warnings").filters,
}))
"""


def watched(statement: str) -> dict:
    done = subprocess.run(
        [sys.executable, "-c", WATCH, statement], capture_output=True, text=True, check=True
    )
    return json.loads(done.stdout)


def test_import_opens_writes_and_starts_nothing():
    seen = watched("import prodml")
    assert seen["events"] == []
    assert (seen["threads"], seen["env"], seen["handlers"], seen["filters"]) == (
        0,
        False,
        False,
        False,
    )


def test_import_loads_none_of_the_core_packages():
    assert CORE & set(watched("import prodml")["modules"]) == set()


LIGHT = {
    "ab": "ABRouter",
    "gate": "Gate",
    "journal": "Journal",
    "keys": "FileKeys",
    "metrics": "MemoryMetrics",
    "registry": "Registry",
    "security": "AuditTrail",
    "storage": "open_storage",
}


@pytest.mark.parametrize("name", LIGHT.values())
def test_a_light_object_loads_nothing_beyond_attrs(name):
    loaded = set(watched(f"from prodml import {name}")["modules"])
    assert (CORE - {"attrs", "attr"}) & loaded == set()


@pytest.mark.parametrize("room", ["errors", "ports"])
def test_ports_and_errors_load_nothing_beyond_attrs(room):
    loaded = set(watched(f"import prodml.{room}")["modules"])
    assert (CORE - {"attrs", "attr"}) & loaded == set()


@pytest.mark.parametrize("name", ["DriftDetector", "Anonymizer", "Pseudonymize"])
def test_drift_and_privacy_load_neither_scikit_learn_nor_shap(name):
    loaded = set(watched(f"from prodml import {name}")["modules"])
    assert {"sklearn", "shap", "scipy.stats"} & loaded == set()


PUBLIC = "Pipeline Trainer Registry DriftDetector ABRouter Explainer Anonymizer Contract Predictor"


@pytest.mark.parametrize("name", PUBLIC.split())
def test_no_object_loads_shap_by_being_imported(name):
    assert "shap" not in watched(f"from prodml import {name}")["modules"]


def test_no_optional_package_is_loaded_by_any_object():
    statement = f"from prodml import {', '.join(PUBLIC.split())}"
    optional = {"polars", "pyarrow", "prometheus_client", "matplotlib", "numba", "uvicorn"}
    optional.add("cryptography")
    # pandas takes pyarrow up by itself where it is installed; that is not our doing.
    assert (optional - {"pyarrow"}) & set(watched(statement)["modules"]) == set()
