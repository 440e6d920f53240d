"""asgi_app: the endpoints for any ASGI server, without a framework."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, MutableMapping
from typing import TYPE_CHECKING, Any, TypeAlias

from prodml.serving.endpoints import Endpoints, Request, Response, problem

if TYPE_CHECKING:
    from prodml.serving.predictor import Predictor

__all__ = ["asgi_app"]

# The ASGI specification's own words; its messages are open mappings.
Scope: TypeAlias = MutableMapping[str, Any]
Receive: TypeAlias = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send: TypeAlias = Callable[[MutableMapping[str, Any]], Awaitable[None]]
Application: TypeAlias = Callable[[Scope, Receive, Send], Awaitable[None]]


def asgi_app(predictor: Predictor | Endpoints) -> Application:
    """Make an ASGI application; mount it in a host's own app or hand it to a server.

    Parameters
    ----------
    predictor : Predictor or Endpoints
        Who answers. Models run in a worker thread, so the event loop stays free.

    Returns
    -------
    callable
        An ASGI 3 application for ``http`` and ``lifespan`` scopes.

    Examples
    --------
    >>> app = asgi_app(predictor)  # doctest: +SKIP
    """
    endpoints = predictor if isinstance(predictor, Endpoints) else Endpoints(predictor)

    async def application(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan":
            await _lifespan(receive, send)
            return
        if scope["type"] == "http":
            await _send(send, await _respond(endpoints, scope, receive))

    return application


async def _respond(endpoints: Endpoints, scope: Scope, receive: Receive) -> Response:
    body = bytearray()
    while True:
        message = await receive()
        body += message.get("body", b"")
        if len(body) > endpoints.max_body_bytes:
            return problem(413, f"at most {endpoints.max_body_bytes} bytes.")
        if not message.get("more_body", False):
            break
    headers = {name.decode("latin-1"): value.decode("latin-1") for name, value in scope["headers"]}
    request = Request(scope["method"], scope["path"], headers, bytes(body))
    return await asyncio.to_thread(endpoints, request)


async def _send(send: Send, response: Response) -> None:
    headers = [
        (b"content-type", response.content_type.encode()),
        (b"content-length", str(len(response.body)).encode()),
    ]
    await send({"type": "http.response.start", "status": response.status, "headers": headers})
    await send({"type": "http.response.body", "body": response.body})


async def _lifespan(receive: Receive, send: Send) -> None:
    while True:
        message = await receive()
        await send({"type": f"{message['type']}.complete"})
        if message["type"] == "lifespan.shutdown":
            return
