"""Files for the machinery around a project, as text: written once, read by people, kept in their repository.

`github_workflow`, `cron_job` and `airflow_dag` call ``python -m prodml retrain`` at the ticks of a
`RetrainLoop`. They hold no secrets, and never let two runs overlap.
"""

from prodml.render.airflow import airflow_dag
from prodml.render.github import github_workflow
from prodml.render.kubernetes import cron_job

__all__ = ["airflow_dag", "cron_job", "github_workflow"]
