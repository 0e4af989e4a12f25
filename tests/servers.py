"""A dashboard in a process of its own, as an operator would run it: started, stopped, killed, looked at."""

import os
import random
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from types import TracebackType
from typing import TypeVar

import httpx

ROOT = Path(__file__).resolve().parent.parent
START_SECONDS = 90.0

T = TypeVar("T")


def free_port() -> int:
    """Return a port on 127.0.0.1 that nobody listens on at the moment; by chance, so that no two workers get the same.

    The system gives none of these to outgoing connections, of which the other worker makes many meanwhile.
    """
    while True:
        port = random.SystemRandom().randrange(10_000, 32_000)
        with socket.socket() as probe:
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                continue
            return port


def wait_until(look: Callable[[], T], seconds: float = 30.0) -> T:
    """Return the first truthy thing `look` returns; fail with what it returned last when that takes too long."""
    deadline = time.monotonic() + seconds
    while not (seen := look()):
        assert time.monotonic() < deadline, f"still {seen!r} after {seconds} seconds"
        time.sleep(0.02)
    return seen


class Dashboard:
    """One server process."""

    PYTHON = (sys.executable, "-X", "dev")

    def __init__(self, environment: dict[str, str], log: Path, port: int | None = None, public_url: str = "") -> None:
        self.port = port or free_port()
        self.public_url = public_url or f"http://localhost:{self.port}"
        self.url = f"http://127.0.0.1:{self.port}"
        self.webhook_url = f"{self.url}/api/calls"
        self.socket_url = f"ws://127.0.0.1:{self.port}/ws/calls/"
        self._log = log
        self._environment = {**environment, "PORT": str(self.port), "PUBLIC_URL": self.public_url}
        self._process: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> "Dashboard":
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    @property
    def pid(self) -> int:
        """The process id of the running server."""
        assert self._process
        return self._process.pid

    @property
    def log(self) -> str:
        """Everything the server wrote so far."""
        return self._log.read_text()

    def start(self) -> None:
        """Start the process and return when it answers."""
        command = [*self.PYTHON, *self._program()]
        with self._log.open("ab") as output:
            self._process = subprocess.Popen(
                command, cwd=ROOT, env=self._environment, stdout=output, stderr=subprocess.STDOUT
            )
        try:
            wait_until(self._answers, START_SECONDS)
        except BaseException:  # nobody else would end it
            self._process.kill()
            self._process.wait()
            raise

    def _program(self) -> list[str]:
        return ["manage.py", "serve"]

    def _answers(self) -> bool:
        assert self._process and self._process.poll() is None, f"The server ended:\n{self.log}"
        try:
            return httpx.get(f"{self.url}/healthz", timeout=5).status_code == 200
        except httpx.TransportError:
            return False

    def wait_ready(self) -> None:
        """Return when every part of the server says it can do its work."""
        wait_until(lambda: httpx.get(f"{self.url}/readyz", timeout=5).status_code == 200, START_SECONDS)

    def stop(self) -> int:
        """Ask the process to end, and return its exit code; nothing happens when it has ended already."""
        assert self._process
        if self._process.poll() is None:
            self._process.send_signal(signal.SIGTERM)
        return self._process.wait(timeout=20)

    def kill(self) -> None:
        """End the process at once, as a crash or a power cut would."""
        assert self._process
        os.kill(self._process.pid, signal.SIGKILL)
        self._process.wait(timeout=20)


class UvicornDashboard(Dashboard):
    """The same application under another server, which tells it of start and end through ASGI's lifespan."""

    def _program(self) -> list[str]:
        address = ["--host", "127.0.0.1", "--port", str(self.port)]
        return ["-m", "uvicorn", "callsdashboard.asgi:application", *address, "--log-level", "warning"]
