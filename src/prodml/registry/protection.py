"""The verbs of keys: encrypt under another key, and take a version out with a signature on it."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import attrs

from prodml.errors import ConfigError, ConflictError, KeyMaterialError
from prodml.fingerprint.canonical import canonical_json
from prodml.journal import Draft
from prodml.registry.shelf import Shelf, State
from prodml.registry.shelves import Shelves

if TYPE_CHECKING:
    from prodml.crypto import Manifest, Signer

__all__ = ["KeyRotation", "Protection"]

_AT_ONCE = 250  # versions in one event, which holds at most 64 KiB


@attrs.frozen
class KeyRotation:
    """What a change of keys did.

    Parameters
    ----------
    n_versions : int
        How many versions are wrapped by the active key now and were not before.
    lost : tuple of str
        Versions that stay as they are, since the key that wraps them is gone: ``"churn/3"``.
    """

    n_versions: int
    lost: tuple[str, ...] = ()


class Protection(Shelves):
    """What keys do to versions; see `prodml.Registry`."""

    def rotate_keys(self, name: str | None = None, *, reason: str = "") -> KeyRotation:
        """Wrap the keys of all encrypted versions anew, by the key that is active now.

        No blob is read or written: a version's data key, 32 bytes, is wrapped anew and told to the
        journal. Afterwards the former key may be destroyed. Who had it *and* a copy of the journal
        can still read what was registered before.

        Parameters
        ----------
        name : str, optional
            The model; None for all.
        reason : str, default ""
            Why.

        Returns
        -------
        KeyRotation

        Raises
        ------
        ConfigError
            If this registry was opened without `encrypt`.
        RefusedError
            If the access policy forbids it.
        """
        if self._wrap is None:
            raise ConfigError(
                "rotate_keys wraps by the keys of encrypt=, and this registry has none"
            )
        n_versions, lost = 0, []
        for each in self.models() if name is None else [name]:
            shelf = self._existing(each)
            with self._guard.watch("rotate_keys", f"models/{each}") as details:
                wrapped, gone = _wrap_anew(shelf, reason)
                details.update(versions=wrapped, lost=len(gone))
            n_versions += wrapped
            lost += gone
        return KeyRotation(n_versions, tuple(lost))

    def export_signed(
        self, ref: str, folder: str | Path, *, signer: Signer | None = None
    ) -> Manifest:
        """Write a version into a new folder, signed as OpenSSF model signing does.

        The folder holds ``model.bin``, the model as it is stored (decrypted); ``record.json``, what was
        recorded about it; ``version.json``, which version it is, and in which format; and
        ``model.sig``. `prodml.crypto.verify_folder` checks it, and so does the OpenSSF tool.

        Parameters
        ----------
        ref : str
            ``"name@alias"`` or ``"name/3"``.
        folder : str or Path
            Where; must not exist yet.
        signer : Signer, optional
            Instead of the registry's own.

        Returns
        -------
        Manifest
            What was signed.

        Raises
        ------
        ConfigError
            If there is no `prodml.crypto.Signer` to sign with.
        ConflictError
            If there is something at `folder`.
        RefusedError
            If the access policy forbids it.
        """
        from prodml.crypto import sign_folder

        found: Any = self._proofs.signer if signer is None else signer
        if not callable(getattr(found, "bundle", None)):
            raise ConfigError('export_signed needs a signer: signer=Signer("signing.pem")')
        shelf, number = self._find(ref)
        with self._guard.watch("export", f"models/{shelf.name}/{number}"):
            target = _new_folder(Path(folder))
            for name, data in _files(shelf, number).items():
                (target / name).write_bytes(data)
            return sign_folder(target, found, name=f"{shelf.name}/{number}")


def _wrap_anew(shelf: Shelf, reason: str) -> tuple[int, list[str]]:
    """Wrap the keys of a model's versions anew; return how many, and whose key is gone."""
    n_wrapped, lost = 0, set[int]()
    while True:
        wrapped: dict[str, str] = {}

        def decide(state: State, wrapped: dict[str, str] = wrapped) -> Draft:
            wrapped.clear()
            wrapped.update(_due(shelf, state, lost))
            if not wrapped:
                raise _NothingDueError
            return Draft("key_rewrapped", {"wrapped": dict(wrapped)}, reason)

        try:
            shelf.journal.commit(decide)
        except _NothingDueError:
            return n_wrapped, [f"{shelf.name}/{number}" for number in sorted(lost)]
        n_wrapped += len(wrapped)


def _due(shelf: Shelf, state: State, lost: set[int]) -> dict[str, str]:
    due: dict[str, str] = {}
    for number in shelf.numbers(state):
        if number in lost:
            continue
        try:
            anew = shelf.locker.wrapped_anew(shelf.facts(number, state))
        except KeyMaterialError:
            lost.add(number)
            continue
        if anew is not None:
            due[str(number)] = anew
        if len(due) == _AT_ONCE:
            break
    return due


class _NothingDueError(Exception):
    """Never leaves this module."""


def _new_folder(folder: Path) -> Path:
    try:
        folder.mkdir()
    except FileExistsError as exc:
        raise ConflictError(f"{folder} exists already: choose a new folder") from exc
    except OSError as exc:
        raise ConfigError(f"cannot make the folder {folder}: {exc.strerror}") from exc
    return folder


def _files(shelf: Shelf, number: int) -> dict[str, bytes]:
    facts = shelf.facts(number)
    known = ("version", "model", "format", "tags", "at", "actor")
    about = {"name": shelf.name, **{fact: facts[fact] for fact in known}}
    return {
        "model.bin": shelf.artifacts.part(facts, "model", f"{shelf.name}/{number}"),
        "record.json": shelf.artifacts.part(facts, "record", f"{shelf.name}/{number}"),
        "version.json": canonical_json(about),
    }
