"""Free text: how long it is, and how much of it uses words that the reference lacks.

Words are kept as 64-bit hashes, so a stored profile holds no text.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

import attrs
import numpy as np
from numpy.typing import NDArray

from prodml.drift.findings import Finding, Ranks, compare_ranks, compare_rates
from prodml.drift.numeric import NumberCounts, NumberProfile
from prodml.drift.results import Bins, DriftTest
from prodml.drift.rules import Rules
from prodml.tables import Kind

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["TextCounts", "TextProfile"]

_WORD = re.compile(r"\w+")

Hashes = NDArray[np.uint64]


@attrs.frozen(eq=False)
class TextCounts:
    """The current rows of one column, seen from its profile. Adds up over parts of the rows."""

    lengths: NumberCounts
    n_new: int
    n_missing: int

    def merge(self, other: TextCounts) -> TextCounts:
        """Return the counts of both parts together."""
        return TextCounts(
            self.lengths.merge(other.lengths),
            self.n_new + other.n_new,
            self.n_missing + other.n_missing,
        )


@attrs.frozen(eq=False)
class TextProfile:
    """The reference of one column of free text.

    Parameters
    ----------
    lengths : NumberProfile
        Of the number of characters.
    words : ndarray of uint64
        Hashes of the words, rising.
    owners : ndarray of int64
        For each word the number of the one row that has it; -1 if several have.
    n_missing : int
        Rows without text.
    """

    lengths: NumberProfile
    words: Hashes = attrs.field(repr=False)
    owners: NDArray[np.int64] = attrs.field(repr=False)
    n_missing: int

    @property
    def kind(self) -> Kind:
        """Always ``"text"``."""
        return "text"

    @property
    def family(self) -> str:
        """What a current column must hold to be compared."""
        return "text"

    @classmethod
    def of(cls, series: pd.Series) -> TextProfile:
        """Profile one column. O(characters)."""
        import pandas as pd

        texts = series.dropna().tolist()
        owner: dict[str, int] = {}
        for row, text in enumerate(texts):
            for word in _words(text):
                owner[word] = -1 if word in owner else row
        hashes = _hashes(owner)
        words, first = np.unique(hashes, return_index=True)
        owners = np.array(list(owner.values()), dtype=np.int64)[first]
        lengths = pd.Series([len(text) for text in texts], dtype="int64")
        profile = NumberProfile.of(lengths, "integer")
        return cls(profile, words, owners, len(series) - len(texts))

    @property
    def n_values(self) -> int:
        """Rows with text."""
        return self.lengths.n_values

    @property
    def n_rows(self) -> int:
        """All rows."""
        return self.n_values + self.n_missing

    @property
    def n_alone(self) -> int:
        """Rows with a word that no other row has: to the others, this row would bring a new word."""
        return len(np.unique(self.owners[self.owners >= 0]))

    def merge(self, other: TextProfile) -> TextProfile:
        """Return the profile of both parts together, as if of all rows at once."""
        shifted = np.where(other.owners >= 0, other.owners + self.n_values, -1)
        words, where, times = np.unique(
            np.concatenate([self.words, other.words]), return_inverse=True, return_counts=True
        )
        owners = np.full(len(words), -1, np.int64)
        owners[where] = np.concatenate([self.owners, shifted])
        owners[times > 1] = -1
        return TextProfile(
            self.lengths.merge(other.lengths), words, owners, self.n_missing + other.n_missing
        )

    def count(self, series: pd.Series) -> TextCounts:
        """Count current rows."""
        import pandas as pd

        texts = series.dropna().tolist()
        rows = [_words(text) for text in texts]
        every = sorted(set().union(*rows))
        known = np.isin(_hashes(every), self.words)
        new = {word for word, is_known in zip(every, known.tolist(), strict=True) if not is_known}
        lengths = pd.Series([len(text) for text in texts], dtype="int64")
        return TextCounts(
            self.lengths.count(lengths),
            sum(not new.isdisjoint(row) for row in rows),
            len(series) - len(texts),
        )

    def compare(self, counts: TextCounts, rules: Rules) -> Finding:
        """Test the lengths, the share of texts with a new word, the share of missing ones."""
        n, m = self.n_values, counts.lengths.n_values
        missing = compare_rates(
            "missing",
            (self.n_missing, self.n_rows),
            (counts.n_missing, m + counts.n_missing),
            rules,
        )
        known, seen = self.lengths, counts.lengths
        bins = Bins(
            tuple(known.edges.tolist()), (), tuple(known.bins.tolist()), tuple(seen.bins.tolist())
        )
        if n < rules.min_rows:
            return Finding("too few reference values", tuple(missing))
        if m < rules.min_rows:
            return Finding("too few current values", tuple(missing))
        length = compare_ranks(
            "length", Ranks(known.below, known.at_most, n), Ranks(seen.below, seen.at_most, m),
            rules, slack=known.slack,
        )  # fmt: skip
        tests = (length, *self._vocabulary(counts, rules), *missing)
        return Finding("tested", tests, known.psi(seen), bins)

    def _vocabulary(self, counts: TextCounts, rules: Rules) -> list[DriftTest]:
        """Compare with how often a row of the reference brings a word new to all its other rows."""
        n, m = self.n_values, counts.lengths.n_values
        # Current rows can share a new word, those of the reference by definition cannot. No more
        # current rows are counted than there are in the reference, so that this cannot pile up.
        m_used = min(n, m)
        n_new = round(counts.n_new * m_used / m)
        tests = compare_rates("vocabulary", (self.n_alone, n), (n_new, m_used), rules)
        # Fewer new words than in fresh text, as in rows of the reference itself, are no drift.
        if n_new * n > self.n_alone * m_used:
            return tests
        return [attrs.evolve(t, p_value=1.0, effect=0.0, low=0.0) for t in tests]

    def to_parts(self) -> tuple[dict[str, object], dict[str, NDArray[Any]]]:
        """Return what `from_parts` needs."""
        header, arrays = self.lengths.to_parts()
        arrays = {f"lengths.{name}": array for name, array in arrays.items()}
        return (
            {"lengths": header, "n_missing": self.n_missing},
            {**arrays, "words": self.words, "owners": self.owners},
        )

    @classmethod
    def from_parts(
        cls, header: Mapping[str, Any], arrays: Mapping[str, NDArray[Any]]
    ) -> TextProfile:
        """Rebuild from `to_parts`; ValueError if the parts do not fit together."""
        own = {
            name.removeprefix("lengths."): array
            for name, array in arrays.items()
            if name.startswith("lengths.")
        }
        words, owners = arrays["words"], arrays["owners"]
        fits = (
            words.dtype == np.uint64
            and owners.dtype == np.int64
            and words.ndim == 1
            and words.shape == owners.shape
            and bool((words[1:] > words[:-1]).all())
        )
        if not fits:
            raise ValueError("a column of text")
        lengths = NumberProfile.from_parts(header["lengths"], own)
        return cls(lengths, words, owners, int(header["n_missing"]))


def _words(text: object) -> set[str]:
    return set(_WORD.findall(str(text).casefold()))


def _hashes(words: Iterable[str]) -> Hashes:
    digests = [
        hashlib.blake2b(word.encode("utf-8", "backslashreplace"), digest_size=8).digest()
        for word in words
    ]
    return np.frombuffer(b"".join(digests), dtype="<u8").astype(np.uint64)
