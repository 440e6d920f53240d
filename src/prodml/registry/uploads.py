"""The parts of a version on their way into the storage, side by side."""

from __future__ import annotations

from concurrent.futures import Future, ThreadPoolExecutor
from types import TracebackType
from typing import Self

from prodml.fingerprint.digest import sha256
from prodml.journal import Parcel

__all__ = ["Uploads"]

_MOST_AT_ONCE = 8


class Uploads:
    """Stores parts while others are still being stored: a disk or a network is waited for once.

    Everything is stored when the ``with`` block is left; an error of any part comes out there.

    Parameters
    ----------
    parcel : Parcel
        Where the parts go.
    at_once : bool
        Whether storing means waiting; where it does not, threads would only cost.
    """

    def __init__(self, parcel: Parcel, *, at_once: bool) -> None:
        self._parcel = parcel
        self._pool = ThreadPoolExecutor(_MOST_AT_ONCE, "prodml-upload") if at_once else None
        self._pending: list[Future[str]] = []

    def put(self, data: bytes, /) -> str:
        """Begin to store some bytes; return their digest."""
        if self._pool is None:
            return self._parcel.put(data)
        self._pending.append(self._pool.submit(self._parcel.put, data))
        return sha256(data)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._pool is not None:
            self._pool.shutdown(cancel_futures=error is not None)
        if error is None:
            for upload in self._pending:
                upload.result()
