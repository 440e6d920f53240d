"""The whole loop on real data, station by station: ``python -m prodml demo``.

`run` walks from raw rows to an audited rollback on the breast-cancer data that ships inside scikit-learn.
Every figure on a line is computed in that run; other data or another seed give other lines.
"""

from prodml.demo.loop import run

__all__ = ["run"]
