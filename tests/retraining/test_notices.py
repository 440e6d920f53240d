"""Somebody is told what a run came to: at least once, by a stable id, and never at the run's cost."""

from __future__ import annotations

import hashlib
import hmac
import json
import logging
import threading
from datetime import timedelta
from http.server import BaseHTTPRequestHandler, HTTPServer

import attrs
import pytest

from prodml.retraining import LoggingNotifier, Notice, WebhookNotifier

NOTICE = Notice(
    id="r1.kept",
    model="churn",
    alias="champion",
    status="kept",
    run_id="r1",
    at="2026-03-02T12:00:00+00:00",
    message="not sure yet",
    reasons=["drift: 40% of the columns drifted"],
    version=2,
    verdict="inconclusive",
    n_needed=900,
)


class Hook:
    """A server on this machine that writes down what it is sent."""

    def __init__(self, status=204, headers=()):
        self.requests = requests = []

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self):
                body = self.rfile.read(int(self.headers["Content-Length"]))
                requests.append((dict(self.headers), body))
                self.send_response(status)
                for name, value in headers:
                    self.send_header(name, value)
                self.end_headers()

            def do_GET(self):
                requests.append((dict(self.headers), b""))

            def log_message(self, *_):
                pass

        self.server = HTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}/services/T0KEN"
        self.thread = threading.Thread(target=self.server.serve_forever, args=(0.05,))

    def __enter__(self):
        self.thread.start()
        return self

    def __exit__(self, *_):
        self.server.shutdown()
        self.thread.join()
        self.server.server_close()


@pytest.fixture(autouse=True)
def _no_proxy(monkeypatch):
    monkeypatch.setenv("no_proxy", "127.0.0.1")


def test_a_webhook_gets_the_facts_a_sentence_and_the_id():
    with Hook() as hook:
        WebhookNotifier(hook.url, headers={"Authorization": "Bearer x"}).notify(NOTICE)
    ((headers, body),) = hook.requests
    told = json.loads(body)
    assert (told["status"], told["verdict"], told["n_needed"]) == ("kept", "inconclusive", 900)
    assert told["text"] == "churn/2 kept: not sure yet"
    assert headers["Idempotency-Key"] == "r1.kept"
    assert headers["Authorization"] == "Bearer x"


def test_a_webhook_is_signed_if_a_secret_is_given():
    with Hook() as hook:
        WebhookNotifier(hook.url, secret=b"s3cret").notify(NOTICE)
    ((headers, body),) = hook.requests
    expected = hmac.new(b"s3cret", body, hashlib.sha256).hexdigest()
    assert headers["X-Prodml-Signature"] == f"sha256={expected}"


@pytest.mark.parametrize("status", [302, 404, 500])
def test_any_other_answer_is_a_failure_and_no_redirect_is_followed(status):
    with Hook() as elsewhere, Hook(status, [("Location", elsewhere.url)]) as hook:
        with pytest.raises(OSError, match=str(status)):
            WebhookNotifier(hook.url, headers={"Authorization": "x"}).notify(NOTICE)
        assert elsewhere.requests == []


def test_a_webhook_shows_neither_token_nor_header_nor_secret():
    shown = repr(
        WebhookNotifier(
            "https://user:pw@hooks.example/T0KEN?k=T0KEN",
            headers={"Authorization": "T0KEN"},
            secret=b"T0KEN",
        )
    )
    assert "hooks.example" in shown
    assert "T0KEN" not in shown
    assert "pw" not in shown


def test_a_line_in_the_log_is_an_error_if_the_run_failed(caplog):
    with caplog.at_level(logging.INFO, logger="prodml.retraining"):
        LoggingNotifier().notify(NOTICE)
        LoggingNotifier().notify(attrs.evolve(NOTICE, status="failed"))
    assert [r.levelname for r in caplog.records] == ["INFO", "ERROR"]
    assert caplog.messages[0] == "churn/2 kept: not sure yet (run r1)"


def test_a_notice_is_plain_data():
    assert Notice(**json.loads(json.dumps(NOTICE.to_dict()))) == NOTICE


# --- in the loop ------------------------------------------------------------------------------


def test_everybody_is_told_and_it_is_in_the_journal(make):
    told = []
    loop = make(notify=[told.append, LoggingNotifier()])
    outcome = loop.run_once(n_new_labels=10)
    assert [n.status for n in told] == ["promoted"]
    assert told[0].id == f"{outcome.run_id}.promoted"
    assert told[0].reasons == ("new_labels: 10 new labels, 10 are enough",)
    event = next(e for e in loop.history() if e.type == "notified")
    assert (event.payload["told"], event.payload["failed"]) == (
        ["1 append", "2 LoggingNotifier"],
        [],
    )


def test_a_failed_run_is_told_too(make):
    told = []
    loop = make(notify=[told.append], source=lambda: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        loop.run_once(n_new_labels=10)
    assert [(n.status, n.message) for n in told] == [
        ("failed", "after the beginning: ZeroDivisionError")
    ]


def test_an_inconclusive_verdict_is_told_with_the_rows_that_would_decide(make, monkeypatch):
    told = []
    loop = make(notify=[told.append])
    loop.run_once(n_new_labels=10)
    loop.run_once(n_new_labels=10)
    assert (told[1].status, told[1].verdict) == ("kept", "inconclusive")


class Flaky:
    def __init__(self, n_failures):
        self.left, self.told = n_failures, []

    def notify(self, notice):
        if self.left:
            self.left -= 1
            raise ConnectionError("https://hooks.example/T0KEN refused")
        self.told.append(notice.id)


def test_a_notifier_that_fails_costs_nothing_and_is_asked_again_at_the_next_check(make):
    flaky, steady = Flaky(2), Flaky(0)
    loop = make(notify=[flaky, steady])
    outcome = loop.run_once(n_new_labels=10)
    assert outcome.status == "promoted"
    assert loop.status().n_undelivered == 1
    for _ in range(3):
        assert loop.run_once().status == "not due"
    assert flaky.told == steady.told == [f"{outcome.run_id}.promoted"]
    assert loop.status().n_undelivered == 0


def test_a_failure_is_in_the_journal_by_its_kind_alone(make):
    loop = make(notify=[Flaky(9)])
    loop.run_once(n_new_labels=10)
    event = next(e for e in loop.history() if e.type == "notified")
    assert event.payload["failed"] == [{"to": "1 Flaky", "error": "ConnectionError"}]
    assert "T0KEN" not in repr(loop.history())


def test_a_notifier_that_always_fails_is_given_up(make):
    loop = make(notify=[Flaky(99)])
    loop.run_once(n_new_labels=10)
    for _ in range(6):
        loop.run_once()
    events = [e for e in loop.history() if e.type == "notified"]
    assert [e.payload["gave_up"] for e in events] == [False] * 4 + [True]
    assert loop.status().n_undelivered == 0


def test_without_notifiers_nothing_is_kept_for_them(make):
    loop = make()
    loop.run_once(n_new_labels=10)
    assert "notified" not in [e.type for e in loop.history()]


def test_a_notice_left_behind_by_a_killed_runner_is_delivered_by_the_next(make, clock):
    class Kill(BaseException):
        pass

    def kill(notice):
        raise Kill

    with pytest.raises(Kill):
        make(notify=[kill]).run_once(n_new_labels=10)
    clock.pass_by(timedelta(hours=1))
    told = []
    assert make(notify=[told.append]).run_once().status == "not due"
    assert [n.status for n in told] == ["promoted"]
