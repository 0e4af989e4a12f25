"""The commands as a person runs them: in processes of their own, ended with Ctrl-C or by a service manager."""

import contextlib
import json
import os
import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from calls.simulator import Simulator
from tests.clients import sign_in
from tests.servers import ROOT, Dashboard, free_port, wait_until
from tests.settings import ENVIRONMENT

pytestmark = pytest.mark.slow
START_SECONDS = 60.0


class Command:
    """A management command in a process group of its own, as a shell starts it; its output goes to a file."""

    def __init__(self, directory: Path, *arguments: str, port: int | None = None) -> None:
        self.directory = directory
        self.port = port or free_port()
        self._output = directory / f"output-{len(list(directory.iterdir()))}"
        inherited = {name: os.environ[name] for name in ("PATH", "HOME", "LANG") if name in os.environ}
        environment = {**inherited, **ENVIRONMENT, "PORT": str(self.port), "PYTHONUNBUFFERED": "1"}
        environment |= {
            "PUBLIC_URL": f"http://localhost:{self.port}",
            "DATABASE_URL": f"sqlite:///{directory / 'database.sqlite3'}",
            "DJANGO_SETTINGS_MODULE": "tests.settings",
            "TESTS_DIRECTORY": str(directory),
        }
        with self._output.open("wb") as output:
            self.process = subprocess.Popen(
                [sys.executable, "-X", "dev", "manage.py", *arguments, "--directory", str(directory)],
                cwd=ROOT, env=environment, stdout=output, stderr=subprocess.STDOUT, start_new_session=True,
            )  # fmt: skip

    @property
    def output(self) -> str:
        return self._output.read_text()

    def wait_for(self, words: str) -> None:
        """Return when these words are printed."""
        wait_until(lambda: words in self.output or self.process.poll() is not None, START_SECONDS)
        assert words in self.output, self.output

    def interrupt(self) -> int:
        """Press Ctrl-C: the whole group is told. Return the exit code."""
        os.killpg(self.process.pid, signal.SIGINT)
        return self.process.wait(timeout=30)

    def children(self) -> list[int]:
        listed = Path(f"/proc/{self.process.pid}/task/{self.process.pid}/children")
        return [int(pid) for pid in listed.read_text().split()]

    def end(self) -> None:
        """End whatever is left of the group, also when its leader is gone."""
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait(timeout=10)


@pytest.fixture
def started(tmp_path: Path) -> Iterator[list[Command]]:
    """Commands put in here do not outlive the test."""
    commands: list[Command] = []
    yield commands
    for command in commands:
        command.end()


def has_ended(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return True
    return False


def run_once(directory: Path, *arguments: str) -> tuple[int, str]:
    """Return the exit code and the output of a command that ends by itself."""
    command = Command(directory, *arguments)
    try:
        return command.process.wait(timeout=START_SECONDS), command.output
    finally:
        command.end()


# simulator ----------------------------------------------------------------------------------------------------------


def test_the_scenarios_are_listed_with_their_stories(tmp_path: Path) -> None:
    code, output = run_once(tmp_path, "simulator", "--list")
    assert code == 0
    assert re.search(r"^policy-recording +One recorded conversation", output, re.MULTILINE)


def test_an_unknown_scenario_is_said_and_the_known_ones_are_named(tmp_path: Path) -> None:
    code, output = run_once(tmp_path, "simulator", "play", "no-such-thing")
    assert code == 1 and "graph-429" in output


def test_playing_without_a_simulator_says_how_to_start_one(tmp_path: Path) -> None:
    code, output = run_once(tmp_path, "simulator", "play", "plain")
    assert code == 1 and "manage.py simulator" in output


def test_a_taken_port_is_said(tmp_path: Path, running: Simulator) -> None:
    code, output = run_once(tmp_path, "simulator", "--port", str(running.port))
    assert code == 1 and f"Port {running.port}" in output and "Traceback" not in output


def test_the_simulator_runs_plays_and_ends_with_ctrl_c(tmp_path: Path, started: list[Command]) -> None:
    port = free_port()
    command = Command(tmp_path, "simulator", "--port", str(port), "--rhythm", "off", "--webhook", "http://127.0.0.1:9/")
    started.append(command)
    command.wait_for("Ctrl-C")
    assert f"GRAPH_BASE_URL=https://localhost:{port}/v1.0" in command.output
    assert f"GRAPH_CA_BUNDLE={tmp_path / 'ca.pem'}" in command.output
    code, output = run_once(tmp_path, "simulator", "play", "plain")
    assert (code, output.strip()) == (0, "Somebody calls and rings until a decision or the end of the window.")
    assert command.interrupt() == 0
    assert command.output.rstrip().endswith("Keys are kept for the next time.")
    assert not (tmp_path / "control.json").exists()


# demo ---------------------------------------------------------------------------------------------------------------


def demo(directory: Path, port: int | None = None) -> Command:
    return Command(directory, "demo", "--simulator-port", str(free_port()), port=port)


def passwords_in(command: Command) -> dict[str, str]:
    accounts = re.findall(r"^    (supervisor|viewer|auditor|admin) +(\S+)", command.output, re.MULTILINE)
    return dict(accounts)


def test_the_demo_comes_up_is_used_and_goes_away_twice(tmp_path: Path, started: list[Command]) -> None:
    first = demo(tmp_path)
    started.append(first)
    first.wait_for("Ctrl-C stops")
    assert f"http://localhost:{first.port}/" in first.output
    passwords = passwords_in(first)
    kept = tmp_path / "demo_accounts.json"
    assert json.loads(kept.read_text()) == passwords and len(set(passwords.values())) == 4
    assert kept.stat().st_mode & 0o077 == 0
    dashboard = Dashboard({}, tmp_path / "unused", port=first.port)
    for name, password in passwords.items():
        sign_in(dashboard, name, password).close()
    metrics = f"{dashboard.url}/metrics"
    wait_until(lambda: 'calls_callbacks_total{status="202"}' in httpx.get(metrics).text, 30)
    (child,) = first.children()
    assert first.interrupt() == 0
    assert has_ended(child) and "Traceback" not in first.output

    second = demo(tmp_path)
    started.append(second)
    second.wait_for("Ctrl-C stops")
    assert passwords_in(second) == passwords
    (child,) = second.children()
    second.process.terminate()
    assert second.process.wait(timeout=30) == 0, "a service manager tells the parent alone"
    assert has_ended(child) and "Traceback" not in second.output


def test_the_demo_says_so_when_the_dashboard_dies(tmp_path: Path, started: list[Command]) -> None:
    command = demo(tmp_path)
    started.append(command)
    command.wait_for("Ctrl-C stops")
    (child,) = command.children()
    os.kill(child, signal.SIGKILL)
    assert command.process.wait(timeout=30) == 1
    assert "The dashboard ended by itself" in command.output and "Traceback" not in command.output


def test_the_demo_says_when_its_port_is_taken(tmp_path: Path, running: Simulator, started: list[Command]) -> None:
    command = demo(tmp_path, port=running.port)
    started.append(command)
    assert command.process.wait(timeout=START_SECONDS) == 1
    assert f"Port {running.port} is in use" in command.output and "make demo" in command.output
    assert not (tmp_path / "database.sqlite3").exists(), "nothing was begun"


def test_the_demo_can_be_ended_while_it_comes_up(tmp_path: Path, started: list[Command]) -> None:
    command = demo(tmp_path)
    started.append(command)
    command.wait_for("Preparing")
    assert command.interrupt() == 0
    assert "is ready" not in command.output and "Traceback" not in command.output
