"""How two frames differ, part by part."""

from __future__ import annotations

import attrs

__all__ = ["FrameComparison"]


@attrs.frozen(repr=False)
class FrameComparison:
    """How another frame differs from this one; true where it does not.

    Parameters
    ----------
    changed : tuple of str
        Columns that both have, of other content.
    only_here, only_there : tuple of str
        Columns that one of them lacks.
    n_rows : tuple of int
        Rows here and there.
    is_reordered : bool
        Whether the same columns stand in another order.
    is_index_equal : bool
        Whether the row index is the same.

    Examples
    --------
    >>> FrameComparison(("age",), (), (), (10, 10), False, True)
    column "age" differs
    """

    changed: tuple[str, ...]
    only_here: tuple[str, ...]
    only_there: tuple[str, ...]
    n_rows: tuple[int, int]
    is_reordered: bool
    is_index_equal: bool

    @property
    def sentences(self) -> list[str]:
        """One sentence per difference; empty if the frames are equal."""
        here, there = self.n_rows
        found = [f"{here} rows here, {there} there"] if here != there else []
        found += [f'column "{name}" is only here' for name in self.only_here]
        found += [f'column "{name}" is only there' for name in self.only_there]
        found += ["the columns stand in another order"] if self.is_reordered else []
        found += [f'column "{name}" differs' for name in self.changed]
        # Of other rows the index differs anyway.
        found += ["the row index differs"] if here == there and not self.is_index_equal else []
        return found

    def __bool__(self) -> bool:
        return not self.sentences

    def __repr__(self) -> str:
        return "\n".join(self.sentences) or "the frames are equal"
