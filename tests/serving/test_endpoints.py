"""The HTTP face: right answers to right questions, problem documents to all others."""

from __future__ import annotations

import asyncio
import http.client
import json
import urllib.error
import urllib.request

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from prodml.metrics import MemoryMetrics
from prodml.monitoring import PredictionLog
from prodml.serving import Endpoints, HttpServer, Predictor, Request, asgi_app


@pytest.fixture
def predictor(registry, storage):
    return Predictor(
        registry, "tumours@champion", metrics=MemoryMetrics(), log=PredictionLog(storage)
    )


@pytest.fixture
def ask(predictor):
    endpoints = Endpoints(predictor, max_body_bytes=10_000)

    def ask(method, path, body=b"", headers=None):
        data = body if isinstance(body, bytes) else json.dumps(body).encode()
        return endpoints(Request(method, path, headers or {}, data))

    return ask


def detail(response):
    document = json.loads(response.body)
    assert response.content_type == "application/problem+json"
    assert document["status"] == response.status
    return document["detail"]


def test_one_record_is_answered(ask, rows):
    response = ask("POST", "/predict", {"inputs": rows[0]})
    (made,) = json.loads(response.body)["predictions"]
    assert response.status == 200
    assert made["model"] == "tumours"
    assert made["prediction"] in ("benign", "malignant")


def test_a_list_of_records_is_answered_in_order(ask, rows, predictor):
    made = json.loads(ask("POST", "/predict", {"inputs": rows}).body)["predictions"]
    expected = [p.prediction for p in predictor.predict_batch(rows)]
    assert [p["prediction"] for p in made] == expected


def test_no_records_are_no_answers(ask):
    assert json.loads(ask("POST", "/predict", {"inputs": []}).body) == {"predictions": []}


def test_an_outcome_finds_its_prediction(ask, rows, storage):
    (made,) = json.loads(ask("POST", "/predict", {"inputs": rows[0]}).body)["predictions"]
    response = ask("POST", "/outcomes", {"outcomes": {made["id"]: made["prediction"]}})
    assert json.loads(response.body)["recorded"] == 1
    assert PredictionLog(storage).performance().scores["accuracy"] == 1.0


def test_outcomes_that_could_not_be_used_are_named(ask, rows):
    (made,) = json.loads(ask("POST", "/predict", {"inputs": rows[0]}).body)["predictions"]
    ask("POST", "/outcomes", {"outcomes": {made["id"]: "benign"}})
    sent = {made["id"]: "malignant", "p0": "benign"}
    answer = json.loads(ask("POST", "/outcomes", {"outcomes": sent}).body)
    assert answer["ids"] == {"conflicting": [made["id"]], "unknown": ["p0"]}
    assert (answer["recorded"], answer["conflicting"], answer["unknown"]) == (0, 1, 1)


def test_health_model_and_metrics_are_told(ask, rows):
    ask("POST", "/predict", {"inputs": rows[0]})
    assert json.loads(ask("GET", "/livez").body) == {"status": "live"}
    assert json.loads(ask("GET", "/readyz").body)["serving"] == {"tumours@champion": "tumours/1"}
    assert json.loads(ask("GET", "/model").body)["task"] == "classification"
    assert b"model_predictions_total{" in ask("GET", "/metrics").body


@pytest.mark.parametrize(
    ("body", "status", "says"),
    [
        (b"{", 400, "must be JSON"),
        (b"\xff", 400, "UTF-8"),
        (b"[]", 400, "JSON object, got list"),
        (b'{"inputs": {"a": NaN}}', 400, "NaN is not JSON"),
        (b'{"inputs": {"a": 1, "a": 2}}', 400, "twice"),
        (b'{"input": {}}', 400, "no member 'input'. Known: inputs"),
        (b'{"inputs": 3}', 400, "object of feature to value"),
        (b'{"inputs": [3]}', 400, "object of feature to value"),
        (b'{"inputs": {"mean radius": 1}}', 422, "mean texture"),
        (b'{"inputs": {}, "explain": true}', 400, "whole number"),
        (b'{"inputs": {}, "unit": 3}', 400, '"unit" must be a text'),
        (b'{"inputs": [{}], "units": "u"}', 400, '"units" must be a list'),
        (b"[" * 9000, 400, ""),
        (b"x" * 10_001, 413, "at most 10000 bytes"),
    ],
)
def test_a_malformed_question_is_told_what_is_wrong(ask, body, status, says):
    response = ask("POST", "/predict", body)
    assert response.status == status
    assert says in detail(response)


