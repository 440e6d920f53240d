"""The signature of a model's input: which columns, of which kind, and which may be missing."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

import attrs

from prodml.display import html_table, text_table
from prodml.errors import ConfigError, SchemaError, known_names
from prodml.tables.cells import cell_of, column_of
from prodml.tables.frame import as_frame
from prodml.tables.kinds import KINDS, Kind, is_missing, kind_of

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["Column", "Schema"]


def _check_kind(column: Column, _: object, kind: str) -> None:
    if kind not in KINDS:
        raise ConfigError(
            f'kind of "{column.name}" must be one of {", ".join(KINDS)}, got {kind!r}'
        )


@attrs.frozen
class Column:
    """One column of a `Schema`.

    Parameters
    ----------
    name : str
        Its name.
    kind : {"number", "integer", "boolean", "category", "text", "time"}
        What it holds.
    nullable : bool, default False
        Whether values may be missing.
    """

    name: str = attrs.field(validator=attrs.validators.instance_of(str))
    kind: Kind = attrs.field(validator=_check_kind)
    nullable: bool = attrs.field(default=False, validator=attrs.validators.instance_of(bool))


def _as_columns(columns: object) -> tuple[Column, ...]:
    found = tuple(columns) if isinstance(columns, list | tuple) else ()
    if not found or not all(isinstance(c, Column) for c in found):
        raise ConfigError(
            "a Schema is made of Column values; Schema.of(data) reads them from a table"
        )
    return found


@attrs.frozen(repr=False)
class Schema:
    """The columns a table must have, in order.

    Parameters
    ----------
    columns : sequence of Column
        With distinct names, at least one.

    Examples
    --------
    >>> schema = Schema.of([{"age": 31, "city": "Oslo"}, {"age": 44, "city": None}])
    >>> schema
    Schema of 2 columns
    column  kind     nullable
    ──────  ───────  ────────
    age     integer  no
    city    text     yes
    >>> schema.check_record({"age": 50.0, "city": "Rome", "extra": 1})
    {'age': 50, 'city': 'Rome'}
    """

    columns: tuple[Column, ...] = attrs.field(converter=_as_columns)
    _by_name: dict[str, Column] = attrs.field(init=False, eq=False)

    def __attrs_post_init__(self) -> None:
        object.__setattr__(self, "_by_name", {c.name: c for c in self.columns})
        if len(self._by_name) < len(self.columns):
            raise ConfigError("a Schema may hold no name twice")

    @classmethod
    def of(cls, data: object) -> Schema:
        """Read the schema of a table: kinds from its values, nullable where something is missing.

        Parameters
        ----------
        data : table
            Whatever `as_frame` takes.

        Raises
        ------
        SchemaError
            If a column is of no known kind.
        """
        frame = as_frame(data)
        return cls(
            [
                Column(str(name), kind_of(frame[name]), bool(frame[name].isna().any()))
                for name in frame.columns
            ]
        )

    @property
    def names(self) -> tuple[str, ...]:
        """Names of the columns, in order."""
        return tuple(self._by_name)

    def check(self, data: object) -> pd.DataFrame:
        """Return the schema's columns of `data` in the schema's order.

        Values are only cast where nothing can be lost and a model could tell the difference: whole
        floats where integers are asked for, text where a category is (and back), and a column
        of missing values alone to what it should have been. A number may come as an integer.

        Parameters
        ----------
        data : table
            Whatever `as_frame` takes. Other columns are dropped.

        Returns
        -------
        pandas.DataFrame
            With the index of `data`.

        Raises
        ------
        SchemaError
            If a column is missing, holds another kind, or lacks values where none may be missing.
        """
        frame = as_frame(data)
        missing = [name for name in self._by_name if name not in frame.columns]
        if missing:
            raise _missing_columns(missing, [str(c) for c in frame.columns])
        return self._checked(frame)

    def _checked(self, frame: pd.DataFrame) -> pd.DataFrame:
        changed = {}
        for name, column in self._by_name.items():
            series = frame[name]
            cast = column_of(series, column.kind)
            _refuse_nulls(cast, column)
            if cast is not series:
                changed[name] = cast
        chosen = frame[list(self._by_name)]
        return chosen.assign(**changed) if changed else chosen

    def check_record(self, record: Mapping[str, object]) -> dict[str, object]:
        """Return one record's fields in the schema's order, the way `check` treats a table.

        Parameters
        ----------
        record : mapping
            Field to value. A field may be left out where it may be missing; other fields are
            dropped. A time may be a datetime, a date or text in ISO 8601.

        Returns
        -------
        dict
            Missing values are None.

        Raises
        ------
        SchemaError
            Naming the field and what was expected, never the value.
        """
        if not isinstance(record, Mapping):
            raise SchemaError(f"a record must be a mapping, got {type(record).__name__}")
        checked: dict[str, object] = {}
        for name, column in self._by_name.items():
            value = record.get(name)
            if is_missing(value):
                _refuse_absence(record, column)
                checked[name] = None
            else:
                checked[name] = cell_of(value, column.kind, name)
        return checked

    def to_dict(self) -> dict[str, object]:
        """Return the schema as plain data."""
        return {"columns": [attrs.asdict(c) for c in self.columns]}

    @classmethod
    def from_dict(cls, data: Mapping[str, object]) -> Schema:
        """Rebuild a schema from `to_dict`.

        Raises
        ------
        ConfigError
            If `data` is not what `to_dict` gives.
        """
        columns = data.get("columns")
        try:
            return cls([Column(**c) for c in columns])  # type: ignore[attr-defined]
        except TypeError as exc:
            raise ConfigError("a stored schema needs columns of name, kind and nullable") from exc

    def __len__(self) -> int:
        return len(self.columns)

    def __repr__(self) -> str:
        return text_table(self._rows(), _HEADERS, title=self._title())

    def _repr_html_(self) -> str:
        return html_table(self._rows(), _HEADERS, title=self._title())

    def _title(self) -> str:
        return f"Schema of {len(self)} column{'s' if len(self) != 1 else ''}"

    def _rows(self) -> list[list[object]]:
        return [[c.name, c.kind, "yes" if c.nullable else "no"] for c in self.columns]


_HEADERS = ("column", "kind", "nullable")


def _missing_columns(missing: list[str], known: list[str]) -> SchemaError:
    more = f" (and {len(missing) - 1} more)" if len(missing) > 1 else ""
    return SchemaError(
        f'no column "{missing[0]}"{more}. {known_names(missing[0], known)}',
        column=missing[0],
        known=known,
    )


def _refuse_nulls(series: pd.Series, column: Column) -> None:
    if column.nullable:
        return
    n_missing = int(series.isna().sum())
    if n_missing:
        raise SchemaError(
            f'column "{column.name}" may not miss values, but {n_missing} of {len(series)} are missing',
            column=column.name,
        )


def _refuse_absence(record: Mapping[str, object], column: Column) -> None:
    if column.nullable:
        return
    if column.name in record:
        raise SchemaError(f'field "{column.name}" may not be missing', column=column.name)
    known = [str(name) for name in record]
    raise SchemaError(
        f'no field "{column.name}". {known_names(column.name, known)}',
        column=column.name,
        known=known,
    )
