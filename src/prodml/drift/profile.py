"""The reference of a whole frame, and current rows counted against it; parts of either add up."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, TypeAlias

import attrs
from numpy.typing import NDArray

from prodml.drift.levels import LevelCounts, LevelProfile, level_counts
from prodml.drift.numeric import NumberCounts, NumberProfile
from prodml.drift.texts import TextCounts, TextProfile
from prodml.errors import ConfigError, SchemaError, known_names
from prodml.fingerprint import canonical_json, sha256
from prodml.tables import KINDS, Kind, as_frame, kind_of

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["ColumnCounts", "ColumnProfile", "DriftCounts", "DriftProfile"]

ColumnProfile: TypeAlias = NumberProfile | LevelProfile | TextProfile
ColumnCounts: TypeAlias = NumberCounts | LevelCounts | TextCounts

_MOST_LEVELS = 1_000  # text of more different values than this is free text
_LAYOUTS: Mapping[str, type[ColumnProfile]] = {
    "numbers": NumberProfile,
    "levels": LevelProfile,
    "text": TextProfile,
}


@attrs.frozen(eq=False)
class DriftCounts:
    """Current rows, counted against a `DriftProfile`.

    Parameters
    ----------
    columns : mapping of str to counts
        One entry for every column of the profile.
    n_rows : int
        Rows counted.
    signature : str
        Of the profile; counts against different profiles do not add up.
    """

    columns: Mapping[str, ColumnCounts] = attrs.field(repr=False)
    n_rows: int
    signature: str

    def merge(self, other: DriftCounts) -> DriftCounts:
        """Add the rows of another part; exact, in any order and grouping.

        Parameters
        ----------
        other : DriftCounts
            Counted against the same profile.

        Returns
        -------
        DriftCounts
            Of both parts together.

        Raises
        ------
        ConfigError
            If they were counted against different profiles.
        """
        if self.signature != other.signature:
            raise ConfigError(
                "these counts were taken against different profiles; count every part with one "
                "fitted detector, or with copies of it"
            )
        columns = {
            name: counts.merge(other.columns[name])  # type: ignore[arg-type]
            for name, counts in self.columns.items()
        }
        return DriftCounts(columns, self.n_rows + other.n_rows, self.signature)


@attrs.frozen(eq=False)
class DriftProfile:
    """What a detector keeps of its reference.

    Parameters
    ----------
    columns : mapping of str to column profile
        In the order of the reference.
    n_rows : int
        Rows of the reference.
    signature : str
        Digest that tells this profile from others; made from the rest.
    """

    columns: Mapping[str, ColumnProfile] = attrs.field(repr=False)
    n_rows: int
    signature: str = attrs.field(
        init=False,
        default=attrs.Factory(lambda self: _signature(self.columns, self.n_rows), takes_self=True),
    )

    @classmethod
    def of(
        cls,
        reference: object,
        *,
        columns: Sequence[str] | None = None,
        kinds: Mapping[str, Kind] | None = None,
    ) -> DriftProfile:
        """Profile a frame, or a part of one.

        Parameters
        ----------
        reference : table
            Whatever `prodml.tables.as_frame` takes.
        columns : sequence of str or None, default None
            The columns to watch; None takes all.
        kinds : mapping of str to Kind or None, default None
            Kinds other than those found, such as ``{"zip": "category"}`` for codes.

        Returns
        -------
        DriftProfile
            With every distinct value, so that it can be merged exactly.

        Raises
        ------
        SchemaError
            If a column is missing, or holds nothing that can be compared.
        ConfigError
            If a kind is unknown, or `columns` is empty.

        Examples
        --------
        >>> whole = DriftProfile.of({"x": [1.0, 2.0, 2.0, 5.0]})
        >>> first, second = DriftProfile.of({"x": [5.0, 2.0]}), DriftProfile.of({"x": [1.0, 2.0]})
        >>> first.merge(second).signature == whole.signature
        True
        """
        frame = as_frame(reference)
        wanted = _wanted(frame, columns)
        chosen = _checked_kinds(kinds, wanted)
        return cls({name: _profile(frame[name], chosen.get(name)) for name in wanted}, len(frame))

    def merge(self, other: DriftProfile) -> DriftProfile:
        """Return the profile of the rows of both; exact.

        Parameters
        ----------
        other : DriftProfile
            Of another part of the reference, with the same columns.

        Returns
        -------
        DriftProfile
            As if all rows had been profiled at once.

        Raises
        ------
        SchemaError
            If columns differ in name or in what they hold.
        ConfigError
            If one of them has been thinned.
        """
        lacking = set(self.columns) ^ set(other.columns)
        if lacking:
            name = min(lacking)
            raise SchemaError(
                f'only one of the profiles has column "{name}"', column=name, known=self.columns
            )
        merged = {name: _merged(name, p, other.columns[name]) for name, p in self.columns.items()}
        return DriftProfile(merged, self.n_rows + other.n_rows)

    def thin(self, max_values: int) -> DriftProfile:
        """Keep at most about `max_values` distinct numbers of each column."""
        columns = {
            name: profile.thin(max_values) if isinstance(profile, NumberProfile) else profile
            for name, profile in self.columns.items()
        }
        return attrs.evolve(self, columns=columns)

    def count(self, current: object) -> DriftCounts:
        """Count the rows of a current frame, or a part of one.

        Parameters
        ----------
        current : table
            With every column of the profile, in any order; others are left aside.

        Returns
        -------
        DriftCounts
            As large as the profile at most, plus unseen levels.

        Raises
        ------
        SchemaError
            If a column is missing, or holds another kind of values.
        """
        frame = as_frame(current)
        _wanted(frame, list(self.columns))
        counted = {name: _count(frame[name], p) for name, p in self.columns.items()}
        return DriftCounts(counted, len(frame), self.signature)

    def to_parts(self) -> tuple[list[dict[str, object]], dict[str, NDArray[Any]]]:
        """Return a JSON-able header per column, and plain arrays."""
        headers: list[dict[str, object]] = []
        arrays: dict[str, NDArray[Any]] = {}
        for i, (name, profile) in enumerate(self.columns.items()):
            layout = next(key for key, kind in _LAYOUTS.items() if isinstance(profile, kind))
            header, own = profile.to_parts()
            headers.append({"name": name, "layout": layout, **header})
            arrays.update({f"{i}.{part}": array for part, array in own.items()})
        return headers, arrays

    @classmethod
    def from_parts(
        cls, headers: Sequence[Mapping[str, Any]], arrays: Mapping[str, NDArray[Any]], n_rows: int
    ) -> DriftProfile:
        """Rebuild from `to_parts`; ValueError or KeyError if the parts do not fit together."""
        columns = {}
        for i, header in enumerate(headers):
            prefix = f"{i}."
            own = {k.removeprefix(prefix): v for k, v in arrays.items() if k.startswith(prefix)}
            columns[str(header["name"])] = _LAYOUTS[header["layout"]].from_parts(header, own)
        if len(columns) != len(headers) or any(p.n_rows != n_rows for p in columns.values()):
            raise ValueError("columns of different length, or twice the same")
        return cls(columns, n_rows)


def _signature(columns: Mapping[str, ColumnProfile], n_rows: int) -> str:
    """Digest enough of a profile to tell whether counts belong to it: a few values of each array."""
    told: list[object] = [n_rows]
    for name, profile in columns.items():
        header, arrays = profile.to_parts()
        few = [a[:: max(1, len(a) // 16)] for _, a in sorted(arrays.items())]
        shapes = [[name, str(a.dtype), len(a)] for name, a in sorted(arrays.items())]
        told.append([name, header, shapes, sha256(b"".join(a.tobytes() for a in few))])
    return sha256(canonical_json(told))


def _wanted(frame: pd.DataFrame, columns: Sequence[str] | None) -> list[str]:
    names: list[str] = list(frame.columns)
    if columns is None:
        return names
    wanted = [columns] if isinstance(columns, str) else list(columns)
    if not wanted:
        raise ConfigError("columns is empty; None watches all of them")
    for name in wanted:
        if name not in names:
            raise SchemaError(
                f'the data lack column "{name}". {known_names(str(name), names)}',
                column=str(name), known=names,
            )  # fmt: skip
    return list(dict.fromkeys(wanted))


def _checked_kinds(kinds: Mapping[str, Kind] | None, wanted: Sequence[str]) -> Mapping[str, Kind]:
    for name, kind in (kinds or {}).items():
        if kind not in KINDS:
            raise ConfigError(f'no kind {kind!r} (for "{name}"). {known_names(str(kind), KINDS)}')
        if name not in wanted:
            raise SchemaError(
                f'kinds names column "{name}", which is not watched. {known_names(name, wanted)}',
                column=name, known=wanted,
            )  # fmt: skip
    return kinds or {}


def _profile(series: pd.Series, chosen: Kind | None) -> ColumnProfile:
    n_missing = int(series.isna().sum())
    if n_missing == len(series):
        return LevelProfile.of({}, chosen or "text", "any", n_missing)
    family = _family(series)
    kind = chosen or kind_of(series)
    if kind in ("number", "integer", "time"):
        _same_family(series, family, "time" if kind == "time" else "number")
        return NumberProfile.of(series, kind)
    if kind == "text":
        _same_family(series, family, "text")
        return _profile_text(series, n_missing, few_are_levels=chosen is None)
    return LevelProfile.of(level_counts(series), kind, family, n_missing)


def _profile_text(series: pd.Series, n_missing: int, *, few_are_levels: bool) -> ColumnProfile:
    """Text whose values recur is a category that nobody declared."""
    n_values = len(series) - n_missing
    n_different = int(series.nunique())
    if few_are_levels and n_different <= min(_MOST_LEVELS, n_values / 2):
        return LevelProfile.of(level_counts(series), "category", "text", n_missing)
    return TextProfile.of(series)


def _count(series: pd.Series, profile: ColumnProfile) -> ColumnCounts:
    import pandas as pd

    if profile.family != "any" and len(series) and not _fits(series, profile.family):
        if not bool(series.isna().all()):
            raise _other_kind(series, profile.family, _family(series))
        series = pd.Series([None] * len(series), dtype=object, name=series.name)
        if isinstance(profile, NumberProfile) and profile.kind != "time":
            series = series.astype("float64")
    return profile.count(series)


def _fits(series: pd.Series, family: str) -> bool:
    return _family(series) == family


def _same_family(series: pd.Series, found: str, needed: str) -> None:
    if found != needed:
        raise _other_kind(series, needed, found)


def _other_kind(series: pd.Series, needed: str, found: str) -> SchemaError:
    name = str(series.name)
    return SchemaError(
        f'column "{name}" must hold {_WORDS[needed]}, got {_WORDS[found]}. Convert it, or watch it '
        f'as levels: kinds={{"{name}": "category"}}',
        column=name,
    )


_WORDS = {
    "number": "numbers",
    "text": "text",
    "boolean": "booleans",
    "time": "times",
    "intervals": "intervals",
}


def _family(series: pd.Series) -> str:
    """Name what a column holds, coarsely: integers are numbers, a category is what its levels are."""
    import pandas as pd

    if isinstance(series.dtype, pd.CategoricalDtype):
        if isinstance(series.cat.categories, pd.IntervalIndex):
            return "intervals"
        series = pd.Series(series.cat.categories, name=series.name)
    kind = kind_of(series)
    return "number" if kind == "integer" else kind


def _merged(name: str, a: ColumnProfile, b: ColumnProfile) -> ColumnProfile:
    if b.family == "any":
        return attrs.evolve(a, n_missing=a.n_missing + b.n_missing)
    if a.family == "any":
        return attrs.evolve(b, n_missing=a.n_missing + b.n_missing)
    if type(a) is not type(b) or a.family != b.family:
        raise SchemaError(
            f'column "{name}" is {a.kind} in one part and {b.kind} in the other; say which it is: '
            f'kinds={{"{name}": "category"}}',
            column=name,
        )
    return a.merge(b)  # type: ignore[arg-type]
