"""Four eyes: who must agree before an alias may move, and who has."""

from __future__ import annotations

from collections.abc import Mapping
from fnmatch import fnmatchcase
from typing import Any

import attrs

from prodml import display
from prodml.errors import ConfigError, RefusedError
from prodml.registry.fold import said_of

__all__ = ["ApprovalRule", "Approvals", "approvals_of", "check_approvals"]


def _counts(needed: object) -> dict[str, int]:
    if not isinstance(needed, Mapping):
        raise ConfigError(
            'approvals must map aliases to numbers, such as {"champion": 2}, got a '
            f"{type(needed).__name__}"
        )
    for alias, n in needed.items():
        if not isinstance(alias, str) or type(n) is not int or n < 0:
            raise ConfigError(
                'approvals must map aliases to numbers of people, such as {"champion": 2}, got '
                f"{alias!r:.60}: {n!r:.60}"
            )
    return dict(needed)


@attrs.frozen
class ApprovalRule:
    """How many people must agree before an alias moves.

    Parameters
    ----------
    needed : mapping of str to int
        Alias to number, such as ``{"champion": 2}``; with a model before it, ``*`` for anything:
        ``{"credit-*@champion": 2}``. Where several fit, the strictest counts.
    """

    needed: Mapping[str, int] = attrs.field(factory=dict, converter=_counts)

    def count(self, name: str, alias: str) -> int:
        """Return how many approvals an alias of a model needs."""
        fitting = (n for rule, n in self.needed.items() if _fits(rule, name, alias))
        return max(fitting, default=0)

    def stricter(self, other: ApprovalRule) -> ApprovalRule:
        """Return a rule that asks for what either asks for."""
        both = {
            k: max(self.needed.get(k, 0), other.needed.get(k, 0))
            for k in (*self.needed, *other.needed)
        }
        return ApprovalRule(both)


def _fits(rule: str, name: str, alias: str) -> bool:
    model, at, pattern = rule.rpartition("@")
    return fnmatchcase(alias, pattern) and (not at or fnmatchcase(name, model))


@attrs.frozen(repr=False)
class Approvals:
    """Who agrees that an alias may point at a version.

    Parameters
    ----------
    name : str
        The model.
    version : int
        The version.
    alias : str
        The alias it may become.
    by : tuple of str
        Who approves, the first one first.
    registrant : str
        Who registered the version, and so cannot approve it.
    n_needed : int
        How many the rule asks for; 0 if it asks for none.
    """

    name: str
    version: int
    alias: str
    by: tuple[str, ...]
    registrant: str
    n_needed: int

    @property
    def n_missing(self) -> int:
        """How many are still needed, whoever promotes."""
        return max(self.n_needed - len(self.by), 0)

    def counting(self, promoter: str) -> tuple[str, ...]:
        """Return whose approval counts if `promoter` moves the alias: not their own."""
        return tuple(who for who in self.by if who != promoter)

    def __str__(self) -> str:
        return f"{self.name}/{self.version} as {self.alias}: {len(self.by)} of {self.n_needed}"

    def __repr__(self) -> str:
        return display.text_table(self._rows(), ("approvals", str(self)))

    def _repr_html_(self) -> str:
        return display.html_table(self._rows(), ("approvals", str(self)))

    def to_dict(self) -> dict[str, object]:
        """Return them as plain values."""
        return {**attrs.asdict(self), "by": list(self.by)}

    def _rows(self) -> list[list[str]]:
        return [
            ["approved by", ", ".join(self.by) or "nobody"],
            ["registered by", self.registrant or "not recorded"],
            ["still missing", str(self.n_missing)],
        ]


def approvals_of(
    name: str, facts: Mapping[str, Any], state: dict[str, Any], alias: str, rule: ApprovalRule
) -> Approvals:
    """Read who approves out of the state of a model."""
    given = (said_of(state, "approvals", facts["version"]) or {}).get(alias, ())
    by = tuple(who for who in given if who != facts["actor"])
    needed = max(rule.count(name, alias), state["needed"].get(alias, 0))
    return Approvals(name, facts["version"], alias, by, facts["actor"], needed)


def check_approvals(approvals: Approvals, promoter: str) -> None:
    """Refuse a promotion that too few others agree with.

    Raises
    ------
    RefusedError
        Says how many are missing, who agrees, and whose word would not count.
    """
    counting = approvals.counting(promoter)
    missing = approvals.n_needed - len(counting)
    if missing <= 0:
        return
    have = "has none" if not counting else f"has {len(counting)}, by {_names(counting)}"
    involved = dict.fromkeys((approvals.registrant, promoter))
    but = _names([who for who in involved if who]) or "those who registered and promote it"
    raise RefusedError(
        f"{approvals.name}/{approvals.version} needs {_n_approvals(approvals.n_needed)} before it may become "
        f"{approvals.alias} and {have}: {missing} missing, from anybody but {but}. They call "
        f'approve("{approvals.name}", {approvals.version}, alias="{approvals.alias}")'
    )


def _n_approvals(n: int) -> str:
    return "1 approval" if n == 1 else f"{n} approvals"


def _names(names: tuple[str, ...] | list[str]) -> str:
    quoted = [f'"{name}"' for name in names]
    return " and ".join(
        part for part in (", ".join(quoted[:-1]), quoted[-1] if quoted else "") if part
    )
