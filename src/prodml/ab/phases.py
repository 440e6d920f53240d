"""What the journal of an experiment says about its arms: how they were set, phase by phase."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import attrs

from prodml.ab.assignment import Segments, allocate
from prodml.errors import ConfigError, ConflictError
from prodml.journal import Draft, Event

__all__ = ["Phases", "Setup", "restart", "start"]


@attrs.frozen
class Setup:
    """The settings in force.

    Parameters
    ----------
    salt : str
        What units are hashed with.
    control : str
        Arm that the others are compared with.
    horizon : int
        Number of units at which confidence sequences are narrowest.
    phases : tuple of mapping
        Arm to weight, one mapping per phase, oldest first.
    segments : Segments
        How the line is divided now.
    """

    salt: str
    control: str
    horizon: int
    phases: tuple[Mapping[str, float], ...]
    segments: Segments

    @classmethod
    def of(cls, state: Mapping[str, Any]) -> Setup | None:
        """Read the state of the fold; None before the experiment was started."""
        if not state:
            return None
        segments = tuple((int(end), str(arm)) for end, arm in state["segments"])
        phases = tuple(dict(phase) for phase in state["phases"])
        return cls(state["salt"], state["control"], state["horizon"], phases, segments)


class Phases:
    """Folds ``started`` and ``weights_set`` into the settings in force."""

    def initial(self) -> dict[str, Any]:
        """Return the state before the experiment was started."""
        return {}

    def apply(self, state: dict[str, Any], event: Event) -> dict[str, Any]:
        """Return the state after an event; rows of exposures and outcomes leave it as it is."""
        if event.type == "started" and not state:
            setup = event.payload
            return {**{k: v for k, v in setup.items() if k != "arms"}, "phases": [setup["arms"]]}
        if event.type == "weights_set":
            phases = [*state["phases"], event.payload["arms"]]
            return {**state, "phases": phases, "segments": event.payload["segments"]}
        return state


def start(arms: Mapping[str, float], *, salt: str, control: str, horizon: int) -> Draft:
    """Return the event that starts an experiment.

    Raises
    ------
    ConfigError
        If the control is none of the arms, or the horizon is not positive.
    """
    if control not in arms:
        raise ConfigError(f"control must be one of the arms {', '.join(arms)}, got {control!r}.")
    if type(horizon) is not int or horizon < 1:
        raise ConfigError(f"horizon must be a whole number of at least 1 unit, got {horizon!r}.")
    segments = [list(segment) for segment in allocate(arms)]
    settings = {"salt": salt, "control": control, "horizon": horizon, "segments": segments}
    return Draft("started", {"arms": dict(arms), **settings})


def restart(state: Mapping[str, Any], arms: Mapping[str, float], reason: str) -> Draft:
    """Return the event that sets new weights.

    Raises
    ------
    ConflictError
        If the weights are set so already.
    """
    setup = Setup.of(state)
    if setup is None or setup.phases[-1] == arms:
        raise ConflictError(f"the weights are {dict(arms)} already.")
    if setup.control not in arms:
        raise ConfigError(f"the control {setup.control!r} must keep a weight, even if it is 0.")
    segments = [list(segment) for segment in allocate(arms, setup.segments)]
    return Draft("weights_set", {"arms": dict(arms), "segments": segments}, reason)
