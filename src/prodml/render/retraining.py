"""What every scheduler is told about a loop: its name, its ticks, and the command."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Protocol

import attrs

from prodml.errors import ConfigError

__all__ = ["Job", "Loop", "Tick"]

_TARGET = re.compile(r"[A-Za-z_][\w.]*:[A-Za-z_][\w.]*", re.ASCII)
_NAME = re.compile(r"[a-z0-9][a-z0-9._-]*", re.ASCII)
_CRON = re.compile(r"[a-z0-9*,/-]+( [a-z0-9*,/-]+){4}", re.ASCII)


class Tick(Protocol):
    """A cron expression; `prodml.retraining.Cron` is one."""

    @property
    def five_fields(self) -> str:
        """The expression without presets."""
        ...

    @property
    def zone(self) -> str | None:
        """Its time zone; None for UTC."""
        ...


class Loop(Protocol):
    """What is scheduled; a `prodml.RetrainLoop`."""

    @property
    def name(self) -> str:
        """The model."""
        ...

    @property
    def crons(self) -> Sequence[Tick]:
        """When it should be called at the least."""
        ...


@attrs.frozen
class Job:
    """A loop, checked so that its parts can be written into any of the files.

    Parameters
    ----------
    name : str
        The model.
    target : str
        Import string of the loop.
    ticks : tuple of (expression, zone)
        When to call it.
    """

    name: str
    target: str
    ticks: tuple[tuple[str, str], ...]

    @classmethod
    def of(cls, loop: Loop, target: str, schedule: str | None) -> Job:
        """Read a loop.

        Raises
        ------
        ConfigError
            If the import string or the schedule would not do, or there is none.
        """
        if not isinstance(target, str) or not _TARGET.fullmatch(target):
            raise ConfigError(
                f'name the loop as "module:name", such as "shop.retraining:loop", got {target!r:.60}'
            )
        if not _NAME.fullmatch(loop.name):
            raise ConfigError(f"the name of a model is a-z, 0-9 and ._-, got {loop.name!r:.60}")
        ticks = [(c.five_fields, c.zone or "UTC") for c in loop.crons]
        if schedule is not None:
            ticks = [(schedule, "UTC")]
        if not ticks:
            raise ConfigError(
                f"no trigger of {loop.name} is a cron schedule: say how often to look, such as "
                'schedule="*/15 * * * *"'
            )
        common = [(_common(expression), zone) for expression, zone in ticks]
        return cls(loop.name, target, tuple(dict.fromkeys(common)))

    @property
    def command(self) -> tuple[str, ...]:
        """What is called, word by word."""
        return ("python", "-m", "prodml", "retrain", self.target)

    @property
    def slug(self) -> str:
        """The name as a label of the domain name system: no dots, at most 40 characters."""
        return re.sub(r"[._]+", "-", self.name)[:40].strip("-")


def _common(expression: str) -> str:
    """Return an expression in words that all schedulers understand alike."""
    if not isinstance(expression, str) or not _CRON.fullmatch(expression.lower()):
        raise ConfigError(
            f'a schedule has five fields of cron, such as "*/15 * * * *", got {expression!r:.60}'
        )
    *others, weekday = expression.upper().split()
    weekday = "0" if weekday == "7" else weekday
    day, is_late = others[2], re.search(r"7|-SUN", weekday)
    stepped = "*" not in (day, weekday) and (day.startswith("*") or weekday.startswith("*"))
    if stepped or is_late:
        raise ConfigError(
            f'schedulers do not agree what "{expression}" means: name the days one by one, Sunday as '
            "0 or sun, or say schedule="
        )
    return " ".join([*others, weekday])
