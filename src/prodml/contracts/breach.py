"""How a breach is told: by column, rule and row number, never by a cell's value."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from prodml.contracts.results import RuleResult
from prodml.errors import ContractError, known_names

__all__ = ["breach", "broken_contract", "no_column"]

_N_TOLD = 5


def broken_contract(
    name: str, troubles: Sequence[str], *, column: str | None = None, known: Iterable[str] = ()
) -> ContractError:
    """Return the error that tells the troubles, the first five of them in words."""
    more = f"; and {len(troubles) - _N_TOLD} more" if len(troubles) > _N_TOLD else ""
    message = f'contract "{name}" is broken: {"; ".join(troubles[:_N_TOLD])}{more}'
    return ContractError(message, column=column, known=known)


def no_column(name: str, known: Iterable[str], *, what: str = "column") -> str:
    """Say that a column or a field is not there, and which ones are."""
    return f'no {what} "{name}". {known_names(name, known)}'


def breach(result: RuleResult) -> str:
    """Say how often a rule is broken, and where first."""
    rows = ", ".join(map(str, result.examples[:3]))
    return (
        f'"{result.column}" {result.rule}: not so in {result.n_bad} of {result.n_rows} rows '
        f"(first: {rows})"
    )
