"""Keys in a file that only its owner can read."""

from __future__ import annotations

import base64
import contextlib
import os
import secrets
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

from prodml.errors import ConfigError, ConflictError, KeyMaterialError
from prodml.keys.keyset import Keyset
from prodml.keys.material import check_domain, make_key, read_secret
from prodml.keys.secret_file import (
    Document,
    Stamp,
    draft_of,
    locked,
    opened,
    parse,
    stamp_of,
    sync_folder,
)
from prodml.ports import Clock, Key, utc_now

__all__ = ["FileKeys"]


class FileKeys:
    """Keys in a JSON file: one active key per domain, retired ones still found by id.

    The file must belong to this user and be readable by nobody else, else it is refused. It is
    replaced as a whole, so a reader never sees half of it; a change by another process is seen at
    the next call.

    Parameters
    ----------
    path : path-like
        The file. `FileKeys.create` makes one.
    clock : Clock, default `utc_now`
        Dates new keys.
    entropy : callable, default `secrets.token_bytes`
        ``entropy(n)`` returns n random bytes.

    Raises
    ------
    KeyMaterialError
        If the file is missing, open to others, damaged, or holds too weak a key.

    Examples
    --------
    >>> import tempfile
    >>> folder = tempfile.TemporaryDirectory()
    >>> keys = FileKeys.create(Path(folder.name) / "keys.json", domains=["pseudonym"])
    >>> first = keys.active("pseudonym")
    >>> second = keys.rotate("pseudonym")
    >>> keys.active("pseudonym") == second, keys.get(first.kid) == first
    (True, True)
    >>> folder.cleanup()
    """

    def __init__(
        self,
        path: str | os.PathLike[str],
        *,
        clock: Clock = utc_now,
        entropy: Callable[[int], bytes] = secrets.token_bytes,
    ) -> None:
        self._path = Path(path)
        self._clock = clock
        self._entropy = entropy
        self._cache: tuple[Stamp, Keyset, frozenset[str]] | None = None
        self._current()  # a service should learn at its start that its keys cannot be read

    @classmethod
    def create(
        cls,
        path: str | os.PathLike[str],
        *,
        domains: Sequence[str],
        clock: Clock = utc_now,
        entropy: Callable[[int], bytes] = secrets.token_bytes,
    ) -> FileKeys:
        """Write a new file with one fresh 256-bit key per domain, and open it.

        Parameters
        ----------
        path : path-like
            Where; its folder must exist.
        domains : sequence of str
            What the keys are for, such as ``["pseudonym", "model"]``; at least one.
        clock, entropy
            As above.

        Returns
        -------
        FileKeys
            The opened file.

        Raises
        ------
        ConflictError
            If there is a file already: overwriting keys loses what was made with them.
        ConfigError
            If `domains` is empty or a plain string.
        """
        if isinstance(domains, str) or not domains:
            raise ConfigError('domains must be a list of at least one name, such as ["pseudonym"]')
        target = Path(path)
        document = {check_domain(d): [_fresh(d, clock, entropy)] for d in domains}
        with draft_of(target, document) as draft:
            try:
                os.link(draft, target)  # unlike a rename, it never replaces
            except FileExistsError as exc:
                raise ConflictError(
                    f"{target} exists already: open it with FileKeys(path), add a key with rotate()"
                ) from exc
        sync_folder(target.parent)
        return cls(target, clock=clock, entropy=entropy)

    def active(self, domain: str) -> Key:
        """Return the key to make new things with.

        Raises
        ------
        KeyMaterialError
            If there is no key for this domain, or the file cannot be used any more.
        """
        keyset, _ = self._current()
        return keyset.active(check_domain(domain), where=f"in {self._path}")

    def get(self, kid: str) -> Key:
        """Return the key of this id, active or retired.

        Raises
        ------
        KeyMaterialError
            If the id is unknown, or its key was destroyed.
        """
        keyset, destroyed = self._current()
        if kid in destroyed:
            raise KeyMaterialError(f'the key "{kid}" was destroyed: what it protected is gone')
        return keyset.get(kid, where=f"in {self._path}")

    def rotate(self, domain: str) -> Key:
        """Make a fresh key the active one of a domain, new or known; the others stay accepted.

        Safe against another process that rotates at the same moment: both keys are kept.

        Returns
        -------
        Key
            The new active key.
        """
        check_domain(domain)
        with self._changed() as document:
            entry = _fresh(domain, self._clock, self._entropy)
            document.setdefault(domain, []).insert(0, entry)
        return self.get(entry["kid"])

    def destroy(self, kid: str) -> None:
        """Forget a retired key for ever. What was made with it can never be read again.

        Raises
        ------
        KeyMaterialError
            If the id is unknown.
        ConflictError
            If the key is active: rotate first.
        """
        self.get(kid)
        with self._changed() as document:
            for entries in document.values():
                if entries[0]["kid"] == kid:
                    raise ConflictError(
                        f'"{kid}" is active: rotate its domain before destroying it'
                    )
                for entry in entries:
                    if entry["kid"] == kid:
                        entry.pop("secret", None)
                        entry["destroyed"] = self._clock().isoformat()

    @contextlib.contextmanager
    def _changed(self) -> Iterator[Document]:
        with locked(self._path) as handle:
            document = parse(handle, self._path)
            yield document
            with draft_of(self._path, document) as draft:
                draft.replace(self._path)
            sync_folder(self._path.parent)

    def _current(self) -> tuple[Keyset, frozenset[str]]:
        cache = self._cache
        with contextlib.suppress(FileNotFoundError):
            if cache and cache[0] == stamp_of(self._path.stat()):
                return cache[1], cache[2]
        with opened(self._path) as handle:
            stamp = stamp_of(os.fstat(handle))
            document = parse(handle, self._path)
        keyset = Keyset({d: _keys(entries) for d, entries in document.items()})
        gone = frozenset(e["kid"] for es in document.values() for e in es if "destroyed" in e)
        self._cache = (stamp, keyset, gone)
        return keyset, gone

    def __repr__(self) -> str:
        return f"FileKeys({str(self._path)!r})"

    def __deepcopy__(self, memo: object) -> FileKeys:
        return self

    def __getstate__(self) -> dict[str, object]:
        return {**self.__dict__, "_cache": None}  # another process reads the file itself


def _fresh(domain: str, clock: Clock, entropy: Callable[[int], bytes]) -> dict[str, str]:
    kid = f"{domain[:40]}-{entropy(4).hex()}"
    key = make_key(kid, entropy(32))
    secret = base64.b64encode(key.secret).decode()
    return {"kid": kid, "secret": secret, "created": clock().isoformat()}


def _keys(entries: Sequence[dict[str, str]]) -> list[Key]:
    # An unreadable secret is empty, and refused as too short, by its id.
    return [
        make_key(entry["kid"], read_secret(entry["secret"]) or b"")
        for entry in entries
        if "secret" in entry
    ]
