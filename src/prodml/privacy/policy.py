"""Policy: what becomes of every column, as a value that can be stored, compared and printed."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from types import MappingProxyType

from prodml.display import html_table, text_table
from prodml.errors import ConfigError, known_names
from prodml.fingerprint.canonical import canonical_json
from prodml.fingerprint.digest import sha256
from prodml.privacy.dateshift import DateShift
from prodml.privacy.drop import Drop
from prodml.privacy.generalize import Generalize
from prodml.privacy.keep import Keep
from prodml.privacy.mask import Mask
from prodml.privacy.pseudonymize import Pseudonymize
from prodml.privacy.redact import Redact
from prodml.privacy.topcode import TopCode
from prodml.privacy.transform import Transform

__all__ = ["Policy"]

_FORMAT = "prodml.policy/1"
_HEADERS = ("column", "transform", "then it is", "what an attacker still learns")
_KINDS = (DateShift, Drop, Generalize, Keep, Mask, Pseudonymize, Redact, TopCode)
_WORDS: Mapping[str, Callable[..., Transform]] = MappingProxyType({k.word: k for k in _KINDS})


class Policy(Mapping[str, Transform]):
    """Columns and their transforms; an immutable mapping without any secret in it.

    Parameters
    ----------
    columns : mapping of str to Transform
        At least one column.

    Raises
    ------
    ConfigError
        If there is no column, a name is not text, or a value is not a transform.

    Examples
    --------
    >>> from prodml.privacy import Drop, Mask
    >>> policy = Policy({"card": Mask(), "note": Drop()})
    >>> policy
    column  transform  then it is  what an attacker still learns
    ──────  ─────────  ──────────  ────────────────────────────────────────────────────────
    card    mask       masked      the last 4 characters, the length, which rows look alike
    note    drop       removed     nothing
    >>> Policy.from_dict(policy.to_dict()) == policy
    True
    """

    def __init__(self, columns: Mapping[str, Transform]) -> None:
        if not isinstance(columns, Mapping) or not columns:
            raise ConfigError(
                "a policy is a mapping of column names to transforms, with at least one, such as "
                '{"email": Pseudonymize(), "age": Generalize(width=10)}'
            )
        for name, transform in columns.items():
            _check_entry(name, transform)
        self._columns = dict(columns)

    def __getitem__(self, column: str) -> Transform:
        return self._columns[column]

    def __iter__(self) -> Iterator[str]:
        return iter(self._columns)

    def __len__(self) -> int:
        return len(self._columns)

    def __hash__(self) -> int:
        return hash(frozenset(self._columns.items()))

    @property
    def digest(self) -> str:
        """SHA-256 of the policy; the order of columns does not count."""
        return sha256(canonical_json(self.to_dict()))

    def to_dict(self) -> dict[str, object]:
        """Return the policy, JSON-able; no key is in it."""
        columns = {
            name: {"transform": transform.word, **transform.to_dict()}
            for name, transform in self.items()
        }
        return {"format": _FORMAT, "columns": columns}

    @classmethod
    def from_dict(cls, stored: Mapping[str, object]) -> Policy:
        """Rebuild a policy from what `to_dict` gave.

        Raises
        ------
        ConfigError
            If the format, a transform or a setting is unknown.
        """
        columns = stored.get("columns") if isinstance(stored, Mapping) else None
        if not isinstance(columns, Mapping) or stored.get("format") != _FORMAT:
            raise ConfigError(f'a stored policy has the format "{_FORMAT}" and its columns')
        return cls({str(name): _transform(str(name), entry) for name, entry in columns.items()})

    @property
    def headers(self) -> tuple[str, ...]:
        """Headers of the policy as a table."""
        return _HEADERS

    @property
    def rows(self) -> list[tuple[str, ...]]:
        """Rows of the policy as a table."""
        return [(name, t.word, t.treatment, t.residual()) for name, t in self.items()]

    def __repr__(self) -> str:
        return text_table(self.rows, self.headers)

    def _repr_html_(self) -> str:
        return html_table(self.rows, self.headers)


def _check_entry(name: object, transform: object) -> None:
    if not isinstance(name, str):
        raise ConfigError(f"column names are text, got {type(name).__name__}")
    if isinstance(transform, type) and hasattr(transform, "bind"):
        raise ConfigError(
            f'column "{name}" has the class {transform.__name__}; make one: {transform.__name__}()'
        )
    if not isinstance(transform, Transform):
        raise ConfigError(
            f'column "{name}" needs a transform such as Pseudonymize(), Drop() or Keep(), '
            f"got {type(transform).__name__}"
        )


def _transform(column: str, entry: object) -> Transform:
    stored = entry if isinstance(entry, Mapping) else {}
    word = str(stored.get("transform"))
    if word not in _WORDS:
        raise ConfigError(f'column "{column}" has no known transform. {known_names(word, _WORDS)}')
    settings = {str(name): value for name, value in stored.items() if name != "transform"}
    try:
        return _WORDS[word](**settings)
    except TypeError as exc:
        raise ConfigError(f'column "{column}": {word} has other settings than stored') from exc
