"""A CronJob of Kubernetes that retrains."""

from __future__ import annotations

import json

from prodml.errors import ConfigError
from prodml.render.retraining import Job, Loop

__all__ = ["cron_job"]

_TEMPLATE = """\
# Made by prodml.render.cron_job. Looks at the triggers of {name}; trains if there is a reason.
apiVersion: batch/v1
kind: CronJob
metadata:
  name: {job}
  labels:
    app.kubernetes.io/name: {job}
    app.kubernetes.io/component: retraining
spec:
  schedule: {schedule}
  timeZone: {zone}
  # The loop's own lease holds across clusters too; this spares a pod that would find it taken.
  concurrencyPolicy: Forbid
  startingDeadlineSeconds: 600
  successfulJobsHistoryLimit: 3
  failedJobsHistoryLimit: 3
  jobTemplate:
    spec:
      backoffLimit: 2
      template:
        spec:
          restartPolicy: Never
          # On SIGTERM the step that is being done is ended first; what is left is gone on with.
          terminationGracePeriodSeconds: {grace}
          automountServiceAccountToken: false
          securityContext:
            runAsNonRoot: true
            seccompProfile:
              type: RuntimeDefault
          containers:
            - name: retrain
              image: {image}
              command: {command}
              resources:
                requests:
                  cpu: {cpu}
                  memory: {memory}
                limits:
                  memory: {memory}
              securityContext:
                allowPrivilegeEscalation: false
                capabilities:
                  drop: ["ALL"]
"""


def cron_job(
    loop: Loop,
    target: str,
    *,
    image: str,
    schedule: str | None = None,
    cpu: str = "1",
    memory: str = "2Gi",
    grace_s: int = 300,
) -> str:
    """Return a CronJob that calls ``python -m prodml retrain`` at the ticks of a loop.

    Parameters
    ----------
    loop : RetrainLoop
        Whose ticks they are.
    target : str
        Import string of the loop, such as ``"shop.retraining:loop"``.
    image : str
        Container image with the project and prodml in it, running as a user other than root.
    schedule : str, optional
        Five fields of cron in UTC, instead of the loop's own.
    cpu, memory : str
        What it asks for, as Kubernetes writes quantities.
    grace_s : int, default 300
        How long it may take to end a step when it is told to leave, in seconds.

    Returns
    -------
    str
        YAML, one document per cron expression of the loop. It holds no secrets: hand in what the loop
        needs through ``envFrom``.

    Raises
    ------
    ConfigError
        If there is no cron schedule, or an argument would not do.
    """
    job = Job.of(loop, target, schedule)
    for what, value in (("image", image), ("cpu", cpu), ("memory", memory)):
        if not isinstance(value, str) or not value.strip():
            raise ConfigError(f"{what} must be a text, got {value!r:.60}")
    if not isinstance(grace_s, int) or grace_s < 0:
        raise ConfigError(f"grace_s must be a whole number of at least 0, got {grace_s!r:.40}")
    return "---\n".join(
        _TEMPLATE.format(
            name=job.name,
            job=json.dumps(f"retrain-{job.slug}" + (f"-{n}" if n > 1 else "")),
            schedule=json.dumps(cron),
            zone=json.dumps("Etc/UTC" if zone == "UTC" else zone),
            image=json.dumps(image),
            command=json.dumps(list(job.command)),
            cpu=json.dumps(cpu),
            memory=json.dumps(memory),
            grace=grace_s,
        )
        for n, (cron, zone) in enumerate(job.ticks, start=1)
    )
