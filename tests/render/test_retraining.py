"""The files are valid, call the one command, hold no secret, and let no two runs overlap."""

from __future__ import annotations

import ast
from datetime import timedelta
from types import SimpleNamespace

import pytest
import yaml

from prodml.cli.retrain import arguments
from prodml.errors import ConfigError
from prodml.render import airflow_dag, cron_job, github_workflow
from prodml.retraining import AllOf, Cron, Not, OnDrift, OnSchedule
from prodml.retraining.combining import crons

TARGET = "shop.retraining:loop"


def loop(*triggers, name="churn"):
    return SimpleNamespace(name=name, crons=tuple(crons(triggers)))


WEEKLY = loop(OnSchedule("0 3 * * mon"), OnDrift())


def workflow(of=WEEKLY, **options):
    return yaml.safe_load(github_workflow(of, TARGET, **options))


def jobs(of=WEEKLY, **options):
    text = cron_job(of, TARGET, image="registry.example/churn:1.4.2", **options)
    return list(yaml.safe_load_all(text))


def test_a_workflow_calls_the_command_at_the_loops_ticks():
    found = workflow()
    on = found[True]  # YAML 1.1 reads "on" so; GitHub does not
    assert on["schedule"] == [{"cron": "0 3 * * MON"}]
    last = found["jobs"]["retrain"]["steps"][-1]["run"]
    assert last.startswith(f"python -m prodml retrain {TARGET} ")
    assert "'--force' || ''" in last


def test_a_workflow_runs_one_at_a_time_with_few_rights_and_pinned_actions():
    found = workflow(timeout_minutes=30)
    assert found["concurrency"] == {"group": "retrain-churn", "cancel-in-progress": False}
    assert found["permissions"] == {"contents": "read"}
    job = found["jobs"]["retrain"]
    assert job["timeout-minutes"] == 30
    used = [step["uses"] for step in job["steps"] if "uses" in step]
    assert all(action.split("@v")[1].isdigit() for action in used)


def test_a_cron_job_calls_the_command_at_the_loops_ticks_and_never_overlaps():
    (found,) = jobs(loop(OnSchedule("30 2 * * *", zone="Europe/Oslo")))
    spec = found["spec"]
    assert (spec["schedule"], spec["timeZone"]) == ("30 2 * * *", "Europe/Oslo")
    assert spec["concurrencyPolicy"] == "Forbid"
    (container,) = spec["jobTemplate"]["spec"]["template"]["spec"]["containers"]
    assert container["command"] == ["python", "-m", "prodml", "retrain", TARGET]
    assert container["image"] == "registry.example/churn:1.4.2"


def test_a_loop_with_two_schedules_has_two_cron_jobs_of_different_names():
    found = jobs(loop(OnSchedule("@daily"), AllOf(OnSchedule("0 12 * * 7"), Not(OnDrift()))))
    assert [d["spec"]["schedule"] for d in found] == ["0 0 * * *", "0 12 * * 0"]
    assert [d["metadata"]["name"] for d in found] == ["retrain-churn", "retrain-churn-2"]


def test_the_name_of_a_cron_job_is_one_that_kubernetes_takes():
    (found,) = jobs(loop(OnSchedule("@daily"), name="shop.churn_eu-" + "x" * 80))
    name = found["metadata"]["name"]
    assert name.startswith("retrain-shop-churn-eu-")
    assert len(name) <= 52


def calls(text):
    """Return every call in a piece of Python: the name of what is called, and its keywords."""
    found = {}
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.Call):
            name = getattr(node.func, "id", getattr(node.func, "attr", ""))
            found[name] = (node.args, {k.arg: k.value for k in node.keywords})
    return found


def test_a_dag_is_python_that_calls_the_command_one_run_at_a_time():
    text = airflow_dag(WEEKLY, TARGET)
    compile(text, "dag.py", "exec")
    found = calls(text)
    _, operator = found["BashOperator"]
    assert ast.literal_eval(operator["bash_command"]) == f"python -m prodml retrain {TARGET}"
    assert ast.literal_eval(found["DAG"][1]["max_active_runs"]) == 1
    assert ast.literal_eval(found["DAG"][1]["catchup"]) is False
    args, keywords = found["CronTriggerTimetable"]
    assert [ast.literal_eval(a) for a in args] == ["0 3 * * MON"]
    assert ast.literal_eval(keywords["timezone"]) == "UTC"


