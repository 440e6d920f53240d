"""Processes that write to the storage under test, and can be killed.

Run as a module, this is what such a process does: it reads an adapter, pickled, says that it is ready, and
begins when it is told to.
"""

from __future__ import annotations

import contextlib
import os
import pickle
import subprocess
import sys
from typing import ClassVar

__all__ = ["Child", "Unsuited"]

_SIZE = 200_000
_UNKNOWN = 3  # exit status of a process that could not open the adapter


class Unsuited(Exception):  # noqa: N818 - no error: a reason to skip
    """The adapter cannot be handed to another process."""


class Child:
    """A process with the adapter in its hands.

    Parameters
    ----------
    adapter : bytes
        The adapter, pickled.
    task : {"race", "fill"}
        Create a hundred keys that others create too, or put object after object without end.

    Raises
    ------
    Unsuited
        If the process cannot import what the adapter is made of.
    """

    SIZE: ClassVar[int] = _SIZE
    """Bytes of each object that "fill" puts."""

    def __init__(self, adapter: bytes, task: str) -> None:
        self.name = os.urandom(6).hex().encode()
        """What a winner of the race stores."""
        paths = os.pathsep.join(path for path in sys.path if path)
        self._process = subprocess.Popen(  # noqa: S603 - ourselves
            [sys.executable, "-m", __name__, task, self.name.decode(), str(len(adapter))],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            env={**os.environ, "PYTHONPATH": paths},
        )
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._in, self._out = self._process.stdin, self._process.stdout
        with contextlib.suppress(BrokenPipeError):
            self._in.write(adapter)
            self._in.flush()
        if self._out.readline() != b"ready\n":
            self.end()
            if self._process.returncode == _UNKNOWN:
                raise Unsuited("the adapter is of a module that another process cannot import")
            raise AssertionError("a process could not open the adapter")

    def go(self) -> None:
        """Let it begin."""
        self._in.write(b"go\n")
        self._in.flush()

    def answer(self) -> str:
        """Return the next line that it says."""
        line = self._out.readline()
        assert line.endswith(b"\n"), "a process that writes to the storage died"
        return line.decode().strip()

    def kill(self) -> None:
        """End it without a chance to tidy up."""
        self._process.kill()

    def rest(self) -> list[str]:
        """Return what it said last, when it is no more."""
        lines = self._out.read().split(b"\n")[:-1]
        self.end()
        return [line.decode() for line in lines]

    def end(self) -> None:
        """Wait for it, and close the lines to it."""
        with contextlib.suppress(BrokenPipeError):
            self._in.close()
        self._process.wait()
        self._out.close()


def _work(task: str, name: str, length: int) -> int:
    from prodml.errors import AlreadyExistsError

    try:
        storage = pickle.loads(sys.stdin.buffer.read(length))  # noqa: S301 - from our own parent
    except (ImportError, AttributeError):
        return _UNKNOWN
    _say("ready")
    sys.stdin.buffer.readline()
    won = []
    for i in range(100):
        if task == "fill":
            break
        with contextlib.suppress(AlreadyExistsError):
            storage.put(f"race/{i:03}", name.encode(), if_absent=True)
            won.append(f"race/{i:03}")
    if task == "race":
        _say(" ".join(won))
        return 0
    number = 0
    while True:
        storage.put(f"fill/{number:05}", b"%d" % (number % 10) * _SIZE, if_absent=True)
        _say(f"fill/{number:05}")
        number += 1


def _say(line: str) -> None:
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(_work(sys.argv[1], sys.argv[2], int(sys.argv[3])))
