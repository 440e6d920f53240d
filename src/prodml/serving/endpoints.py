"""From request to response as a pure function; every front speaks through it.

======  ==============  =====================================================================
POST    ``/predict``    ``{"inputs": {...} | [{...}, ...], "unit" | "units": ..., "explain": k}``
POST    ``/outcomes``   ``{"outcomes": {"<prediction id>": value, ...}}``; says what became of each
GET     ``/model``      what serves now, and the columns it takes
GET     ``/livez``      the process answers
GET     ``/readyz``     a model is loaded
GET     ``/metrics``    Prometheus text
======  ==============  =====================================================================

Failures are problem documents (RFC 9457) and never hold a value that was sent.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, NoReturn

import attrs

from prodml.errors import (
    ConfigError,
    ConflictError,
    PredictionError,
    ProdmlError,
    SchemaError,
    UnknownNameError,
)

if TYPE_CHECKING:
    from prodml.serving.predictor import Predictor

__all__ = ["Endpoints", "Request", "Response"]

_JSON = "application/json"
_PROBLEM = "application/problem+json"
_TEXT = "text/plain; version=0.0.4; charset=utf-8"
_TITLES = {
    400: "Bad request",
    401: "Unauthorized",
    404: "Not found",
    405: "Method not allowed",
    409: "Conflict",
    413: "Content too large",
    422: "Unprocessable content",
    500: "Prediction failed",
}
# Which status says what went wrong; the first class that fits counts.
_STATUS: tuple[tuple[type[ProdmlError], int], ...] = (
    (SchemaError, 422),
    (ConfigError, 400),
    (UnknownNameError, 404),
    (ConflictError, 409),
    (PredictionError, 500),
)


@attrs.frozen
class Request:
    """What came in.

    Parameters
    ----------
    method : str
        Such as ``"POST"``.
    path : str
        Without the query.
    headers : mapping of str to str
        Names in lower case.
    body : bytes
        As sent.
    """

    method: str
    path: str
    headers: Mapping[str, str] = attrs.field(factory=dict, repr=False)
    body: bytes = attrs.field(default=b"", repr=False)


@attrs.frozen
class Response:
    """What goes out.

    Parameters
    ----------
    status : int
        HTTP status.
    content_type : str
        Of the body.
    body : bytes
        As sent.
    """

    status: int
    content_type: str
    body: bytes = attrs.field(repr=False)


class Endpoints:
    """The HTTP face of a Predictor, without a server.

    Parameters
    ----------
    predictor : Predictor
        Who answers.
    authenticate : callable, optional
        ``(headers) -> actor or None``, with header names in lower case; None is answered with 401.
        Liveness and readiness need no actor. Without it everybody may ask.
    max_body_bytes : int, default 1 MiB
        Larger requests are answered with 413.
    """

    def __init__(
        self,
        predictor: Predictor,
        *,
        authenticate: Callable[[Mapping[str, str]], str | None] | None = None,
        max_body_bytes: int = 1 << 20,
    ) -> None:
        self.max_body_bytes = max_body_bytes
        self._predictor = predictor
        self._authenticate = authenticate
        self._open = {("GET", "/livez"): self._live, ("GET", "/readyz"): self._ready}
        self._guarded = {
            ("POST", "/predict"): self._predict,
            ("POST", "/outcomes"): self._outcomes,
            ("GET", "/model"): self._model,
            ("GET", "/metrics"): self._metrics,
        }

    def __call__(self, request: Request) -> Response:
        """Answer one request. Never raises for what a caller sent."""
        key = (request.method, request.path)
        if key in self._open:
            return self._open[key](request)
        if self._authenticate is not None and self._authenticate(request.headers) is None:
            return problem(401, "who is asking? Send the credentials this service was set up with.")
        if key not in self._guarded:
            return self._unknown(request)
        if len(request.body) > self.max_body_bytes:
            return problem(413, f"at most {self.max_body_bytes} bytes, got {len(request.body)}.")
        try:
            return self._guarded[key](request)
        except ProdmlError as exc:
            status = next((s for kind, s in _STATUS if isinstance(exc, kind)), 500)
            return problem(status, str(exc))

    def _unknown(self, request: Request) -> Response:
        known = {**self._open, **self._guarded}
        allowed = [method for method, path in known if path == request.path]
        if allowed:
            return problem(405, f"{request.path} takes {' or '.join(allowed)}.")
        paths = ", ".join(path for _, path in known)
        return problem(404, f"no such path. Known: {paths}.")

    def _live(self, _: Request) -> Response:
        return _json(200, {"status": "live"})

    def _ready(self, _: Request) -> Response:
        return _json(200, {"status": "ready", "serving": self._predictor.serving})

    def _model(self, _: Request) -> Response:
        return _json(200, {"ref": self._predictor.ref, **self._predictor.describe()})

    def _metrics(self, _: Request) -> Response:
        return Response(200, _TEXT, self._predictor.render_metrics().encode())

    def _predict(self, request: Request) -> Response:
        asked = parse(request.body, allowed=("inputs", "unit", "units", "explain"))
        explain = asked.get("explain", 0)
        if not isinstance(explain, int) or isinstance(explain, bool) or not 0 <= explain <= 100:
            raise ConfigError(
                '"explain" must be a whole number from 0 to 100: how many reasons to give.'
            )
        inputs = asked.get("inputs")
        if isinstance(inputs, dict):
            unit = asked.get("unit")
            if unit is not None and not isinstance(unit, str):
                raise ConfigError('"unit" must be a text.')
            made = [self._predictor.predict(inputs, unit=unit, explain=explain)]
            return _json(200, {"predictions": [p.to_dict() for p in made]})
        if not isinstance(inputs, list) or not all(isinstance(row, dict) for row in inputs):
            raise ConfigError('"inputs" must be an object of feature to value, or a list of them.')
        if not inputs:
            return _json(200, {"predictions": []})
        units = asked.get("units")
        if units is not None and not (
            isinstance(units, list) and all(isinstance(u, str) for u in units)
        ):
            raise ConfigError('"units" must be a list of texts, one for each row.')
        made = self._predictor.predict_batch(inputs, units=units, explain=explain)
        return _json(200, {"predictions": [p.to_dict() for p in made]})

    def _outcomes(self, request: Request) -> Response:
        outcomes = parse(request.body, allowed=("outcomes",)).get("outcomes")
        if not isinstance(outcomes, dict) or not outcomes:
            raise ConfigError('"outcomes" must be an object of prediction id to what came true.')
        for prediction_id, value in outcomes.items():
            if not isinstance(value, str | int | float | bool):
                raise ConfigError(
                    f"the outcome of {prediction_id} must be a text, a number or a boolean."
                )
        receipt = self._predictor.record_outcomes(outcomes)
        unused = {"conflicting": receipt.conflicting, "unknown": receipt.unknown}
        return _json(200, {**receipt.counts(), "ids": {k: v for k, v in unused.items() if v}})


def parse(body: bytes, *, allowed: tuple[str, ...]) -> dict[str, object]:
    """Read a JSON object strictly: no NaN, no key twice, no member nobody asked for.

    Raises
    ------
    ConfigError
        Saying what is wrong and where, without the values.
    """
    try:
        value = json.loads(body, parse_constant=_no_constant, object_pairs_hook=_no_twins)
    except UnicodeDecodeError as exc:
        raise ConfigError(f"the body must be UTF-8; byte {exc.start} is not.") from None
    except json.JSONDecodeError as exc:
        raise ConfigError(
            f"the body must be JSON: {exc.msg} at line {exc.lineno}, column {exc.colno}."
        ) from None
    except RecursionError:
        raise ConfigError("the body is nested too deeply.") from None
    if not isinstance(value, dict):
        raise ConfigError(f"the body must be a JSON object, got {type(value).__name__}.")
    for name in value:
        if name not in allowed:
            raise ConfigError(f"no member {name[:40]!r}. Known: {', '.join(allowed)}.")
    return value


def problem(status: int, detail: str) -> Response:
    """Make a problem document (RFC 9457)."""
    body = {"type": "about:blank", "title": _TITLES[status], "status": status, "detail": detail}
    return Response(status, _PROBLEM, json.dumps(body).encode())


def _json(status: int, value: object) -> Response:
    return Response(status, _JSON, json.dumps(value, allow_nan=False).encode())


def _no_constant(name: str) -> NoReturn:
    raise ConfigError(f"{name} is not JSON; send null for a missing value.")


def _no_twins(pairs: list[tuple[str, object]]) -> dict[str, object]:
    found = dict(pairs)
    if len(found) < len(pairs):
        raise ConfigError("an object of the body has a member twice.")
    return found
