"""The kit catches every planted fault by the rule that names it, and passes what is right."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest

from prodml.testing import STORAGE_FAULTS, StorageContract, storage_faults
from prodml.testing.storage_reference import ReferenceStorage
from prodml.testing.storage_stateful import behaves_like_a_dict

RULES = {
    name[len("test_") :][:3].upper(): getattr(StorageContract, name)
    for name in dir(StorageContract)
    if name.startswith("test_s")
}


class Reopens(StorageContract):
    def reopen(self, storage):
        if hasattr(storage, "again"):
            return storage.again()
        return ReferenceStorage(storage.objects)


class TestReference(Reopens):
    @pytest.fixture
    def storage(self):
        return ReferenceStorage()


@pytest.mark.parametrize("fault", STORAGE_FAULTS, ids=lambda f: f"{f.rule} {f.name}")
def test_a_planted_fault_breaks_the_rule_that_names_it(fault):
    with pytest.raises(AssertionError, match=f"^{fault.rule}: .+ But: "):
        RULES[fault.rule](Reopens(), fault.make())


def test_rules_are_numbered_without_gaps():
    assert sorted(RULES) == [f"S{i:02d}" for i in range(1, 66)]


@pytest.mark.parametrize("number", sorted(RULES))
def test_a_rule_says_its_number_first(number):
    assert RULES[number].__doc__.startswith(f"{number}: ")


def test_nearly_every_rule_has_a_fault_to_catch():
    # S10 is implied by S11; S49 speaks of backends with files of their own; S52 is all of them at once.
    assert set(RULES) - {fault.rule for fault in STORAGE_FAULTS} == {"S10", "S49", "S52"}


@pytest.mark.parametrize(
    "name",
    [
        "ignores if_absent",
        "drops empty values",
        "after is inclusive",
        "ranges include their end",
        "takes limit=0 for no limit",
        "lists folder by folder",
        "delete takes what is below along",
    ],
)
def test_the_model_alone_catches_faults_of_plain_calls(name):
    fault = next(f for f in STORAGE_FAULTS if f.name == name)
    # What is drawn depends on what else is loaded, however fixed the seed: more sequences leave no luck.
    with pytest.raises(AssertionError, match="^(create|get|list) of .+, not "):
        behaves_like_a_dict(fault.make(), n_examples=200)


def test_the_model_is_a_rule():
    fault = next(f for f in STORAGE_FAULTS if f.name == "ignores if_absent")
    with pytest.raises(AssertionError, match="^S52: .+ But: create of "):
        RULES["S52"](Reopens(), fault.make())


def test_there_are_faults_enough_and_their_names_differ():
    assert len({fault.name for fault in STORAGE_FAULTS}) == len(STORAGE_FAULTS) >= 69


def test_the_fault_library_does_not_lean_on_the_adapters_it_judges():
    for path in Path(storage_faults.__file__).parent.glob("storage_*.py"):
        assert not re.findall(r"prodml\.storage\b", ast.unparse(ast.parse(path.read_text())))


def test_a_class_without_a_fixture_says_what_is_missing():
    with pytest.raises(NotImplementedError, match="fixture `storage`"):
        StorageContract.storage.__wrapped__(StorageContract())


def test_an_adapter_whose_objects_die_with_it_is_its_own_location():
    storage = ReferenceStorage()
    assert StorageContract().reopen(storage) is storage
