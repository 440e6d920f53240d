"""One way in for tables: pandas, polars, Arrow, numpy, records.

`as_frame` takes them all, `kind_of` names what a column holds in six words that do not depend on a
pandas version, `Schema` is the signature of a model's input, and `encode_frame` keeps a frame as
inert bytes.
"""

from prodml.tables.codec import decode_frame, encode_frame
from prodml.tables.frame import as_frame
from prodml.tables.kinds import KINDS, Kind, is_missing, kind_of
from prodml.tables.schema import Column, Schema

__all__ = [
    "KINDS",
    "Column",
    "Kind",
    "Schema",
    "as_frame",
    "decode_frame",
    "encode_frame",
    "is_missing",
    "kind_of",
]
