"""The code that a training ran: the estimator's parts, the modules around it, the state of the repository."""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

from prodml.errors import ProdmlError
from prodml.training.params import HasParameters

__all__ = ["code_parts", "git_diff", "project_modules"]

_GIT = (
    "-c",
    "core.fsmonitor=false",
    "diff",
    "HEAD",
    "--no-ext-diff",
    "--no-textconv",
    "--full-index",
)
_PACKAGES = "site-packages"
_GIT_TIMEOUT_S = 10.0


def code_parts(estimator: object, extra: Mapping[str, object]) -> dict[str, str | None]:
    """Return the digest of the code of each part of an estimator.

    Parameters
    ----------
    estimator : object
        Its class counts, and of its parameters at any depth those that are functions or objects of
        classes that are not installed packages'.
    extra : mapping
        Further functions by name, such as metrics.

    Returns
    -------
    dict
        Name to digest; None where the code cannot be read, as of classes typed at a prompt.
    """
    parts: dict[str, object] = {"estimator": type(estimator)}
    params = estimator.get_params(deep=True) if isinstance(estimator, HasParameters) else {}
    for name, value in sorted({**params, **extra}.items()):
        kind = value if callable(value) and hasattr(value, "__code__") else type(value)
        if not _is_installed(kind):
            parts[name] = kind
    return {name: _digest(kind) for name, kind in parts.items()}


def project_modules(root: Path | None = None) -> dict[str, str]:
    """Return the digest of every loaded module below the project's folder, by its path.

    Parameters
    ----------
    root : Path, optional
        Default: the folder with ``.git`` above the working directory, or the working directory.

    Returns
    -------
    dict
        Path, relative to the folder, to the digest of the file as it is now.
    """
    root = (_project_root() if root is None else root).resolve()
    inside, ours = f"{root}{os.sep}", str(Path(__file__).parents[1])
    files = (getattr(module, "__file__", None) for module in list(sys.modules.values()))
    paths = {str(file) for file in files if file and str(file).startswith(inside)}
    own = [p for p in paths if p.endswith(".py") and not p.startswith(ours) and _PACKAGES not in p]
    found = {Path(p).relative_to(root).as_posix(): _file_digest(Path(p)) for p in own}
    return {name: digest for name, digest in sorted(found.items()) if digest}


def git_diff(start: Path | None = None) -> str | None:
    """Say how the checkout differs from its commit.

    Parameters
    ----------
    start : Path, optional
        A folder inside; default the working directory.

    Returns
    -------
    str or None
        ``"clean"``, or the digest of what ``git diff HEAD`` prints; None outside a repository, or
        where git is not there to be asked. Files that git does not know do not count.
    """
    git = shutil.which("git")
    if git is None:
        return None
    try:
        done = subprocess.run(  # noqa: S603  (fixed words, and no hook of the repository is run)
            [git, *_GIT],
            cwd=start,
            capture_output=True,
            timeout=_GIT_TIMEOUT_S,
            check=True,
            stdin=subprocess.DEVNULL,
        )
    except (OSError, subprocess.SubprocessError):
        return None
    return "sha256:" + hashlib.sha256(done.stdout).hexdigest() if done.stdout else "clean"


def _project_root() -> Path:
    here = Path.cwd()
    return next((place for place in (here, *here.parents) if (place / ".git").exists()), here)


def _is_installed(kind: object) -> bool:
    top = str(getattr(kind, "__module__", None) or "builtins").partition(".")[0]
    if top in sys.builtin_module_names or top in sys.stdlib_module_names:
        return top != "__main__"
    file = str(getattr(sys.modules.get(top), "__file__", None) or "")
    return "site-packages" in file or "dist-packages" in file or top == "prodml"


def _digest(kind: object) -> str | None:
    from prodml.fingerprint import fingerprint_code

    try:
        return fingerprint_code(kind)
    except ProdmlError:
        return None


def _file_digest(path: Path) -> str | None:
    try:
        return "sha256:" + hashlib.sha256(path.read_bytes()).hexdigest()
    except OSError:
        return None
