"""Shared by every test: hypothesis profiles, and `slow` tests that wait to be asked for."""

from __future__ import annotations

import os

import pytest
from hypothesis import HealthCheck, settings

pytest_plugins = ("real_servers",)

# What CI tries is the same each time, so that a red run says something about the change; elsewhere
# every run tries something new.
settings.register_profile(
    "default",
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow],
    derandomize="CI" in os.environ,
)
settings.register_profile("slow", parent=settings.get_profile("default"), max_examples=1000)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "default"))


def pytest_addoption(parser):
    parser.addoption("--slow", action="store_true", help="also run tests marked slow")


def pytest_ignore_collect(collection_path, config):
    """Benchmarks compare times: they are for `nox -s bench`, where nothing else runs beside them."""
    is_benchmark = "benchmarks" in collection_path.parts and collection_path.name != "benchmarks"
    return True if is_benchmark and not config.getoption("--benchmark-enable") else None


def pytest_collection_modifyitems(config, items):
    if config.getoption("--slow"):
        return
    skip = pytest.mark.skip(reason="slow: run with `nox -s slow`")
    for item in items:
        if "slow" in item.keywords:
            item.add_marker(skip)
