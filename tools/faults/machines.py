"""Other people's servers, ours to kill: PostgreSQL, Redis and nginx on free ports, in a directory that goes away."""

import contextlib
import os
import pwd
import shutil
import signal
import socket
import subprocess
import time
from pathlib import Path
from types import TracebackType
from typing import Self

import psycopg

from tests.servers import free_port

START_SECONDS = 30.0


class NotInstalled(Exception):
    """A program that a fault needs is not on this machine; that fault is not run, and the table says so."""


def program(name: str) -> str:
    """Return where a program is; raise NotInstalled when it is not on this machine."""
    found = shutil.which(name, path=f"{os.environ.get('PATH', '')}:/usr/sbin:/usr/local/sbin")
    if not found:
        raise NotInstalled(f"{name} is not installed")
    return found


class Machine:
    """A server in a process of its own, which a fault may stop, kill, freeze and start again."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        self.port = free_port()
        self._process: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.resume()
        self.kill()

    def start(self) -> None:
        """Start it, and return when it answers."""
        deadline = time.monotonic() + START_SECONDS
        self._process = self._spawn()
        while not self._answers():
            if time.monotonic() > deadline:
                raise RuntimeError(f"{type(self).__name__} did not start.")
            if self._process.poll() is not None:  # a killed PostgreSQL's children may still hold its memory
                time.sleep(0.2)
                self._process = self._spawn()
            time.sleep(0.02)

    def stop(self) -> None:
        """Ask it to end, and return when it has."""
        self._signal(signal.SIGINT)

    def kill(self) -> None:
        """End it and its children at once."""
        self._signal(signal.SIGKILL)

    def freeze(self) -> None:
        """Let it stand still: connections stay, answers do not come."""
        for pid in self._pids():
            _send(pid, signal.SIGSTOP)

    def resume(self) -> None:
        """Let it go on."""
        for pid in self._pids():
            _send(pid, signal.SIGCONT)

    def _signal(self, number: signal.Signals) -> None:
        pids = self._pids() if number == signal.SIGKILL else self._pids()[:1]
        for pid in pids:
            _send(pid, number)
        if self._process:
            self._process.wait(timeout=30)

    def _pids(self) -> list[int]:
        """Return its process id and those of its children; none once it has ended."""
        if self._process is None or self._process.poll() is not None:
            return []
        pid = self._process.pid
        return [pid, *map(int, Path(f"/proc/{pid}/task/{pid}/children").read_text().split())]

    def _answers(self) -> bool:
        with socket.socket() as probe:
            return probe.connect_ex(("127.0.0.1", self.port)) == 0

    def _spawn(self) -> subprocess.Popen[bytes]:
        with (self.directory / "log").open("ab") as log:
            return subprocess.Popen(
                self._command(),
                cwd=self.directory,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
                user=self._user(),
            )

    def _user(self) -> str | None:
        return None

    def _command(self) -> list[str]:
        raise NotImplementedError


def _send(pid: int, number: signal.Signals) -> None:
    with contextlib.suppress(ProcessLookupError):  # a child may have ended by itself meanwhile
        os.kill(pid, number)


class PostgreSQL(Machine):
    """A PostgreSQL server. Its usual `stop` is the fast one, which ends sessions and rolls back."""

    def __init__(self, directory: Path) -> None:
        super().__init__(directory)
        self._cluster = directory / "cluster"
        self._server = program("postgres")
        initdb = [program("initdb"), "-D", str(self._cluster), "-U", "postgres", "-A", "trust", "-E", "UTF8"]
        if self._user():  # it refuses to be run by root
            shutil.chown(directory, self._user())
        subprocess.run(
            [*initdb, "--locale=C", "--no-sync"], check=True, stdout=subprocess.DEVNULL, user=self._user(), cwd="/"
        )

    @property
    def url(self) -> str:
        """Its address."""
        return f"postgresql://postgres@127.0.0.1:{self.port}/postgres"

    def _user(self) -> str | None:
        if os.geteuid() != 0:
            return None
        try:
            return pwd.getpwnam("postgres").pw_name
        except KeyError:
            raise NotInstalled("as root PostgreSQL needs an account named postgres, which is not there") from None

    def _command(self) -> list[str]:
        return [self._server, "-D", str(self._cluster), "-p", str(self.port), "-c", "unix_socket_directories="]

    def _answers(self) -> bool:
        try:
            with psycopg.connect(self.url, connect_timeout=5):
                return True
        except psycopg.OperationalError:
            return False


class Redis(Machine):
    """A Redis server that keeps nothing."""

    def __init__(self, directory: Path) -> None:
        super().__init__(directory)
        self._server = program("redis-server")

    @property
    def url(self) -> str:
        """Its address."""
        return f"redis://127.0.0.1:{self.port}/0"

    def ask(self, *command: str) -> str:
        """Return what it answers to a command."""
        parts = "".join(f"${len(part)}\r\n{part}\r\n" for part in command)
        with socket.create_connection(("127.0.0.1", self.port), timeout=10) as line:
            line.sendall(f"*{len(command)}\r\n{parts}".encode())
            return line.recv(65536).decode()

    def _command(self) -> list[str]:
        return [self._server, "--port", str(self.port), "--bind", "127.0.0.1", "--save", "", "--appendonly", "no"]
