"""Anonymizer: a policy applied to frames and records."""

from __future__ import annotations

import base64
import pickle
from collections.abc import Callable, Iterable, Mapping
from typing import TYPE_CHECKING, Literal, Self

from prodml.display import html_table, text_table
from prodml.errors import ConfigError, NotFittedError, ProdmlError, SchemaError, known_names
from prodml.ports import Key, Keys
from prodml.privacy.keep import Keep
from prodml.privacy.keyed import strong_key
from prodml.privacy.policy import Policy
from prodml.privacy.transform import Action, Record, Transform
from prodml.tables import as_frame

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd
    from numpy.typing import NDArray
    from sklearn.utils import Tags

__all__ = ["Anonymizer"]

Remainder = Literal["raise", "drop", "keep"]
_REMAINDERS = ("raise", "drop", "keep")
_PARAMS = ("policy", "keys", "remainder")


class Anonymizer:
    """Apply one transform per column; let nothing through that nobody decided on.

    Follows scikit-learn's conventions and may stand in its Pipeline. Nothing is learned from the
    values: `fit` checks the policy against the columns and takes the active key, so that a frame, its
    chunks and its single records give the same result. Pseudonymised data stay personal data.

    Parameters
    ----------
    policy : mapping of str to Transform
        What becomes of each column; a dict or a `Policy`.
    keys : Keys, optional
        Where the secret of `Pseudonymize` and `DateShift` comes from; the domain asked for is
        ``"pseudonym"``. A changed active key is taken at the next `fit`.
    remainder : {"raise", "drop", "keep"}, default "raise"
        What becomes of columns the policy does not name.

    Attributes
    ----------
    policy_ : Policy
        The policy, checked.
    feature_names_in_ : ndarray of str
        Columns seen in `fit`.
    n_features_in_ : int
        How many they were.
    kid_ : str or None
        Id of the key that pseudonyms are made with.

    Raises
    ------
    SchemaError
        From `fit` and `transform`: a column is missing, or not in the policy while
        ``remainder="raise"``; a value cannot be transformed. Messages never show a value.
    KeyMaterialError
        If a transform needs a key and there is none, or it is weak.

    Notes
    -----
    The secret is in no parameter, repr or pickle. A pickled Anonymizer keeps its `keys` only if
    their own pickle does not hold the secret, as with keys read from the environment; else set them
    again with ``set_params(keys=...)``.

    Examples
    --------
    >>> import pandas as pd
    >>> from prodml.privacy import Drop, Generalize, Mask
    >>> people = pd.DataFrame({"name": ["Ann", "Bo"], "age": [34, 51], "card": ["4111111111111111"] * 2})
    >>> policy = {"name": Drop(), "age": Generalize(width=10), "card": Mask(char="x")}
    >>> anonymizer = Anonymizer(policy).fit(people)
    >>> print(anonymizer.transform(people))
            age              card
    0  [30, 40)  xxxxxxxxxxxx1111
    1  [50, 60)  xxxxxxxxxxxx1111
    >>> anonymizer.transform_record({"name": "Cy", "age": 29, "card": None})
    {'age': '[20, 30)', 'card': None}
    """

    policy_: Policy
    feature_names_in_: NDArray[np.object_]
    n_features_in_: int
    kid_: str | None

    def __init__(
        self,
        policy: Mapping[str, Transform],
        *,
        keys: Keys | None = None,
        remainder: Remainder = "raise",
    ) -> None:
        self.policy = policy
        self.keys = keys
        self.remainder: Remainder = remainder

    def fit(self, X: object, y: object = None) -> Self:  # noqa: ARG002
        """Check the policy against the columns, and take the active key.

        Parameters
        ----------
        X : table
            Anything `prodml.tables.as_frame` takes.
        y : object, optional
            Not looked at.
        """
        import numpy as np

        if self.remainder not in _REMAINDERS:
            raise ConfigError(f"remainder must be one of {_REMAINDERS}, got {self.remainder!r}")
        policy = Policy(self.policy)
        columns = list(as_frame(X).columns)
        _check_columns(policy, columns, self.remainder)
        self.policy_ = policy
        self._remainder = self.remainder
        self.feature_names_in_ = np.array(columns, dtype=object)
        self.n_features_in_ = len(columns)
        self._bind()
        return self

    def transform(self, X: object) -> pd.DataFrame:
        """Return the table with every column transformed; the index is kept.

        Parameters
        ----------
        X : table
            Anything `prodml.tables.as_frame` takes, with the columns of `fit` in any order.

        Returns
        -------
        pandas.DataFrame
            Columns as in `get_feature_names_out`.

        Raises
        ------
        SchemaError
            Also if the index has a name or holds anything but whole numbers, unless
            ``remainder="keep"``: it would leave untouched.
        """
        import pandas as pd

        actions = self._fitted_actions()
        frame = as_frame(X)
        self._check_against_fit(frame.columns)
        if self._remainder != "keep":
            _check_index(frame.index)
        columns = {
            name: _guarded(self.policy_.get(name), name, action.column, frame[name], frame)
            for name, action in actions.items()
        }
        return pd.DataFrame(columns, index=frame.index)

    def fit_transform(self, X: object, y: object = None) -> pd.DataFrame:
        """Fit and transform in one go."""
        frame = as_frame(X)
        return self.fit(frame, y).transform(frame)

    def transform_record(self, record: Record) -> dict[str, object]:
        """Return one record transformed, as `transform` would a frame of this one row.

        Parameters
        ----------
        record : mapping of str to object
            One value per column. Missing values become None, save in columns that are kept.

        Returns
        -------
        dict
        """
        actions = self._fitted_actions()
        if not isinstance(record, Mapping):
            raise SchemaError(f"a record is a mapping, got {type(record).__name__}")
        self._check_against_fit(record)
        return {
            name: _guarded(self.policy_.get(name), name, action.one, record[name], record)
            for name, action in actions.items()
        }

    def get_feature_names_out(self, input_features: object = None) -> NDArray[np.object_]:  # noqa: ARG002
        """Return the columns that `transform` gives: those of `fit`, in order, without the dropped."""
        import numpy as np

        return np.array(list(self._fitted_actions()), dtype=object)

    def get_params(self, deep: bool = True) -> dict[str, object]:  # noqa: ARG002
        """Return the arguments; the keys as the object that was passed, never a secret."""
        return {name: getattr(self, name) for name in _PARAMS}

    def set_params(self, **params: object) -> Self:
        """Change arguments. New keys take effect at once, all else at the next `fit`.

        Raises
        ------
        ConfigError
            If there is no such argument.
        """
        for name, value in params.items():
            if name not in _PARAMS:
                raise ConfigError(f"no parameter {name!r}. {known_names(name, _PARAMS)}")
            setattr(self, name, value)
        if "keys" in params:
            self.__dict__.pop("_actions", None)
        return self

    def _bind(self) -> None:
        needs_key = any(transform.needs_key for transform in self.policy_.values())
        key = strong_key(self.keys) if needs_key else None
        self.kid_ = key.kid if key else None
        bound = {name: self._action(name, key) for name in self.feature_names_in_}
        self._actions = {name: action for name, action in bound.items() if action is not None}
        for action in self._actions.values():
            for name in action.reads:
                if name not in bound:
                    raise _missing(name, bound)

    def _action(self, column: str, key: Key | None) -> Action | None:
        if column in self.policy_:
            return self.policy_[column].bind(column, key)
        return Keep().bind(column, None) if self._remainder == "keep" else None

    def _fitted_actions(self) -> dict[str, Action]:
        if not hasattr(self, "policy_"):
            raise NotFittedError("this Anonymizer is not fitted yet: call fit with a table first")
        if "_actions" not in self.__dict__:  # after a pickle, or with new keys
            self._bind()
        return self._actions

    def _check_against_fit(self, columns: Iterable[str]) -> None:
        fitted = list(self.feature_names_in_)
        found = set(columns)
        if found == set(fitted):
            return
        missing = [name for name in fitted if name not in found]
        read = {name for action in self._actions.values() for name in action.reads}
        needed = [
            name
            for name in missing
            if self._remainder != "drop" or name in self.policy_ or name in read
        ]
        if needed:
            raise _missing(needed[0], found)
        if self._remainder != "drop" and found - set(fitted):
            raise _unlisted(sorted(found - set(fitted)))

    def __getstate__(self) -> dict[str, object]:
        state = {name: value for name, value in vars(self).items() if name != "_actions"}
        state["keys"] = self.keys if _may_travel(self.keys) else None
        return state

    def __setstate__(self, state: dict[str, object]) -> None:
        vars(self).update(state)

    def __sklearn_clone__(self) -> Self:
        # A deep copy of the keys would be a copy of the secret.
        return type(self)(self.policy, keys=self.keys, remainder=self.remainder)

    def __sklearn_is_fitted__(self) -> bool:
        return hasattr(self, "policy_")

    def __sklearn_tags__(self) -> Tags:
        from sklearn.utils import InputTags, Tags, TargetTags, TransformerTags

        return Tags(
            estimator_type=None,
            target_tags=TargetTags(required=False),
            transformer_tags=TransformerTags(preserves_dtype=[]),
            input_tags=InputTags(string=True, categorical=True, allow_nan=True),
        )

    def __repr__(self) -> str:
        return text_table(*self._table(), title=self._title())

    def _repr_html_(self) -> str:
        return html_table(*self._table(), title=self._title())

    def _title(self) -> str:
        fitted = "" if hasattr(self, "policy_") else ", not fitted"
        return f"Anonymizer, other columns: {self.remainder}{fitted}"

    def _table(self) -> tuple[list[tuple[str, ...]], tuple[str, ...]]:
        try:
            policy = Policy(self.policy)
        except ConfigError:  # what `fit` would refuse must still be printable
            return [], ("policy",)
        return policy.rows, policy.headers


