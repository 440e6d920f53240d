"""Model folders with a ``model.sig`` beside the files, as OpenSSF model signing lays them out."""

from __future__ import annotations

from pathlib import Path

from prodml.crypto.bundle import Bundle
from prodml.crypto.manifest import PAYLOAD_TYPE, Manifest
from prodml.crypto.signing import Signer, Verifier
from prodml.errors import ConfigError, IntegrityError, UntrustedModelError

__all__ = ["sign_folder", "verify_folder"]

_NAME = "model.sig"


def sign_folder(
    folder: str | Path, signer: Signer, *, name: str = "", signature: str | Path | None = None
) -> Manifest:
    """Sign every file of a folder, and write the signature beside them.

    Parameters
    ----------
    folder : str or Path
        The model; without symbolic links.
    signer : Signer
        The key.
    name : str, default ""
        Of the model; the folder's if empty.
    signature : str or Path, optional
        Where the signature goes; ``model.sig`` in the folder.

    Returns
    -------
    Manifest
        What was signed.

    Raises
    ------
    ConfigError
        If there is no such folder.
    IntegrityError
        If it holds a symbolic link.

    Examples
    --------
    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as place:
    ...     signer = Signer.create(Path(place) / "signing.pem")
    ...     model = Path(place) / "churn"
    ...     model.mkdir()
    ...     _ = (model / "weights.bin").write_bytes(b"weights")
    ...     _ = sign_folder(model, signer)
    ...     verify_folder(model, Verifier(signer.public_key)).name
    'churn'
    """
    folder = Path(folder)
    target = folder / _NAME if signature is None else Path(signature)
    manifest = Manifest(name or folder.resolve().name, ()).ignoring(*_inside(target, folder))
    signed = manifest.of(folder)
    target.write_bytes(signer.bundle(PAYLOAD_TYPE, signed.statement()).dump())
    return signed


def verify_folder(
    folder: str | Path, verifier: Verifier, *, signature: str | Path | None = None
) -> Manifest:
    """Check a folder's signature, and that its files are exactly those that were signed.

    Parameters
    ----------
    folder : str or Path
        The model.
    verifier : Verifier
        Whom to trust.
    signature : str or Path, optional
        Where the signature is; ``model.sig`` in the folder.

    Returns
    -------
    Manifest
        What was signed; ``ignored`` says what was not.

    Raises
    ------
    UntrustedModelError
        If there is no signature, or nobody trusted made it.
    IntegrityError
        If a file was changed, is missing or was added, or the signature is damaged.
    """
    folder = Path(folder)
    if not folder.is_dir():
        raise ConfigError(f"there is no folder {folder}")
    target = folder / _NAME if signature is None else Path(signature)
    bundle = Bundle.load(_read(target))
    statement = verifier.open(bundle)
    if bundle.payload_type != PAYLOAD_TYPE:
        raise IntegrityError(
            f"what was signed is no in-toto statement but {bundle.payload_type!r:.80}"
        )
    signed = Manifest.read(statement)
    signed.check(signed.ignoring(*_inside(target, folder)).of(folder))
    return signed


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except FileNotFoundError:
        raise UntrustedModelError(f"the model is not signed: there is no {path}") from None
    except OSError as exc:
        raise IntegrityError(f"cannot read the signature {path}: {exc.strerror}") from exc


def _inside(target: Path, folder: Path) -> tuple[str, ...]:
    """Return the path of a signature below its folder; nothing if it lies elsewhere."""
    there, root = target.resolve(), folder.resolve()
    return (there.relative_to(root).as_posix(),) if there.is_relative_to(root) else ()
