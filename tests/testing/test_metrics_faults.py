"""The kit catches every planted fault by the rule that names it, and passes what is right."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest

from prodml.testing import metrics_faults
from prodml.testing.metrics_contract import MetricsContract
from prodml.testing.metrics_faults import METRICS_FAULTS
from prodml.testing.metrics_reference import ReferenceMetrics

RULES = {
    name[len("test_") :][:3].upper(): getattr(MetricsContract, name)
    for name in dir(MetricsContract)
    if name.startswith("test_m")
}


class Reads(MetricsContract):
    def read(self, metrics, name, labels):
        return metrics.read(name, labels)


class TestReference(Reads):
    @pytest.fixture
    def metrics(self):
        return ReferenceMetrics()


@pytest.mark.parametrize("fault", METRICS_FAULTS, ids=lambda f: f"{f.rule} {f.name}")
def test_a_planted_fault_breaks_the_rule_that_names_it(fault):
    with pytest.raises(AssertionError, match=f"^{fault.rule}: .+ But: "):
        RULES[fault.rule](Reads(), fault.make())


def test_rules_are_numbered_without_gaps():
    assert sorted(RULES) == [f"M{i:02d}" for i in range(1, 41)]


@pytest.mark.parametrize("number", sorted(RULES))
def test_a_rule_says_its_number_first(number):
    assert RULES[number].__doc__.startswith(f"{number}: ")


def test_nearly_every_rule_has_a_fault_to_catch():
    # inc() adds one, and no labels are empty labels: no plausible adapter gets these wrong alone.
    assert set(RULES) - {fault.rule for fault in METRICS_FAULTS} == {"M02", "M24"}


def test_names_of_faults_differ():
    assert len({fault.name for fault in METRICS_FAULTS}) == len(METRICS_FAULTS) >= 20


def test_the_fault_library_does_not_lean_on_the_adapters_it_judges():
    for path in Path(metrics_faults.__file__).parent.glob("metrics_*.py"):
        imported = re.findall(r"prodml\.metrics\b", ast.unparse(ast.parse(path.read_text())))
        assert not imported, path.name


def test_a_class_without_a_fixture_says_what_is_missing():
    with pytest.raises(NotImplementedError, match="read"):
        MetricsContract().read(ReferenceMetrics(), "rows_total", {})


QUICK = sorted(set(RULES) - {"M36", "M37", "M38", "M39"})


@pytest.mark.parametrize("fault", METRICS_FAULTS, ids=lambda f: f"{f.rule} {f.name}")
def test_a_planted_fault_is_small(fault):
    broken = [number for number in QUICK if not is_kept(number, fault)]
    assert len(broken) <= 12


def is_kept(number, fault):
    try:
        RULES[number](Reads(), fault.make())
    except AssertionError:
        return False
    return True


class BrokenProbe(Reads):
    def read(self, metrics, name, labels):
        raise KeyError(name)


def test_an_adapter_that_cannot_be_read_breaks_a_rule_too():
    with pytest.raises(AssertionError, match=r"^M01: .+ But: KeyError\('rows_total'\)"):
        RULES["M01"](BrokenProbe(), ReferenceMetrics())


def test_a_thread_that_dies_breaks_the_rule():
    class Dies(ReferenceMetrics):
        def counter(self, name, help, *, labels=None):  # noqa: A002
            if len(self.series) > 1:
                raise MemoryError
            return super().counter(name, help, labels=labels)

    with pytest.raises(AssertionError, match=r"^M39: .+ a thread failed: MemoryError"):
        RULES["M39"](Reads(), Dies())


def test_a_float_is_no_reading_of_a_histogram():
    class ReadsFloats(MetricsContract):
        def read(self, metrics, name, labels):
            return 0.0

    with pytest.raises(AssertionError, match=r"^M12: .+ read\(\) gave 0.0 for a histogram"):
        RULES["M12"](ReadsFloats(), ReferenceMetrics())
