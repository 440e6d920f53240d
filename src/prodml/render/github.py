"""A workflow of GitHub Actions that retrains."""

from __future__ import annotations

import json

from prodml.errors import ConfigError
from prodml.render.retraining import Job, Loop

__all__ = ["github_workflow"]

_TEMPLATE = """\
# Made by prodml.render.github_workflow. Looks at the triggers of {name}; trains if there is a reason.
name: {title}

on:
  schedule:
{crons}
  workflow_dispatch:
    inputs:
      force:
        description: Train without a reason; the gate still decides
        type: boolean
        default: false

permissions:
  contents: read

# One run at a time; a second one waits. The loop's own lease holds across other machines too.
concurrency:
  group: {group}
  cancel-in-progress: false

jobs:
  retrain:
    runs-on: ubuntu-latest
    timeout-minutes: {timeout}
    steps:
      - uses: actions/checkout@v5
        with:
          persist-credentials: false
      - uses: actions/setup-python@v6
        with:
          python-version: {python}
      - run: python -m pip install {install}
      - run: {command} ${{{{ inputs.force && '--force' || '' }}}}
"""


def github_workflow(
    loop: Loop,
    target: str,
    *,
    schedule: str | None = None,
    python: str = "3.12",
    install: str = "-r requirements.txt",
    timeout_minutes: int = 120,
) -> str:
    """Return a workflow that calls ``python -m prodml retrain`` at the ticks of a loop.

    Parameters
    ----------
    loop : RetrainLoop
        Whose ticks they are.
    target : str
        Import string of the loop, such as ``"shop.retraining:loop"``.
    schedule : str, optional
        Five fields of cron in UTC, instead of the loop's own.
    python : str, default "3.12"
        Its version.
    install : str, default "-r requirements.txt"
        What pip is to install.
    timeout_minutes : int, default 120
        After which time a run is ended; the next goes on with it.

    Returns
    -------
    str
        YAML for ``.github/workflows/retrain.yml``. It holds no secrets: hand in what the loop needs through
        ``env``.

    Raises
    ------
    ConfigError
        If there is no cron schedule, or one of a time zone other than UTC, which GitHub does not know.
    """
    job = Job.of(loop, target, schedule)
    zones = {zone for _, zone in job.ticks} - {"UTC"}
    if zones:
        raise ConfigError(
            f"GitHub's schedules are in UTC, and the loop's is in {', '.join(sorted(zones))}: say schedule= "
            "in UTC, often enough for summer and winter; the loop itself looks at its own clock"
        )
    if not isinstance(timeout_minutes, int) or timeout_minutes < 1:
        raise ConfigError(f"timeout_minutes must be at least 1, got {timeout_minutes!r:.40}")
    if "\n" in install or "${{" in install:
        raise ConfigError("install is what follows `pip install`, in one line, without expressions")
    return _TEMPLATE.format(
        name=job.name,
        title=json.dumps(f"Retrain {job.name}"),
        group=json.dumps(f"retrain-{job.name}"),
        crons="\n".join(f"    - cron: {json.dumps(cron)}" for cron, _ in job.ticks),
        timeout=timeout_minutes,
        python=json.dumps(python),
        install=install,
        command=" ".join(job.command),
    )
