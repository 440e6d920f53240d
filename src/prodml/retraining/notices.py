"""Telling somebody what a run came to."""

from __future__ import annotations

import hashlib
import hmac
import json
import logging
import urllib.request
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, Protocol, TypeAlias
from urllib.parse import urlsplit

import attrs

from prodml.errors import ConfigError

__all__ = ["LoggingNotifier", "Notice", "Notifier", "WebhookNotifier", "check_notifiers", "tell"]


def _texts(reasons: Iterable[str]) -> tuple[str, ...]:
    return tuple(reasons)


@attrs.frozen
class Notice:
    """What a run came to, in a few plain facts; no data and no secret.

    Parameters
    ----------
    id : str
        The same for every delivery of this notice: whoever gets it twice may tell by it.
    model, alias : str
        The model, and the alias that was or was not moved.
    status : {"promoted", "kept", "failed"}
        What it came to.
    run_id : str
        Of the run in the loop's journal.
    at : str
        When, in UTC.
    message : str
        Why, in a sentence.
    reasons : tuple of str
        Why there was a run.
    version : int or None
        The new version, if there is one.
    previous : int or None
        Where the alias pointed before.
    verdict : str or None
        The gate's.
    n_needed : int or None
        If the verdict was inconclusive: about how many rows would decide.
    """

    id: str
    model: str
    alias: str
    status: str
    run_id: str
    at: str
    message: str
    reasons: tuple[str, ...] = attrs.field(default=(), converter=_texts)
    version: int | None = None
    previous: int | None = None
    verdict: str | None = None
    n_needed: int | None = None

    def __str__(self) -> str:
        what = self.model if self.version is None else f"{self.model}/{self.version}"
        return f"{what} {self.status}: {self.message}"

    def to_dict(self) -> dict[str, object]:
        """Return the notice as plain values."""
        return {**attrs.asdict(self), "reasons": list(self.reasons)}


class HasNotify(Protocol):
    """Somebody with a method for it."""

    def notify(self, notice: Notice, /) -> object:
        """Tell; raise if that failed."""
        ...


Notifier: TypeAlias = Callable[[Notice], object] | HasNotify


@attrs.frozen
class LoggingNotifier:
    """Writes a line into a log of the standard library: failures as errors, the rest as information.

    Parameters
    ----------
    logger : str, default "prodml.retraining"
        Its name.
    """

    logger: str = "prodml.retraining"

    def notify(self, notice: Notice) -> None:
        """Write the line."""
        level = logging.ERROR if notice.status == "failed" else logging.INFO
        logging.getLogger(self.logger).log(level, "%s (run %s)", notice, notice.run_id)


class _NoRedirect(urllib.request.HTTPRedirectHandler):
    """Headers may hold a secret: they go where they were meant to go, or nowhere."""

    def redirect_request(self, *_: object, **__: object) -> None:
        return None


@attrs.frozen
class WebhookNotifier:
    """Posts a notice as JSON; besides its fields there is ``text``, the sentence that chats show.

    The header ``Idempotency-Key`` holds the notice's id. Redirects are not followed. Address, headers and
    secret are shown nowhere.

    Parameters
    ----------
    url : str
        Where to; http or https.
    headers : mapping of str to str, optional
        More headers, such as an authorization.
    secret : bytes, optional
        Signs the body: ``X-Prodml-Signature: sha256=<HMAC in hex>``.
    timeout_s : float, default 10.0
        In seconds.

    Raises
    ------
    ConfigError
        If the address is not one of http or https.
    """

    url: str = attrs.field(
        repr=lambda url: f"'{urlsplit(url).scheme}://{urlsplit(url).hostname}/…'"
    )
    headers: Mapping[str, str] = attrs.field(factory=dict, repr=False, kw_only=True)
    secret: bytes | None = attrs.field(default=None, repr=False, kw_only=True)
    timeout_s: float = attrs.field(default=10.0, kw_only=True)

    def __attrs_post_init__(self) -> None:
        if not isinstance(self.url, str) or urlsplit(self.url).scheme not in ("http", "https"):
            raise ConfigError("the address of a webhook begins with https:// or http://")
        if self.secret is not None and not isinstance(self.secret, bytes):
            raise ConfigError(f"secret must be bytes, got a {type(self.secret).__name__}")

    def notify(self, notice: Notice) -> None:
        """Post it; an answer other than 2xx raises."""
        body = json.dumps({**notice.to_dict(), "text": str(notice)}).encode()
        headers = {"Content-Type": "application/json", "Idempotency-Key": notice.id, **self.headers}
        if self.secret is not None:
            signed = hmac.new(self.secret, body, hashlib.sha256).hexdigest()
            headers["X-Prodml-Signature"] = f"sha256={signed}"
        request = urllib.request.Request(self.url, body, headers, method="POST")  # noqa: S310  (see above)
        with urllib.request.build_opener(_NoRedirect()).open(request, timeout=self.timeout_s):
            pass


def tell(
    notifiers: Sequence[Notifier], entry: Mapping[str, Any]
) -> tuple[list[str], list[dict[str, str]]]:
    """Hand a notice to everybody who has not got it yet.

    Parameters
    ----------
    notifiers : sequence of Notifier
        All of them.
    entry : mapping
        Of the outbox: the notice, and who was told.

    Returns
    -------
    tuple of list
        The names of those who were told now, and of those who failed with the kind of error. A
        failure's message may hold an address or a token, and is left out.
    """
    notice = Notice(**entry["notice"])
    told, failed = [], []
    for n, notifier in enumerate(notifiers, start=1):
        name = f"{n} {_kind(notifier)}"
        if name in entry["told"]:
            continue
        try:
            _call(notifier, notice)
        except Exception as exc:  # noqa: BLE001  (a notifier never fails the run)
            failed.append({"to": name, "error": type(exc).__name__})
        else:
            told.append(name)
    return told, failed


def check_notifiers(notifiers: object) -> tuple[Notifier, ...]:
    """Return them as a tuple; ConfigError for what is no notifier."""
    if isinstance(notifiers, str | bytes) or not isinstance(notifiers, Iterable):
        raise ConfigError("notify must be a list of notifiers, such as [LoggingNotifier()]")
    found = tuple(notifiers)
    for each in found:
        if isinstance(each, type) or not (callable(each) or hasattr(each, "notify")):
            raise ConfigError(
                "a notifier is a function that takes a Notice, or has notify(), such as "
                f"LoggingNotifier(), got {each.__name__ if isinstance(each, type) else type(each).__name__}"
            )
    return found


def _call(notifier: Notifier, notice: Notice) -> None:
    call: Callable[[Notice], object] | None = getattr(notifier, "notify", None)
    if call is None and callable(notifier):
        call = notifier
    if call is not None:
        call(notice)


def _kind(notifier: Notifier) -> str:
    return str(getattr(notifier, "__name__", type(notifier).__name__))
