"""A DAG of Airflow 3 that retrains."""

from __future__ import annotations

from prodml.errors import ConfigError
from prodml.render.retraining import Job, Loop

__all__ = ["airflow_dag"]

_TEMPLATE = '''\
"""Made by prodml.render.airflow_dag. Looks at the triggers of {name}; trains if there is a reason."""

from datetime import UTC, datetime, timedelta

from airflow.providers.standard.operators.bash import BashOperator
from airflow.sdk import DAG
from airflow.timetables.trigger import {timetable}

with DAG(
    dag_id={dag_id},
    schedule={timetable}({crons}, timezone={zone}),
    start_date=datetime(2026, 1, 1, tzinfo=UTC),
    catchup=False,  # the loop counts times that were missed once
    max_active_runs=1,
    tags=["prodml", "retraining"],
):
    BashOperator(
        task_id="retrain",
        bash_command={command},
        retries=2,
        retry_delay=timedelta(minutes=15),  # longer than the lease of a runner that was killed
    )
'''


def airflow_dag(loop: Loop, target: str, *, schedule: str | None = None) -> str:
    """Return a DAG that calls ``python -m prodml retrain`` at the ticks of a loop.

    Parameters
    ----------
    loop : RetrainLoop
        Whose ticks they are.
    target : str
        Import string of the loop, such as ``"shop.retraining:loop"``.
    schedule : str, optional
        Five fields of cron in UTC, instead of the loop's own.

    Returns
    -------
    str
        Python for the folder of DAGs. It holds no secrets.

    Raises
    ------
    ConfigError
        If there is no cron schedule, or several of different time zones.
    """
    job = Job.of(loop, target, schedule)
    zones = {zone for _, zone in job.ticks}
    if len(zones) > 1:
        raise ConfigError(
            f"a timetable of Airflow has one time zone, the loop has {', '.join(sorted(zones))}: "
            "say schedule="
        )
    is_one = len(job.ticks) == 1
    return _TEMPLATE.format(
        name=job.name,
        dag_id=repr(f"retrain_{job.name}"),
        timetable="CronTriggerTimetable" if is_one else "MultipleCronTriggerTimetable",
        crons=", ".join(repr(cron) for cron, _ in job.ticks),
        zone=repr(zones.pop()),
        command=repr(" ".join(job.command)),
    )
