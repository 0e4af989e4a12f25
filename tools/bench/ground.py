"""What the parts stand on: databases of their own, a Graph simulator, and servers in processes of their own."""

import json
import os
import socket
import sqlite3
import subprocess
import sys
import tempfile
import time
import uuid
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit, urlunsplit

import httpx
import psycopg

from calls.simulator import Simulator
from tests.servers import ROOT, free_port
from tools.bench import callbacks

START_SECONDS = 60.0
STOP_SECONDS = 10.0
PRODUCT_SETTINGS = "callsdashboard.settings"
SECRETS = {
    "SECRET_KEY": "only-for-measuring-0123456789-abcdefghijklmnopqrstuvwxyz-ABC",
    "AUDIT_SIGNING_KEY": "only-for-measuring-signing-key-0123456789-abcdefghij",
}


@dataclass
class Ground:
    """One run of the bench: where its files are, and its Graph."""

    directory: Path
    simulator: Simulator
    postgresql: str  # the address of a PostgreSQL server, empty without one
    redis: str
    _made: list[str] = field(default_factory=list)

    def environment(self, database_url: str, **more: str) -> dict[str, str]:
        """Return the whole environment of a server on that database."""
        inherited = {name: os.environ[name] for name in ("PATH", "HOME", "LANG") if name in os.environ}
        return {
            **inherited,
            **SECRETS,
            "DJANGO_SETTINGS_MODULE": PRODUCT_SETTINGS,
            "DATABASE_URL": database_url,
            "LOG_LEVEL": "ERROR",
            "CALL_ANSWER_WINDOW_SECONDS": "3600",
            **self.simulator.settings,
            **more,
        }

    def sqlite(self) -> str:
        """Return the address of a new SQLite database with the product's tables."""
        return self._migrated(f"sqlite:///{self.directory / f'{uuid.uuid4().hex}.sqlite3'}")

    def new_postgresql(self) -> str:
        """Return the address of a new PostgreSQL database with the product's tables."""
        name = f"bench_{uuid.uuid4().hex[:12]}"
        with psycopg.connect(self.postgresql, autocommit=True) as connection:
            connection.execute(f"CREATE DATABASE {name}")
        self._made.append(name)
        return self._migrated(urlunsplit(urlsplit(self.postgresql)._replace(path=f"/{name}")))

    def _migrated(self, database_url: str) -> str:
        self.manage(database_url, "migrate", "--verbosity", "0")
        return database_url

    def manage(self, database_url: str, *command: str) -> None:
        """Run a management command on that database."""
        environment = self.environment(database_url)
        subprocess.run([sys.executable, "manage.py", *command], cwd=ROOT, env=environment, check=True)

    def tell(self, database_url: str, module: str, *arguments: str, settings: str = PRODUCT_SETTINGS) -> Any:
        """Return what a module of the bench prints as JSON when it runs on that database."""
        command = [sys.executable, "-m", f"tools.bench.{module}", *arguments]
        environment = self.environment(database_url, DJANGO_SETTINGS_MODULE=settings)
        return json.loads(subprocess.run(command, cwd=ROOT, env=environment, check=True, capture_output=True).stdout)

    def drop(self) -> None:
        """Drop the databases that were made."""
        for name in self._made:
            with psycopg.connect(self.postgresql, autocommit=True) as connection:
                connection.execute(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)")

    @property
    def tenant(self) -> str:
        """The tenant whose calls are served."""
        return self.simulator.settings["GRAPH_TENANT_ID"]

    def headers(self) -> dict[str, str]:
        """Return the headers of a callback that is believed."""
        return {"Authorization": f"Bearer {self.simulator.callback_token()}"}

    def new_calls(self) -> Iterator[bytes]:
        """Return what makes callbacks about calls nobody heard of."""
        return callbacks.new_calls(self.headers(), self.tenant)

    @contextmanager
    def product(self, database_url: str, *, uvicorn: bool = False, **more: str) -> Iterator["Server"]:
        """Run the product on that database, under daphne as it comes or under uvicorn."""
        port = free_port()
        environment = self.environment(database_url, PORT=str(port), PUBLIC_URL=f"http://localhost:{port}", **more)
        command = [sys.executable, "manage.py", "serve"]
        if uvicorn:
            address = ["--host", "127.0.0.1", "--port", str(port)]
            command = [
                sys.executable,
                "-m",
                "uvicorn",
                "callsdashboard.asgi:application",
                *address,
                "--log-level",
                "error",
            ]
        with self._serving(command, environment, port, _is_ready) as server:
            yield server

    @contextmanager
    def daphne(self, application: str, database_url: str = "sqlite:////unused") -> Iterator["Server"]:
        """Run any other application under a bare daphne."""
        port = free_port()
        command = [sys.executable, "-m", "daphne", "--verbosity", "0", "-p", str(port), application]
        with self._serving(command, self.environment(database_url), port, _listens) as server:
            yield server

    @contextmanager
    def _serving(
        self, command: list[str], environment: dict[str, str], port: int, answers: Callable[[int], bool]
    ) -> Iterator["Server"]:
        log = self.directory / f"{port}.log"
        with log.open("ab") as output:
            process = subprocess.Popen(command, cwd=ROOT, env=environment, stdout=output, stderr=output)
        try:
            _wait(process, lambda: answers(port), log)
            yield Server(port, process.pid)
        finally:
            process.terminate()
            try:
                process.wait(timeout=STOP_SECONDS)
            except subprocess.TimeoutExpired:  # a daphne whose senders are gone may wait for its views for ever
                process.kill()
                process.wait()


@dataclass(frozen=True, slots=True)
class Server:
    """A server that answers."""

    port: int
    pid: int

    @property
    def url(self) -> str:
        """Its address."""
        return f"http://127.0.0.1:{self.port}"

    def cpu_seconds(self) -> float:
        """Return the processor time it has used so far."""
        fields = Path(f"/proc/{self.pid}/stat").read_text().rsplit(")", 1)[1].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    def resident_bytes(self) -> int:
        """Return the memory it holds."""
        return int(Path(f"/proc/{self.pid}/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")


def _wait(process: subprocess.Popen[bytes], answers: Callable[[], bool], log: Path) -> None:
    deadline = time.monotonic() + START_SECONDS
    while not answers():
        if process.poll() is not None or time.monotonic() > deadline:
            raise RuntimeError(f"The server did not start: …{log.read_text()[-2000:]}")
        time.sleep(0.05)


def _listens(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


def _is_ready(port: int) -> bool:
    return _listens(port) and httpx.get(f"http://127.0.0.1:{port}/readyz", timeout=5).status_code == 200


@contextmanager
def ground(postgresql: str, redis: str) -> Iterator[Ground]:
    """Make a ground for one run, and take everything away in the end."""
    with tempfile.TemporaryDirectory() as name, Simulator(Path(name) / "simulator", answer_window=3600) as simulator:
        made = Ground(Path(name), simulator, postgresql, redis)
        made.manage("sqlite:////unused", "collectstatic", "--no-input", "--verbosity", "0")
        try:
            yield made
        finally:
            made.drop()


def rows(database_url: str, query: str) -> list[tuple[Any, ...]]:
    """Return what a query finds in a database, read past the product."""
    if not database_url.startswith("sqlite:"):
        with psycopg.connect(database_url) as connection:
            return connection.execute(query).fetchall()
    with closing(sqlite3.connect(database_url.removeprefix("sqlite:///"))) as file:
        return file.execute(query).fetchall()