@pytest.mark.parametrize("body", [{}, {"outcomes": []}, {"outcomes": {"a": None}}])
def test_malformed_outcomes_are_refused(ask, body):
    assert ask("POST", "/outcomes", body).status == 400


def test_an_unknown_path_lists_the_known_ones(ask):
    assert "/predict" in detail(ask("GET", "/nowhere"))


def test_a_wrong_method_says_which_is_right(ask):
    response = ask("GET", "/predict")
    assert (response.status, detail(response)) == (405, "/predict takes POST.")


def test_without_credentials_only_health_is_told(predictor, rows):
    def who(headers):
        return "app" if headers.get("authorization") == "Bearer letmein" else None

    endpoints = Endpoints(predictor, authenticate=who)
    body = json.dumps({"inputs": rows[0]}).encode()
    assert endpoints(Request("POST", "/predict", {}, body)).status == 401
    assert endpoints(Request("GET", "/nowhere")).status == 401
    assert endpoints(Request("GET", "/livez")).status == 200
    good = {"authorization": "Bearer letmein"}
    assert endpoints(Request("POST", "/predict", good, body)).status == 200


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.text(max_size=5),
        lambda inner: (
            st.lists(inner, max_size=3)
            | st.dictionaries(st.sampled_from(["inputs", "unit", "units", "explain", "x"]), inner)
        ),
        max_leaves=8,
    )
)
def test_whatever_json_is_sent_is_answered_and_never_a_crash(ask, value):
    assert ask("POST", "/predict", value).status in (200, 400, 413, 422)


def test_the_server_answers_over_a_socket(predictor, rows):
    body = json.dumps({"inputs": rows[0]}).encode()
    with HttpServer(predictor) as server:
        with urllib.request.urlopen(f"{server.url}/predict", body, timeout=10) as response:
            assert json.load(response)["predictions"][0]["model"] == "tumours"
        with pytest.raises(urllib.error.HTTPError) as caught:
            urllib.request.urlopen(f"{server.url}/predict?x=1", b"{", timeout=10)
        assert caught.value.code == 400
        caught.value.close()


def test_the_server_keeps_a_connection_and_refuses_what_has_no_length(predictor):
    with HttpServer(predictor) as server:
        host = server.url.removeprefix("http://")
        connection = http.client.HTTPConnection(host, timeout=10)
        for _ in range(2):
            connection.request("GET", "/livez")
            assert connection.getresponse().read() == b'{"status": "live"}'
        connection.putrequest("POST", "/predict")
        connection.endheaders()
        response = connection.getresponse()
        assert (response.status, response.read()[:1]) == (400, b"{")
        connection.close()


def test_the_server_refuses_what_is_too_long_without_reading_it(predictor):
    with HttpServer(Endpoints(predictor, max_body_bytes=10)) as server:
        connection = http.client.HTTPConnection(server.url.removeprefix("http://"), timeout=10)
        connection.putrequest("POST", "/predict")
        connection.putheader("Content-Length", "1000000")
        connection.endheaders()
        response = connection.getresponse()
        assert response.status == 413
        response.read()
        connection.close()


def through_asgi(app, *messages, kind="http", path="/predict", method="POST"):
    inbox, sent = list(messages), []

    async def receive():
        return inbox.pop(0)

    async def send(message):
        sent.append(message)

    scope = {"type": kind, "method": method, "path": path, "headers": [(b"a", b"b")]}
    asyncio.run(app(scope, receive, send))
    return sent


def test_an_asgi_server_gets_the_same_answers(predictor, rows):
    body = json.dumps({"inputs": rows[0]}).encode()
    start, end = through_asgi(
        asgi_app(predictor),
        {"type": "http.request", "body": body[:20], "more_body": True},
        {"type": "http.request", "body": body[20:]},
    )
    assert start["status"] == 200
    assert json.loads(end["body"])["predictions"][0]["model"] == "tumours"


def test_an_asgi_body_too_long_is_refused_while_it_comes(predictor):
    app = asgi_app(Endpoints(predictor, max_body_bytes=10))
    start, _ = through_asgi(app, {"type": "http.request", "body": b"x" * 11, "more_body": True})
    assert start["status"] == 413


def test_an_asgi_server_is_told_that_all_is_up_and_down(predictor):
    events = [{"type": "lifespan.startup"}, {"type": "lifespan.shutdown"}]
    sent = through_asgi(asgi_app(predictor), *events, kind="lifespan")
    assert [m["type"] for m in sent] == ["lifespan.startup.complete", "lifespan.shutdown.complete"]


def test_an_asgi_scope_of_another_kind_is_left_alone(predictor):
    assert through_asgi(asgi_app(predictor), kind="websocket") == []
