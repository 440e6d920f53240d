"""The error tree is drawn, complete, and reads well."""

from __future__ import annotations

import builtins
import pickle
import re

import pytest

from prodml import errors
from prodml.errors import ProdmlError, UnknownNameError, known_names

LEAVES = [getattr(errors, n) for n in errors.__all__ if n not in {"ProdmlError", "ProdmlWarning"}]


def test_every_error_is_drawn_in_the_tree():
    drawn = set(re.findall(r"(\w+Error)\b", errors.__doc__.split("Each error")[0]))
    assert {leaf.__name__ for leaf in LEAVES} <= drawn


@pytest.mark.parametrize("leaf", LEAVES, ids=lambda e: e.__name__)
def test_the_builtin_drawn_beside_an_error_is_one_of_its_bases(leaf):
    line = next(li for li in errors.__doc__.splitlines() if re.search(rf"\b{leaf.__name__}\b", li))
    for name in re.findall(r"\(([\w, ]+)\)", line)[:1]:
        for base in name.split(", "):
            assert issubclass(leaf, getattr(builtins, base))
    assert issubclass(leaf, ProdmlError)


def test_a_key_error_shows_its_message_and_not_its_repr():
    assert str(errors.KeyNotFoundError("nothing is stored", key="a/b")) == "nothing is stored"


def test_an_error_without_a_message_is_empty_and_not_a_crash():
    assert str(errors.ConfigError()) == ""


def test_errors_carry_what_they_speak_of():
    exc = errors.SchemaError("no column", column="age", known=["size"])
    assert (exc.column, exc.known) == ("age", ("size",))
    assert errors.StepError("failed", step="extract").step == "extract"
    assert errors.RefusedError("no", decision=3).decision == 3
    assert errors.PredictionError("no", error_id="7").error_id == "7"


def test_an_unknown_name_lists_the_nearest_first():
    exc = UnknownNameError("model", "chrun", ["fraud", "churn"], where="in this registry")
    assert str(exc) == (
        'no model "chrun" in this registry. Did you mean "churn"? Known: "churn", "fraud".'
    )
    assert (exc.what, exc.name, exc.known) == ("model", "chrun", ("fraud", "churn"))


def test_an_unknown_name_among_none_says_that_there_is_none():
    assert str(UnknownNameError("arm", "b")) == 'no arm "b". None exists yet.'


def test_a_long_list_of_names_is_cut_and_counted():
    assert known_names("x", [f"n{i:02}" for i in range(13)]).endswith('"n09" and 3 more.')


def test_a_plain_error_survives_a_process_boundary():
    assert str(pickle.loads(pickle.dumps(errors.ConfigError("no")))) == "no"
