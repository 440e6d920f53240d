"""What data must be like, said once and checked everywhere: batches, streams, single records.

A `Contract` maps columns to `Check` values. It splits a table into rows that keep it and rows that
do not, counts every breach exactly, refuses a single record by field and rule, and can be inferred
from a reference without raising the alarm at the next honest batch. No report holds a cell's value.
"""

from prodml.contracts.check import Check
from prodml.contracts.contract import Contract
from prodml.contracts.results import ContractReport, RuleResult, Split
from prodml.contracts.tolerance import FreshDraw

__all__ = ["Check", "Contract", "ContractReport", "FreshDraw", "RuleResult", "Split"]
