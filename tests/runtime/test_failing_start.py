"""A start that fails ends the server with one sentence and a status, and leaves nothing running."""

import asyncio
import gc
import shutil
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from pytest_django.fixtures import Settings

from calls.graph import http
from calls.runtime import runtime
from calls.simulator import Simulator
from tests.servers import ROOT, Dashboard, free_port

UNUSABLE = {
    "GRAPH_CA_BUNDLE": ("{bundle}", "put certificates in PEM form there"),
    "NO_PROXY": ("localhost,::1/128", "IPv6 addresses without brackets"),
}
UNCHECKED = ["manage.py", "serve", "--skip-checks"]
UVICORN = ["-m", "uvicorn", "callsdashboard.asgi:application", "--log-level", "warning"]


@pytest.fixture
def bundle(tmp_path: Path) -> Path:
    """A file that can be read and holds no certificate."""
    path = tmp_path / "authorities.pem"
    path.write_text("no certificate\n")
    return path


def run(program: list[str], environment: dict[str, str]) -> tuple[int, str]:
    """Return the exit status of a program that has to end by itself, and all it says."""
    command = [sys.executable, "-X", "dev", *program]
    done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, timeout=60)
    return done.returncode, done.stdout + done.stderr


@pytest.mark.parametrize("name", UNUSABLE)
@pytest.mark.parametrize(("program", "status"), [(UNCHECKED, 1), (UVICORN, 3)], ids=["serve", "uvicorn"])
def test_a_setting_that_no_connection_can_be_made_with_ends_the_server_in_one_sentence(
    database: None, product_environment: dict[str, str], bundle: Path, name: str, program: list[str], status: int
) -> None:
    value, cure = UNUSABLE[name]
    environment = {**product_environment, name: value.format(bundle=bundle)}
    code, said = run([*program, "--port", str(free_port())], environment)
    sentences = [line for line in said.splitlines() if f"{name} " in line and cure in line]
    assert (code, len(sentences), "Traceback" in said) == (status, 1, False), said


def test_the_check_before_serving_names_such_settings(product_environment: dict[str, str], bundle: Path) -> None:
    given = {name: value.format(bundle=bundle) for name, (value, _) in UNUSABLE.items()}
    code, said = run(["manage.py", "serve", "--port", str(free_port())], product_environment | given)
    assert (code, said.count("(calls.E013)"), "Traceback" in said) == (1, 2, False), said
    assert [cure for _, cure in UNUSABLE.values() if cure not in said] == []


@pytest.mark.parametrize(
    ("name", "value", "cure"),
    [
        ("NO_PROXY", "localhost,::1/128", "IPv6 addresses without brackets"),
        ("NO_PROXY", "[::1]", "IPv6 addresses without brackets"),
        ("HTTPS_PROXY", "gopher://somebody:s3cret@proxy.example", "write http://<host>:<port>"),
        ("HTTP_PROXY", "http://somebody:s3cret@proxy.example:port", "write http://<host>:<port>"),
        ("ALL_PROXY", "socks5://somebody:s3cret@proxy.example:1080", "write http://<host>:<port>"),
    ],
)
def test_the_proxy_setting_at_fault_is_named_and_no_password(
    monkeypatch: pytest.MonkeyPatch, name: str, value: str, cure: str
) -> None:
    monkeypatch.setenv("NO_PROXY", "localhost,::1")
    monkeypatch.setenv("HTTPS_PROXY", "proxy.example:3128")
    http.client(http.trust()).close()
    monkeypatch.setenv(name, value)
    for make in (http.client, http.async_client):
        with pytest.raises(http.UnusableSetting) as refused:
            make(http.trust())
        assert str(refused.value).startswith(f"{name} ") and cure in str(refused.value)
        assert "s3cret" not in str(refused.value)


class BareDaphne(Dashboard):
    """A server that neither speaks ASGI's lifespan nor is ours: the first request starts what runs beside it."""

    def status(self) -> int:
        """Return how it answers about its health, 0 when not at all."""
        try:
            return httpx.get(f"{self.url}/healthz", timeout=5).status_code
        except httpx.TransportError:
            return 0

    def _program(self) -> list[str]:
        return ["-m", "daphne", "--bind", "127.0.0.1", "--port", str(self.port), "callsdashboard.asgi:application"]

    def _answers(self) -> bool:
        return self.status() > 0


def test_where_a_request_starts_everything_health_is_denied_until_that_succeeds(
    database: None,
    product_environment: dict[str, str],
    collected_static: None,
    running_simulator: Simulator,
    bundle: Path,
    tmp_path: Path,
) -> None:
    environment = {**product_environment, "GRAPH_CA_BUNDLE": str(bundle)}
    with BareDaphne(environment, tmp_path / "log") as server:
        assert (server.status(), server.status()) == (503, 503)
        assert "GRAPH_CA_BUNDLE names" in server.log
        shutil.copy(running_simulator.authority, bundle)
        assert server.status() == 200
        assert httpx.get(f"{server.url}/readyz", timeout=5).json()["parts"]["database"] == "ok"


@pytest.fixture
def collector() -> Iterator[None]:
    """Python's garbage collector as it was before the test."""
    thresholds = gc.get_threshold()
    yield
    gc.set_threshold(*thresholds)
    gc.unfreeze()


def running_beside() -> set[str]:
    """Return the names of this event loop's other tasks and of all threads, but those that look up host names."""
    tasks = {task.get_name() for task in asyncio.all_tasks() if task is not asyncio.current_task()}
    threads = {thread.name for thread in threading.enumerate()}
    return tasks | {name for name in threads if not name.startswith("asyncio")}


async def gone(names: set[str]) -> bool:
    """Wait until nothing runs but what has these names; fail when something stays."""
    async with asyncio.timeout(10):
        while running_beside() - names:
            await asyncio.sleep(0.01)
    return True


def test_a_start_that_fails_leaves_nothing_and_can_be_tried_again(
    database: None, collector: None, settings: Settings, bundle: Path
) -> None:
    async def journey() -> None:
        before = running_beside()
        for _ in range(2):
            with pytest.raises(runtime.StartFailed, match="GRAPH_CA_BUNDLE names"):
                runtime.running()
            assert running_beside() == before
        settings.GRAPH_CA_BUNDLE = ""
        running = runtime.running()
        assert runtime.start() is running
        assert await runtime.stop()
        assert await gone(before)

    settings.GRAPH_CA_BUNDLE = str(bundle)
    asyncio.run(journey())


class CannotStart:
    """A part that fails when everything else has begun."""

    def start(self) -> None:
        """Fail."""
        raise OSError("This part cannot start.")

    def stop(self) -> None:
        """Do nothing: it never began."""


def test_parts_that_began_before_one_that_cannot_are_ended(database: None) -> None:
    async def journey() -> None:
        before = running_beside()
        half = runtime.Runtime()
        half.checkpointer = CannotStart()  # type: ignore[assignment]
        with pytest.raises(OSError, match="This part cannot start"):
            half.start()
        assert {"writer", "keeper", "watch"} <= running_beside()
        assert await runtime.stop()
        assert await gone(before)

    asyncio.run(journey())