def _check_columns(policy: Policy, columns: list[str], remainder: str) -> None:
    for name in policy:
        if name not in columns:
            raise _missing(name, columns)
    unlisted = [name for name in columns if name not in policy]
    if unlisted and remainder == "raise":
        raise _unlisted(unlisted)


def _missing(column: str, found: Iterable[str]) -> SchemaError:
    known = list(map(str, found))
    return SchemaError(
        f'column "{column}" is missing. {known_names(column, known)}', column=column, known=known
    )


def _unlisted(columns: list[str]) -> SchemaError:
    names = ", ".join(f'"{name}"' for name in columns[:10])
    return SchemaError(
        f"nobody decided what becomes of {names}. Name them in the policy (Keep() lets a column "
        'through), or pass remainder="drop"',
        column=columns[0],
    )


def _check_index(index: pd.Index) -> None:
    import pandas as pd

    if (
        index.name is not None
        or isinstance(index, pd.MultiIndex)
        or not pd.api.types.is_integer_dtype(index.dtype)
    ):
        raise SchemaError(
            "the index holds more than row numbers, and no policy covers it: use reset_index() to "
            "make it a column, or reset_index(drop=True)"
        )


def _guarded(
    transform: Transform | None, column: str, function: Callable[..., object], *args: object
) -> object:
    """Call, and let no error out that another library wrote: its message may show a value."""
    try:
        return function(*args)
    except ProdmlError:
        raise
    except Exception as exc:  # noqa: BLE001
        kind = type(exc).__name__
    # Raised out here, the new error does not carry the old one along.
    raise SchemaError(
        f'{type(transform).__name__} failed on column "{column}" with a {kind}; '
        "its message may hold values and is not shown",
        column=column,
    )


def _may_travel(keys: Keys | None) -> bool:
    """Whether the pickle of these keys is free of the secret."""
    if keys is None:
        return True
    try:
        pickled = pickle.dumps(keys)
        secret = strong_key(keys).secret
    except Exception:  # noqa: BLE001  # whatever it is, such keys stay here
        return False
    forms = (secret, secret.hex().encode(), base64.b64encode(secret), secret.hex().upper().encode())
    return not any(form in pickled for form in forms)
