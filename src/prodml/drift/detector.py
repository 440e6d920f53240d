"""Fit on the reference once, compare as often as there is new data."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import attrs

from prodml.drift.findings import Finding
from prodml.drift.profile import DriftCounts, DriftProfile
from prodml.drift.results import ColumnDrift, DriftReport, DriftTest
from prodml.drift.rules import Rules
from prodml.errors import ConfigError, IntegrityError, NotFittedError, SchemaError, known_names
from prodml.fingerprint import pack, sha256, unpack
from prodml.stats.multiplicity import CORRECTIONS
from prodml.tables import Kind

__all__ = ["DriftDetector"]

_FORMAT = "prodml.drift/1"
_PARAMETERS = (
    "alpha", "correction", "min_effect", "min_rate", "min_rows", "columns", "kinds", "max_values",
    "random_state",
)  # fmt: skip


class DriftDetector:
    """Says which columns of a frame have changed, with a bound on false alarms.

    Numbers are compared by the exact two-sample Kolmogorov-Smirnov test, levels by chi-square with
    rare ones pooled, exactly where counts are small; text by its length and by new words. Missing,
    infinite and unseen values are tested as shares of their own. All p-values of a frame are
    adjusted together, and a difference must also be large enough to matter: in big data every
    difference is significant.

    Parameters
    ----------
    alpha : float in (0, 1), default 0.05
        Of frames without any drift, at most this share is reported as drifted.
    correction : {"bh", "by", "holm", "bonferroni", "none"}, default "bh"
        How p-values are adjusted: Benjamini-Hochberg, Benjamini-Yekutieli, Holm, Bonferroni. With
        ``"none"`` the promise of `alpha` holds for single tests only.
    min_effect : float in [0, 1), default 0.05
        Least share of rows that must have moved (past any one value, or to another level). A normal
        column moves by 0.05 when its mean moves by an eighth of a standard deviation.
    min_rate : float in [0, 1), default 0.01
        Least change of the share of missing or infinite values, or share of unseen levels.
    min_rows : int, default 30
        Columns with fewer values on either side are not tested, and say so.
    columns : sequence of str or None, default None
        Columns to watch; None watches all. Columns that only the current data have are left aside.
    kinds : mapping of str to Kind or None, default None
        Kinds other than those found, such as ``{"zip": "category"}`` for codes.
    max_values : int, default 100000
        Distinct numbers that are kept of a column. Where there are more, the statistic is exact at
        this many ranks and may be low by at most ``1 / max_values``; the interval allows for it.
    random_state : int, default 0
        Seed of the permutations that sparse tables need.

    Attributes
    ----------
    profile_ : DriftProfile
        The reference.

    Examples
    --------
    >>> import numpy as np
    >>> rng = np.random.default_rng(1)
    >>> reference = {"age": rng.normal(40, 9, 1000), "city": rng.choice(["Oslo", "Rome"], 1000)}
    >>> current = {"age": rng.normal(45, 9, 500), "city": rng.choice(["Oslo", "Rome"], 500)}
    >>> detector = DriftDetector().fit(reference)
    >>> report = detector.detect(current)
    >>> report.drifted, report.drifted_columns
    (True, ('age',))
    >>> DriftDetector.from_bytes(detector.to_bytes()).detect(current) == report
    True
    """

    profile_: DriftProfile

    def __init__(
        self,
        *,
        alpha: float = 0.05,
        correction: str = "bh",
        min_effect: float = 0.05,
        min_rate: float = 0.01,
        min_rows: int = 30,
        columns: Sequence[str] | None = None,
        kinds: Mapping[str, Kind] | None = None,
        max_values: int = 100_000,
        random_state: int = 0,
    ) -> None:
        self.alpha = alpha
        self.correction = correction
        self.min_effect = min_effect
        self.min_rate = min_rate
        self.min_rows = min_rows
        self.columns = columns
        self.kinds = kinds
        self.max_values = max_values
        self.random_state = random_state

    def fit(self, reference: object) -> DriftDetector:
        """Learn the reference.

        Parameters
        ----------
        reference : table or DriftProfile
            Whatever `prodml.tables.as_frame` takes, usually the training inputs; or a profile,
            merged from those of parts too large for one machine.

        Returns
        -------
        DriftDetector
            Itself. O(rows log rows) per column.

        Raises
        ------
        ConfigError
            If a parameter is outside its range.
        SchemaError
            If a column is missing or holds nothing that can be compared, or there are fewer than
            `min_rows` rows.
        """
        rules = self._rules()
        profile = (
            reference
            if isinstance(reference, DriftProfile)
            else DriftProfile.of(reference, columns=self.columns, kinds=self.kinds)
        )
        if profile.n_rows < rules.min_rows:
            raise SchemaError(
                f"the reference has {profile.n_rows} rows, a detector needs at least "
                f"min_rows={rules.min_rows} to compare with"
            )
        self.profile_ = profile.thin(rules.max_values)
        return self

    def detect(self, current: object) -> DriftReport:
        """Compare current data with the reference.

        Parameters
        ----------
        current : table
            With all watched columns, in any order.

        Returns
        -------
        DriftReport
            Of status ``"too few rows"``, without a verdict, if there are fewer than `min_rows`.

        Raises
        ------
        NotFittedError
            If `fit` has not run.
        SchemaError
            If a column is missing, or holds another kind of values than in the reference.
        """
        return self.judge(self.count(current))

    def count(self, current: object) -> DriftCounts:
        """Count one part of the current data, to be merged with others and judged later.

        Parameters
        ----------
        current : table
            As for `detect`; may have no rows.

        Returns
        -------
        DriftCounts
            ``a.merge(b)`` adds them up, exactly and in any order.

        Raises
        ------
        NotFittedError, SchemaError
            As `detect`.
        """
        return self._fitted().count(current)

    def judge(self, counts: DriftCounts) -> DriftReport:
        """Turn counts into a report.

        Parameters
        ----------
        counts : DriftCounts
            From `count`, of this detector or a copy of it.

        Returns
        -------
        DriftReport
            The same as `detect` gives for all these rows at once.

        Raises
        ------
        NotFittedError
            If `fit` has not run.
        ConfigError
            If they were counted against another reference.
        """
        profile, rules = self._fitted(), self._rules()
        if not isinstance(counts, DriftCounts):
            raise ConfigError(
                f"judge takes what count() gives, got a {type(counts).__name__}; detect takes a table"
            )
        if counts.signature != profile.signature:
            raise ConfigError("these counts were taken against another reference than this one")
        too_few = counts.n_rows < rules.min_rows
        found = {
            name: Finding("too few current values", ())
            if too_few
            else column.compare(counts.columns[name], rules)  # type: ignore[arg-type]
            for name, column in profile.columns.items()
        }
        return DriftReport(
            columns=_verdicts(found, profile, rules),
            n_reference=profile.n_rows,
            n_current=counts.n_rows,
            alpha=rules.alpha,
            correction=rules.correction,
            status="too few rows" if too_few else "tested",
        )

    def to_bytes(self) -> bytes:
        """Return the fitted detector as inert bytes, the same for the same state.

        Returns
        -------
        bytes
            Numbers, names of levels and hashes of words; nothing that can run. A smaller
            `max_values` makes it smaller.

        Raises
        ------
        NotFittedError
            If `fit` has not run.
        """
        headers, arrays = self._fitted().to_parts()
        header: dict[str, object] = {
            "format": _FORMAT,
            "parameters": _jsonable(self.get_params()),
            "n_rows": self.profile_.n_rows,
            "columns": headers,
        }
        return pack({**header, "digest": sha256(pack(header, arrays))}, arrays)

    @classmethod
    def from_bytes(cls, data: bytes) -> DriftDetector:
        """Read what `to_bytes` wrote.

        Parameters
        ----------
        data : bytes
            A stored detector.

        Returns
        -------
        DriftDetector
            Fitted.

        Raises
        ------
        IntegrityError
            If a single bit differs from what was written, or it never was a detector.
        """
        header, arrays = unpack(data)
        digest = header.pop("digest", None)
        if header.get("format") != _FORMAT:
            raise IntegrityError("these bytes are no stored DriftDetector of this version")
        is_whole = digest == sha256(pack(header, arrays))
        # Also the filling between the parts must be what was written.
        if not is_whole or data != pack({**header, "digest": digest}, arrays):
            raise IntegrityError("a stored DriftDetector has changed since it was written")
        try:
            detector = cls(**header["parameters"])
            detector._rules()
            detector.profile_ = DriftProfile.from_parts(header["columns"], arrays, header["n_rows"])
        except (KeyError, TypeError, ValueError, AttributeError, IndexError) as exc:
            raise IntegrityError(
                "these bytes are no stored DriftDetector: its parts do not fit together"
            ) from exc
        return detector

    def get_params(self, deep: bool = True) -> dict[str, object]:  # noqa: ARG002
        """Return the parameters by name, as scikit-learn's `clone` asks for them.

        Parameters
        ----------
        deep : bool, default True
            Without meaning here.

        Returns
        -------
        dict
            The arguments of ``__init__``.
        """
        return {name: getattr(self, name) for name in _PARAMETERS}

    def set_params(self, **parameters: object) -> DriftDetector:
        """Set parameters by name. Those of the verdict act on the next report, without a new fit.

        Parameters
        ----------
        **parameters : object
            Any arguments of ``__init__``.

        Returns
        -------
        DriftDetector
            Itself.

        Raises
        ------
        ConfigError
            If there is no such parameter.
        """
        for name, value in parameters.items():
            if name not in _PARAMETERS:
                raise ConfigError(f"no parameter {name!r}. {known_names(name, _PARAMETERS)}")
            setattr(self, name, value)
        return self

    def __repr__(self) -> str:
        changed = {
            name: value for name, value in self.get_params().items() if value != _DEFAULTS[name]
        }
        told = ", ".join(f"{name}={value!r}" for name, value in changed.items())
        return f"DriftDetector({told})"

    def _rules(self) -> Rules:
        names = [field.name for field in attrs.fields(Rules)]
        return Rules(**{name: getattr(self, name) for name in names})

    def _fitted(self) -> DriftProfile:
        profile: DriftProfile | None = getattr(self, "profile_", None)
        if profile is None:
            raise NotFittedError("this DriftDetector has no reference yet: call fit(reference)")
        return profile


_DEFAULTS = DriftDetector().get_params()


def _jsonable(parameters: Mapping[str, Any]) -> dict[str, object]:
    columns, kinds = parameters["columns"], parameters["kinds"]
    return {
        **parameters,
        "columns": None if columns is None else list(columns),
        "kinds": None if kinds is None else dict(kinds),
    }


def _verdicts(
    found: Mapping[str, Finding], profile: DriftProfile, rules: Rules
) -> tuple[ColumnDrift, ...]:
    """Adjust all p-values of the frame together, then decide test by test."""
    p_values = [test.p_value for finding in found.values() for test in finding.tests]
    adjusted = iter(CORRECTIONS[rules.correction](p_values).tolist())
    return tuple(
        ColumnDrift(
            column=name,
            kind=profile.columns[name].kind,
            status=finding.status,
            tests=tuple(_decided(test, next(adjusted), rules) for test in finding.tests),
            psi=finding.psi,
            bins=finding.bins,
        )
        for name, finding in found.items()
    )


def _decided(test: DriftTest, p_adjusted: float, rules: Rules) -> DriftTest:
    drifted = p_adjusted <= rules.alpha and test.effect >= test.threshold
    return attrs.evolve(test, p_adjusted=p_adjusted, drifted=drifted)
