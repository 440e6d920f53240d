"""The lazy top level tells one story to people, to Python and to type checkers."""

from __future__ import annotations

import ast
from importlib import import_module
from pathlib import Path

import pytest

import prodml


def seen_by_checkers() -> dict[str, str]:
    tree = ast.parse(Path(prodml.__file__).read_text())
    block = next(n for n in tree.body if isinstance(n, ast.If))
    return {n.names[0].asname: n.module for n in block.body if isinstance(n, ast.ImportFrom)}


def test_homes_public_names_and_type_checkers_agree():
    assert seen_by_checkers() == prodml._HOMES
    assert sorted(prodml._HOMES) == sorted(prodml.__all__)


@pytest.mark.parametrize("name", prodml.__all__)
def test_a_public_name_leads_to_a_public_object_of_its_home(name):
    value = getattr(prodml, name)
    assert value is getattr(import_module(prodml._HOMES[name]), name)
    assert name in import_module(prodml._HOMES[name]).__all__


def test_dir_lists_every_public_name():
    assert set(prodml.__all__) <= set(dir(prodml))


def test_an_unknown_name_is_an_attribute_error():
    with pytest.raises(AttributeError, match="has no attribute 'Regsitry'"):
        prodml.Regsitry  # noqa: B018