def test_a_dag_of_two_schedules_has_a_timetable_for_both():
    text = airflow_dag(loop(OnSchedule("@daily"), OnSchedule("@hourly")), TARGET)
    args, _ = calls(text)["MultipleCronTriggerTimetable"]
    assert [ast.literal_eval(a) for a in args] == ["0 0 * * *", "0 * * * *"]


EVERY = [
    pytest.param(github_workflow, {}, id="github"),
    pytest.param(cron_job, {"image": "churn:1"}, id="kubernetes"),
    pytest.param(airflow_dag, {}, id="airflow"),
]


@pytest.mark.parametrize(("render", "options"), EVERY)
def test_a_schedule_may_be_given_instead(render, options):
    text = render(loop(OnDrift()), TARGET, schedule="*/15 * * * *", **options)
    assert "*/15 * * * *" in text


@pytest.mark.parametrize(("render", "options"), EVERY)
def test_no_file_speaks_of_a_secret(render, options):
    text = render(WEEKLY, TARGET, **options).lower()
    assert not any(word in text for word in ("password", "secrets.", "api_key", "access_key"))


@pytest.mark.parametrize(("render", "options"), EVERY)
@pytest.mark.parametrize(
    ("given", "says"),
    [
        ((WEEKLY, "shop.retraining", None), 'as "module:name"'),
        ((WEEKLY, "shop:loop; rm -rf /", None), 'as "module:name"'),
        ((WEEKLY, 'shop:loop"', None), 'as "module:name"'),
        ((WEEKLY, "shop:{{ x }}", None), 'as "module:name"'),
        ((loop(OnSchedule(timedelta(days=1))), TARGET, None), "no trigger of churn is a cron"),
        ((loop(OnSchedule("@daily"), name="a b"), TARGET, None), "the name of a model"),
        ((WEEKLY, TARGET, "daily"), "five fields"),
        ((WEEKLY, TARGET, '0 3 * * "x"'), "five fields"),
        ((WEEKLY, TARGET, "0 3 1 * */2"), "schedulers do not agree"),
        ((WEEKLY, TARGET, "0 3 * * 5-7"), "schedulers do not agree"),
        ((loop(OnSchedule("0 3 * * fri-sun")), TARGET, None), "schedulers do not agree"),
    ],
)
def test_what_would_not_do_in_a_file_is_refused(render, options, given, says):
    of, target, schedule = given
    with pytest.raises(ConfigError, match=says):
        render(of, target, schedule=schedule, **options)


def test_github_knows_no_time_zone():
    with pytest.raises(ConfigError, match="in UTC, and the loop's is in Europe/Oslo"):
        workflow(loop(OnSchedule(Cron("@daily", "Europe/Oslo"))))


def test_a_timetable_has_one_time_zone():
    several = loop(OnSchedule("@daily"), OnSchedule("@daily", zone="Europe/Oslo"))
    with pytest.raises(ConfigError, match="one time zone"):
        airflow_dag(several, TARGET)


@pytest.mark.parametrize(
    ("render", "options", "says"),
    [
        (github_workflow, {"timeout_minutes": 0}, "timeout_minutes must be at least 1"),
        (github_workflow, {"install": "x\n- run: y"}, "in one line"),
        (github_workflow, {"install": "${{ secrets.X }}"}, "without expressions"),
        (cron_job, {"image": ""}, "image must be a text"),
        (cron_job, {"image": "x", "memory": 2}, "memory must be a text"),
        (cron_job, {"image": "x", "grace_s": -1}, "grace_s must be a whole number"),
    ],
)
def test_other_arguments_are_checked(render, options, says):
    with pytest.raises(ConfigError, match=says):
        render(WEEKLY, TARGET, **options)


def test_the_command_in_the_files_is_one_that_the_command_line_takes():
    import argparse

    parser = argparse.ArgumentParser()
    arguments(parser)
    assert parser.parse_args([TARGET, "--force"]).loop == TARGET
