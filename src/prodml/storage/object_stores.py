"""Buckets: the client's own stores of one place, one that repeats requests and one that does not."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from typing import Any
from urllib.parse import urlsplit

from prodml._extras import require
from prodml.errors import ConfigError

__all__ = ["Bucket"]

# scheme -> (class of obstore, its word for a bucket, for the address of the service)
_KINDS = {
    "s3": ("S3Store", "bucket", "endpoint"),
    "s3a": ("S3Store", "bucket", "endpoint"),
    "gs": ("GCSStore", "bucket", "base_url"),
    "gcs": ("GCSStore", "bucket", "base_url"),
    "az": ("AzureStore", "container_name", "endpoint"),
    "azure": ("AzureStore", "container_name", "endpoint"),
}
_PLAIN = {"s3a": "s3", "gcs": "gs", "azure": "az"}


class Bucket:
    """A place in a service, and the two clients of it.

    Parameters
    ----------
    url : str
        Address of bucket and prefix.
    endpoint : str or None
        Where the service is.
    timeout_s : float
        For one request, and for all its repetitions together.
    options : mapping
        For the client; may hold credentials, and is shown to nobody.
    """

    def __init__(
        self,
        url: str,
        *,
        endpoint: str | None,
        timeout_s: float,
        options: Mapping[str, str | bool],
    ) -> None:
        self._client = require("obstore", for_="ObjectStorage")
        self._recipe = (url, endpoint, timeout_s, dict(options))
        scheme, bucket, prefix = _parts(url)
        self.address = f"{_PLAIN.get(scheme, scheme)}://{bucket}{prefix and '/' + prefix}"
        if endpoint is not None:
            self.address += f"?endpoint={_bare(endpoint)}"
        kind, bucket_word, endpoint_word = _KINDS[scheme]
        told: dict[str, Any] = {**options, bucket_word: bucket}
        if endpoint is not None:
            told[endpoint_word] = endpoint
        self.store = self._made(kind, told, prefix, timeout_s, n_retries=10)
        """For what may be asked again."""
        self.once = self._made(kind, told, prefix, timeout_s, n_retries=0)
        """For creates."""

    def client(self) -> Any:
        """Return the module of functions that take a store."""
        return self._client

    def errors(self) -> Any:
        """Return the module of the client's errors."""
        from obstore import exceptions

        return exceptions

    def refusals(self) -> tuple[type[Exception], ...]:
        """Return what the client raises when the service, or the line to it, refuses."""
        return (self.errors().BaseError, FileNotFoundError, TimeoutError)

    def recipe(self) -> tuple[str, str | None, float, dict[str, str | bool]]:
        """Return what opens the same place in another process, credentials and all."""
        return self._recipe

    def _made(
        self, kind: str, told: dict[str, Any], prefix: str, timeout_s: float, *, n_retries: int
    ) -> Any:
        from obstore import store

        options = {
            "timeout": timedelta(seconds=timeout_s),
            "connect_timeout": timedelta(seconds=min(timeout_s, 10.0)),
            "allow_http": str(self._recipe[1]).startswith("http://"),
        }
        patience = {
            "max_retries": n_retries,
            "retry_timeout": timedelta(seconds=timeout_s),
            "backoff": {"init_backoff": timedelta(milliseconds=50), "base": 2},
        }
        try:
            return getattr(store, kind)(
                config=told,
                prefix=prefix or None,
                client_options=options,
                retry_config=patience,
            )
        except (self.errors().BaseError, ValueError, TypeError) as exc:
            names = ", ".join(sorted(map(str, self._recipe[3]))) or "none"
            raise ConfigError(
                f"{self.address} cannot be opened with these options: {names} ({type(exc).__name__}). "
                "The environment's count too."
            ) from None


def _parts(url: str) -> tuple[str, str, str]:
    """Return scheme, bucket and prefix."""
    address = urlsplit(url if isinstance(url, str) else "")
    if address.scheme not in _KINDS:
        raise ConfigError(
            'ObjectStorage takes an address such as "s3://bucket/prefix", "gs://bucket" or '
            f'"az://container"; got the scheme "{address.scheme:.20}".'
        )
    if not address.netloc or "@" in address.netloc or ":" in address.netloc:
        raise ConfigError(
            f'an address is "{address.scheme}://bucket/prefix"; credentials are options, or stand in the environment.'
        )
    if address.query or address.fragment:
        raise ConfigError(
            f'an address is "{address.scheme}://bucket/prefix" and nothing more; options are arguments.'
        )
    return address.scheme, address.netloc, address.path.strip("/")


def _bare(endpoint: str) -> str:
    """Return host and port of a service, without what might be secret."""
    address = urlsplit(endpoint)
    if not address.hostname:
        raise ConfigError('endpoint is an address such as "http://127.0.0.1:9000".')
    return address.hostname if address.port is None else f"{address.hostname}:{address.port}"
