"""HttpServer: the endpoints on the standard library's threading server."""

from __future__ import annotations

import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import TYPE_CHECKING, Self

from prodml.errors import ConfigError
from prodml.serving.endpoints import Endpoints, Request, Response, problem

if TYPE_CHECKING:
    from prodml.serving.predictor import Predictor

__all__ = ["HttpServer"]


class HttpServer:
    """Serves a Predictor over HTTP, with nothing but the standard library.

    Good for a laptop, a test, a sidecar; put `asgi_app` behind a production server for the open sea.

    Parameters
    ----------
    predictor : Predictor or Endpoints
        Who answers.
    host : str, default "127.0.0.1"
        Address to listen on; this machine only, unless told otherwise.
    port : int, default 0
        0 takes a free one; see `url`.
    timeout_s : float, default 10
        A connection that is silent for longer is closed.

    Examples
    --------
    >>> with HttpServer(predictor) as server:  # doctest: +SKIP
    ...     print(server.url)
    http://127.0.0.1:40513
    """

    def __init__(
        self,
        predictor: Predictor | Endpoints,
        *,
        host: str = "127.0.0.1",
        port: int = 0,
        timeout_s: float = 10.0,
    ) -> None:
        endpoints = predictor if isinstance(predictor, Endpoints) else Endpoints(predictor)
        handler = type("Handler", (_Handler,), {"endpoints": endpoints, "timeout": timeout_s})
        try:
            self._server = ThreadingHTTPServer((host, port), handler)
        except (OSError, OverflowError, TypeError) as exc:
            reason = getattr(exc, "strerror", None) or str(exc)
            raise ConfigError(
                f"cannot listen on {host}:{port} ({reason}). Pass another port, or 0 for a free one."
            ) from exc
        self._server.daemon_threads = True
        self._thread: threading.Thread | None = None

    @property
    def url(self) -> str:
        """Where it listens, such as ``"http://127.0.0.1:8000"``."""
        host, port = self._server.server_address[:2]
        return f"http://{host!s}:{port}"

    def serve_forever(self) -> None:
        """Answer until `close` is called from elsewhere, or the process is interrupted."""
        self._server.serve_forever(poll_interval=0.1)

    def start(self) -> None:
        """Answer from a thread of its own."""
        self._thread = threading.Thread(target=self.serve_forever, name="prodml-http", daemon=True)
        self._thread.start()

    def close(self) -> None:
        """Stop listening; requests that are being answered are finished."""
        if self._thread is not None:
            self._server.shutdown()
            self._thread.join()
            self._thread = None
        self._server.server_close()

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        exc: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()


class _Handler(BaseHTTPRequestHandler):
    """One connection."""

    endpoints: Endpoints
    protocol_version = "HTTP/1.1"
    server_version = "prodml"
    sys_version = ""

    def do_GET(self) -> None:
        self._answer(b"")

    def do_POST(self) -> None:
        length = self.headers.get("Content-Length", "")
        # isdecimal() also holds for digits of other scripts, which int() reads but HTTP does not have.
        if not (length.isascii() and length.isdecimal()):
            self._refuse(problem(400, "send a Content-Length; chunked bodies are not taken here."))
            return
        if int(length) > self.endpoints.max_body_bytes:
            self._refuse(
                problem(413, f"at most {self.endpoints.max_body_bytes} bytes, got {length[:12]}.")
            )
            return
        self._answer(self.rfile.read(int(length)))

    def _answer(self, body: bytes) -> None:
        headers = {name.lower(): value for name, value in self.headers.items()}
        path = self.path.split("?", 1)[0]
        self._send(self.endpoints(Request(self.command, path, headers, body)))

    def _refuse(self, response: Response) -> None:
        # The body was not read, so the next request could not be found in the stream.
        self.close_connection = True
        self._send(response)

    def _send(self, response: Response) -> None:
        self.send_response(response.status)
        self.send_header("Content-Type", response.content_type)
        self.send_header("Content-Length", str(len(response.body)))
        if self.close_connection:
            self.send_header("Connection", "close")
        self.end_headers()
        self.wfile.write(response.body)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002
        """Stay silent: an access log is the host's choice."""
