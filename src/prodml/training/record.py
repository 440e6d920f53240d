"""What has to be known to train the same model again: environment, code, commit.

Nothing is run to find out: versions come from installed metadata, the commit from the files below
``.git``. What cannot be found is None, never guessed.
"""

from __future__ import annotations

import os
import platform
import sys
from collections.abc import Mapping
from functools import cache
from importlib import import_module, metadata
from pathlib import Path

from prodml.errors import ProdmlError

__all__ = ["blas", "code_digest", "environment", "git_commit", "state_digest"]

# Variables that can move a result; nothing else of the environment is looked at.
_VARIABLES = (
    "BLIS_NUM_THREADS",
    "CUBLAS_WORKSPACE_CONFIG",
    "CUDA_VISIBLE_DEVICES",
    "LANG",
    "LC_ALL",
    "LOKY_MAX_CPU_COUNT",
    "MKL_CBWR",
    "MKL_NUM_THREADS",
    "NPY_DISABLE_CPU_FEATURES",
    "NUMEXPR_NUM_THREADS",
    "OMP_DYNAMIC",
    "OMP_NUM_THREADS",
    "OPENBLAS_CORETYPE",
    "OPENBLAS_NUM_THREADS",
    "PYTHONHASHSEED",
    "SCIPY_ARRAY_API",
    "TZ",
    "VECLIB_MAXIMUM_THREADS",
)
_FLAGS = ("sse", "ssse", "avx", "fma", "amx", "bf16", "asimd", "neon", "sve", "sha")

_PACKAGES = ("numpy", "scipy", "pandas", "scikit-learn", "joblib", "attrs", "prodml")


def environment(estimator: object) -> dict[str, object]:
    """Describe the interpreter, the machine and the installed packages that matter.

    Parameters
    ----------
    estimator : object
        The package it comes from is listed as well.

    Returns
    -------
    dict
        JSON-able: ``python``, ``implementation``, ``system``, ``machine``, ``cpu_flags`` (of vector
        units; empty where the system does not tell), ``n_cpus``, ``packages`` (those that matter,
        None if not installed), ``distributions`` (all that are installed, name to version), ``blas``
        and ``variables`` (of a fixed list that can move results, where set).

    Examples
    --------
    >>> found = environment(object())
    >>> found["packages"]["numpy"] == found["distributions"]["numpy"]
    True
    """
    return {
        "python": platform.python_version(),
        "implementation": sys.implementation.name,
        "system": f"{platform.system()} {platform.release()}",
        "machine": platform.machine(),
        "cpu_flags": list(_cpu_flags()),
        "n_cpus": os.cpu_count(),
        "packages": {name: _version(name) for name in (*_PACKAGES, *_packages_of(estimator))},
        "distributions": dict(_installed()),
        "blas": blas(),
        "variables": {name: os.environ[name] for name in _VARIABLES if name in os.environ},
    }


def blas() -> list[dict[str, object]] | None:
    """Describe the thread pools of native libraries, whose order of sums can move a last bit.

    Returns
    -------
    list of dict or None
        Name, version and threads of each; None if threadpoolctl is not installed.
    """
    try:
        info = import_module("threadpoolctl").threadpool_info()
    except ImportError:
        return None
    keep = ("internal_api", "version", "num_threads", "architecture")
    pools = [{key: pool[key] for key in keep if pool.get(key) is not None} for pool in info]
    return sorted(pools, key=str)


def code_digest(estimator: object) -> str | None:
    """Return the digest of the estimator's code.

    Parameters
    ----------
    estimator : object
        Fitted or not.

    Returns
    -------
    str or None
        None where the source cannot be read, as of classes typed at a prompt.
    """
    from prodml.fingerprint import fingerprint_code

    try:
        return fingerprint_code(type(estimator))
    except ProdmlError:
        return None


def state_digest(estimator: object) -> str | None:
    """Return the digest of everything a fitted estimator has learnt.

    Parameters
    ----------
    estimator : object
        Fitted.

    Returns
    -------
    str or None
        None where it has no parameters to be read by, or holds what cannot be seen.
    """
    from prodml.fingerprint import fingerprint_estimator

    try:
        return fingerprint_estimator(estimator)
    except ProdmlError:
        return None


def git_commit(start: Path | None = None) -> str | None:
    """Return the commit that is checked out here; changes that are not committed do not show.

    Parameters
    ----------
    start : Path, optional
        Where to begin looking upwards for ``.git``; default the working directory.

    Returns
    -------
    str or None
        Hexadecimal; None outside a repository, before its first commit, or if it cannot be read.
    """
    folder = (Path.cwd() if start is None else start).resolve()
    for place in (folder, *folder.parents):
        if (place / ".git").exists():
            return _head_commit(place / ".git")
    return None


def _head_commit(git: Path) -> str | None:
    try:
        git = _followed(git)
        head = (git / "HEAD").read_text(encoding="utf-8").strip()
        if not head.startswith("ref: "):
            return _commit(head)
        return _referenced(git, head.removeprefix("ref: "))
    except (OSError, UnicodeDecodeError):
        return None


def _followed(git: Path) -> Path:
    """A worktree's ``.git`` is a file that names the real folder."""
    if git.is_dir():
        return git
    named = git.read_text(encoding="utf-8").strip().removeprefix("gitdir: ")
    return (git.parent / named).resolve()


def _referenced(git: Path, ref: str) -> str | None:
    common = git / "commondir"
    root = (git / common.read_text(encoding="utf-8").strip()) if common.exists() else git
    for place in (git, root):
        if (place / ref).is_file():
            return _commit((place / ref).read_text(encoding="utf-8").strip())
    packed = root / "packed-refs"
    if not packed.is_file():
        return None
    for line in packed.read_text(encoding="utf-8").splitlines():
        digest, _, name = line.partition(" ")
        if name == ref:
            return _commit(digest)
    return None


def _commit(text: str) -> str | None:
    is_hex = len(text) in (40, 64) and all(c in "0123456789abcdef" for c in text)
    return text if is_hex else None


@cache
def _version(package: str) -> str | None:
    try:
        return metadata.version(package)
    except metadata.PackageNotFoundError:
        return None


def _packages_of(estimator: object) -> list[str]:
    top = type(estimator).__module__.partition(".")[0]
    if top in sys.stdlib_module_names or top in ("sklearn", "prodml", "__main__"):
        return []
    return sorted(set(_distributions().get(top, [])))


@cache  # a second look costs as much as the first, and nobody installs while training
def _installed() -> Mapping[str, str]:
    found: dict[str, str] = {}
    for distribution in metadata.distributions():
        name = distribution.metadata["Name"]
        if name:
            found.setdefault(str(name).lower().replace("_", "-"), distribution.version)
    return dict(sorted(found.items()))


@cache
def _cpu_flags() -> tuple[str, ...]:
    try:
        text = Path("/proc/cpuinfo").read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError):
        return ()
    lines = (line for line in text.splitlines() if line.lower().startswith(("flags", "features")))
    words = next(lines, "").partition(":")[2].split()
    return tuple(sorted(word for word in words if word.startswith(_FLAGS)))


@cache  # reads every installed package's list of files, which takes half a second
def _distributions() -> Mapping[str, list[str]]:
    return metadata.packages_distributions()
