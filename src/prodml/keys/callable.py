"""Keys from a key management service, or from anything a function can ask."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Mapping

from prodml.errors import ConfigError, KeyMaterialError, known_names
from prodml.keys.material import check_domain, make_key
from prodml.ports import Key

__all__ = ["CallableKeys"]


class CallableKeys:
    """Keys that a function fetches by id, from a key management service or a vault.

    Parameters
    ----------
    fetch : callable
        ``fetch(kid) -> bytes``. Raises LookupError if there is no such key; any other error passes
        through unchanged.
    active : mapping of str to str, or callable
        The id of the active key per domain, or a function ``active(domain) -> kid`` that says so.
    cache_s : float, default 300.0
        Seconds a secret is kept in memory before it is fetched again; 0 asks every time. A key that
        the service has destroyed is gone here after this time.
    clock : callable, default `time.monotonic`
        Seconds.

    Examples
    --------
    >>> vault = {"pseudonym/7": bytes.fromhex("9f86d081884c7d659a2feaa0c55ad015")}
    >>> keys = CallableKeys(lambda kid: vault[f"pseudonym/{kid}"], {"pseudonym": "7"})
    >>> keys.active("pseudonym")
    Key(kid='7')
    """

    def __init__(
        self,
        fetch: Callable[[str], bytes],
        active: Mapping[str, str] | Callable[[str], str],
        *,
        cache_s: float = 300.0,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        if not callable(fetch):
            raise ConfigError(f"fetch must be a function of a key id, got {type(fetch).__name__}")
        if not (callable(active) or isinstance(active, Mapping)):
            raise ConfigError(
                "active must map a domain to a key id, or be a function that does, "
                f"got {type(active).__name__}"
            )
        if not cache_s >= 0:
            raise ConfigError(f"cache_s must not be negative, got {cache_s}")
        self._fetch = fetch
        self._active = active
        self._cache_s = cache_s
        self._clock = clock
        self._start()

    def active(self, domain: str) -> Key:
        """Return the key to make new things with.

        Raises
        ------
        KeyMaterialError
            If no key is active for this domain, or the service does not know it.
        """
        return self.get(self._active_kid(check_domain(domain)))

    def get(self, kid: str) -> Key:
        """Return the key of this id.

        Raises
        ------
        KeyMaterialError
            If the service does not know it, or its secret is too weak.
        """
        now = self._clock()
        with self._lock:
            until, key = self._cache.get(kid, (now, None))
        if key is not None and now < until:
            return key
        key = self._fetched(kid)
        with self._lock:
            self._cache[kid] = (now + self._cache_s, key)
        return key

    def _active_kid(self, domain: str) -> str:
        if callable(self._active):
            return self._active(domain)
        if domain not in self._active:
            known = known_names(domain, self._active)
            raise KeyMaterialError(f'no key is active for "{domain}". {known}')
        return self._active[domain]

    def _fetched(self, kid: str) -> Key:
        try:
            secret = self._fetch(kid)
        except LookupError as exc:
            with self._lock:
                self._cache.pop(kid, None)
            raise KeyMaterialError(f'fetch knows no key with id "{kid}"') from exc
        return make_key(kid, secret)

    def _start(self) -> None:
        self._cache: dict[str, tuple[float, Key]] = {}
        self._lock = threading.Lock()

    def __repr__(self) -> str:
        return f"CallableKeys(cache_s={self._cache_s})"

    def __deepcopy__(self, memo: object) -> CallableKeys:
        return self

    def __getstate__(self) -> dict[str, object]:
        left_out = {"_cache", "_lock"}  # another process fetches for itself
        return {k: v for k, v in self.__dict__.items() if k not in left_out}

    def __setstate__(self, state: dict[str, object]) -> None:
        self.__dict__.update(state)
        self._start()
