"""The formats beside the inert one: a choice of the writer, loaded only where somebody vouches for it.

A file never says that it may be loaded. Either the registry has checked a signature of the version, or the
reader names the format (or, for skops, the types) in `trust`.
"""

from __future__ import annotations

from collections.abc import Mapping
from importlib import import_module
from types import MappingProxyType
from typing import Any

import attrs

from prodml.errors import ConfigError, IntegrityError, UntrustedModelError

__all__ = ["FORMATS", "Format", "admit", "format_called", "format_named"]


@attrs.frozen
class Format:
    """One way to store a model.

    Parameters
    ----------
    name : str
        What the event of a version says, such as ``"joblib/1"``.
    word : str
        What writers ask for and readers trust, such as ``"joblib"``.
    risk : str
        What loading bytes from a stranger would do.
    """

    name: str
    word: str
    risk: str

    def dumps(self, model: object, rows: Any) -> bytes:
        """Store a fitted model; `rows` are some it can predict on, or None."""
        data: bytes = self._module().dumps(model, rows)
        return data

    def loads(self, data: bytes, types: tuple[str, ...] | None) -> Any:
        """Restore a model that was vouched for; `types` are those a reader of skops trusts."""
        return self._module().loads(data, types)

    def _module(self) -> Any:
        return import_module(f"prodml.registry.formats.{_MODULES[self.word]}")


_MODULES = {"pickle": "pickled", "joblib": "joblibbed", "skops": "skopsed", "onnx": "onnxed"}
FORMATS: Mapping[str, Format] = MappingProxyType(
    {
        "pickle": Format("pickle/5", "pickle", "unpickling runs whatever the bytes say"),
        "joblib": Format(
            "joblib/1", "joblib", "loading it unpickles, which runs whatever the bytes say"
        ),
        "skops": Format(
            "skops/1",
            "skops",
            "its types are made as the file says, and compiled code believes them",
        ),
        "onnx": Format("onnx/1", "onnx", "its bytes are parsed and run by native code"),
    }
)


def format_called(word: str | None) -> Format | None:
    """Return the format a writer asks for; None for the inert one.

    Raises
    ------
    ConfigError
        If there is none of this name.
    """
    if word in (None, "inert"):
        return None
    if not isinstance(word, str) or word not in FORMATS:
        raise ConfigError(f"format is one of inert, {', '.join(FORMATS)}, got {word!r:.60}")
    return FORMATS[word]


def format_named(name: str, ref: str) -> Format:
    """Return the format in which a version is stored.

    Raises
    ------
    IntegrityError
        If this prodml does not know it.
    """
    for known in FORMATS.values():
        if known.name == name:
            return known
    raise IntegrityError(f"{ref} is stored in the format {name!r:.40}, unknown to this prodml")


def admit(
    form: Format,
    *,
    trust: str | tuple[str, ...] | None,
    verified: bool,
    ref: str,
) -> None:
    """Refuse to load a version that neither a checked signature nor the reader vouches for.

    Raises
    ------
    UntrustedModelError
        Says what to do.
    """
    by_types = isinstance(trust, tuple) and form.word == "skops"
    if verified or by_types or trust == form.word:
        return
    raise UntrustedModelError(
        f"{ref} is stored as a {form.word}, and {form.risk}. If you trust everybody who may write to "
        f'this registry: load("{ref}", trust="{form.word}"). Or open it with keys= or verifier=, for '
        "versions that were registered with a signature."
    )
