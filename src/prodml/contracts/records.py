"""Check one record against a contract, without a table where none is needed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from prodml.contracts.breach import broken_contract, no_column
from prodml.contracts.check import Check
from prodml.contracts.rules import NotNull, Rule
from prodml.errors import ContractError, SchemaError
from prodml.tables import is_missing
from prodml.tables.cells import cell_of

if TYPE_CHECKING:
    from prodml.contracts.contract import Contract

__all__ = ["checked_record"]


def checked_record(contract: Contract, record: Mapping[str, object]) -> dict[str, object]:
    """Return the record's fields in the contract's order; see `Contract.check_record`."""
    if not isinstance(record, Mapping):
        raise broken_contract(
            contract.name, [f"a record must be a mapping, got {type(record).__name__}"]
        )
    checked = {
        name: _field(contract.name, name, checks, record)
        for name, checks in contract.columns.items()
    }
    if len(record) > len(checked) or not record.keys() <= checked.keys():
        _treat_surplus(contract, record, checked)
    if contract.checks:
        _check_whole(contract, checked)
    return checked


def _treat_surplus(
    contract: Contract, record: Mapping[str, object], checked: dict[str, object]
) -> None:
    surplus = [name for name in record if name not in contract.columns]
    if surplus and contract.extra == "raise":
        trouble = f'field "{surplus[0]}" is not part of it'
        raise broken_contract(contract.name, [trouble], column=str(surplus[0]))
    if contract.extra == "keep":
        checked.update((name, record[name]) for name in surplus)


def _field(
    contract: str, name: str, checks: Sequence[Check], record: Mapping[str, object]
) -> object:
    if name not in record and any(_refuses_gaps(c) for c in checks):
        known = [str(field) for field in record]
        trouble = no_column(name, known, what="field")
        raise broken_contract(contract, [trouble], column=name, known=known)
    value = record.get(name)
    value = None if is_missing(value) else value
    for check in checks:
        value = _value(contract, name, value, check)
    return value


def _value(contract: str, name: str, value: object, check: Check) -> object:
    if value is not None and check.kind:
        value = _cell(contract, name, value, check)
    if not _binds_one(check):
        return value
    for rule in check.rules:
        if value is None and not isinstance(rule, NotNull):
            continue
        if not _allows(contract, name, rule, value):
            raise broken_contract(contract, [f'field "{name}" breaks: {rule}'], column=name)
    return value


def _cell(contract: str, name: str, value: object, check: Check) -> object:
    kind = check.kind
    if kind is None or (kind == "integer" and isinstance(value, float) and not value.is_integer()):
        return value  # a fraction among integers is a matter of the rule, which may tolerate it
    try:
        return cell_of(value, kind, name)
    except SchemaError as exc:
        raise broken_contract(contract, [str(exc)], column=name) from None


def _allows(contract: str, name: str, rule: Rule, value: object) -> bool:
    try:
        return rule.allows(value)
    except ContractError as exc:
        raise broken_contract(contract, [f'field "{name}": {exc}'], column=name) from exc


def _check_whole(contract: Contract, record: Mapping[str, object]) -> None:
    """Ask the functions that look at whole rows; they know tables only."""
    import pandas as pd

    for check in contract.checks:
        if check.of != "rows" or not _binds_one(check):
            continue
        for name in check.columns:
            if name not in record:
                trouble = no_column(name, record, what="field")
                raise broken_contract(contract.name, [trouble], column=name, known=record)
        frame = pd.DataFrame({name: [value] for name, value in record.items()})
        for rule in check.rules:
            if rule.breaks(frame)[0]:
                raise broken_contract(contract.name, [f"the record breaks: {rule}"])


def _binds_one(check: Check) -> bool:
    """Whether a check can be judged by one record, and stops it."""
    return check.mostly == 1.0 and check.severity == "error"


def _refuses_gaps(check: Check) -> bool:
    return _binds_one(check) and any(isinstance(rule, NotNull) for rule in check.rules)
