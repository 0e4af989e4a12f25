"""What the parts stand on: databases of their own, a Graph simulator, and servers in processes of their own."""

import os
import subprocess
import sys
import tempfile
import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit

import httpx
import psycopg

from calls.simulator import Simulator
from tests.servers import ROOT, free_port

START_SECONDS = 60.0
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
            "DJANGO_SETTINGS_MODULE": "callsdashboard.settings",
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

    def drop(self) -> None:
        """Drop the databases that were made."""
        for name in self._made:
            with psycopg.connect(self.postgresql, autocommit=True) as connection:
                connection.execute(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)")

    def headers(self) -> dict[str, str]:
        """Return the headers of a callback, its tenant among them for whoever writes the body."""
        token = self.simulator.callback_token()
        return {"Authorization": f"Bearer {token}", "Tenant": self.simulator.settings["GRAPH_TENANT_ID"]}

    @contextmanager
    def product(self, database_url: str, **more: str) -> Iterator["Server"]:
        """Run the product on that database."""
        port = free_port()
        environment = self.environment(database_url, PORT=str(port), PUBLIC_URL=f"http://localhost:{port}", **more)
        with _serving([sys.executable, "manage.py", "serve"], environment, port, "/readyz") as server:
            yield server

    @contextmanager
    def daphne(self, application: str, database_url: str = "sqlite:////unused") -> Iterator["Server"]:
        """Run any other application under a bare daphne."""
        port = free_port()
        command = [sys.executable, "-m", "daphne", "--verbosity", "0", "-p", str(port), application]
        with _serving(command, self.environment(database_url), port, "") as server:
            yield server


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


@contextmanager
def _serving(command: list[str], environment: dict[str, str], port: int, probe: str) -> Iterator[Server]:
    process = subprocess.Popen(command, cwd=ROOT, env=environment)
    try:
        _wait(process, port, probe)
        yield Server(port, process.pid)
    finally:
        process.terminate()
        try:
            process.wait(timeout=10)
        except subprocess.TimeoutExpired:  # a daphne whose senders are gone may wait for its views for ever
            process.kill()
            process.wait()


def _wait(process: subprocess.Popen[bytes], port: int, probe: str) -> None:
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline:
        if process.poll() is not None:
            raise RuntimeError(f"The server ended with {process.returncode}.")
        try:
            if httpx.get(f"http://127.0.0.1:{port}{probe}", timeout=5).status_code in (200, 202, 404):
                return
        except httpx.TransportError:
            pass
        time.sleep(0.05)
    raise RuntimeError("The server did not start.")


@contextmanager
def ground(postgresql: str, redis: str) -> Iterator[Ground]:
    """Make a ground for one run, and take everything away in the end."""
    with tempfile.TemporaryDirectory() as name, Simulator(Path(name) / "simulator", answer_window=3600) as simulator:
        made = Ground(Path(name), simulator, postgresql, redis)
        try:
            yield made
        finally:
            made.drop()
