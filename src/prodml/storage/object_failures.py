"""What a service of objects refuses: whether it passes, whether it is certain, and what to do about it."""

from __future__ import annotations

import re

from prodml.errors import AmbiguousWriteError, StorageError

__all__ = ["is_passing", "lost", "refused"]

_CODES = {
    "NoSuchBucket": "there is no such bucket. Make it first",
    "ContainerNotFound": "there is no such container. Make it first",
    "AccessDenied": "these credentials have no permission",
    "InvalidAccessKeyId": "the access key is unknown",
    "SignatureDoesNotMatch": "the secret key does not fit the access key",
    "ExpiredToken": "the credentials have expired",
    "RequestTimeTooSkewed": "this machine's clock is wrong",
    "PermanentRedirect": "the bucket is in another region. Pass region=",
    "AuthorizationHeaderMalformed": "the bucket is in another region. Pass region=",
    "EntityTooLarge": "the object is too large",
    "SlowDown": "the service asks to slow down",
    "NotImplemented": "the service does not know this kind of request",
}
_STATUS = {
    400: "the service did not understand the request",
    401: "no valid credentials were found. Pass them as options, or set the environment",
    403: "these credentials have no permission",
    404: "there is no such bucket. Make it first",
    408: "the service gave up waiting",
    409: "others are busy at this key",
    413: "the object is too large",
    416: "the range lies beyond the end",
    429: "the service asks to slow down",
    500: "the service failed",
    501: "the service does not know this kind of request",
    503: "the service asks to slow down",
    507: "the service's disk is full",
}
# Refused before anything was done. A 500 may come after the deed, and so may a gateway's 502 and 504.
_CERTAIN = {400, 401, 403, 404, 405, 409, 411, 412, 413, 416, 429, 501, 503, 507}
_PASSING = {429, 503}


def is_passing(exc: Exception) -> bool:
    """Say whether the same request may succeed in a moment, and certainly did nothing now."""
    return _status(exc) in _PASSING


def refused(url: str, what: str, key: str, exc: Exception) -> StorageError:
    """Return the error of a request that did nothing."""
    return StorageError(f"cannot {what} {key or 'what is'} in {url}: {_told(exc)}.", key=key)


def lost(url: str, what: str, key: str, exc: Exception) -> StorageError:
    """Return the error of a write: certain if the service said no, or could not even be reached."""
    if _status(exc) in _CERTAIN or "kind: Connect" in str(exc) or _is_about_credentials(exc):
        return refused(url, what, key, exc)
    return AmbiguousWriteError(
        f"the answer to a call to {what} {key} in {url} was lost ({_told(exc)}): it may have happened. "
        "Read the key back.",
        key=key,
    )


def _told(exc: Exception) -> str:
    """Return the reason and what to do; never the client's text, which quotes addresses and access keys."""
    code = re.search(r"<Code>(\w+)</Code>", str(exc))
    if code and code.group(1) in _CODES:
        return _CODES[code.group(1)]
    status = _status(exc)
    if status in _STATUS:
        return _STATUS[status]
    if _is_about_credentials(exc):
        return _STATUS[401]
    if "TimedOut" in str(exc) or isinstance(exc, TimeoutError):
        return "no answer came in time"
    if status:
        return f"the service answered {status}"
    return (
        "the service cannot be reached, or hung up. See that it runs and that the endpoint is right"
    )


def _status(exc: Exception) -> int:
    """Return the status of the answer, 0 if none came."""
    found = re.search(r"status(?: code)?:? *\"?(\d{3})\b", str(exc))
    if found:
        return int(found.group(1))
    kinds = {"PermissionDeniedError": 403, "UnauthenticatedError": 401, "NotSupportedError": 501}
    return 404 if isinstance(exc, FileNotFoundError) else kinds.get(type(exc).__name__, 0)


def _is_about_credentials(exc: Exception) -> bool:
    """Say whether the request was never sent, for want of credentials."""
    return bool(re.search(r"credential|instance metadata|169\.254\.", str(exc), re.IGNORECASE))
