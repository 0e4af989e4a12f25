"""The applications that `make bench` compares the product with: each does the work that its ratio counts."""

import asyncio
import contextlib
import socket
import sqlite3
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from asgiref.testing import ApplicationCommunicator
from django.conf import settings
from django.contrib.admin.models import LogEntry
from django.contrib.auth.models import User
from django.test import Client, override_settings
from django.utils import timezone

from calls.models import Call, RejectAttempt
from calls.simulator import Simulator
from tests.conftest import People
from tools.bench import naive_reject, naive_settings
from tools.bench.bare import Bare
from tools.bench.line import Line

STOCK = ("MIDDLEWARE", "SESSION_ENGINE", "AUTHENTICATION_BACKENDS", "CSRF_FAILURE_VIEW")
CSRF = "x" * 32


# A click on Reject ----------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def graph(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Simulator]:
    with Simulator(tmp_path_factory.mktemp("simulator")) as simulator:
        yield simulator


@pytest.fixture
def stock(graph: Simulator) -> Iterator[None]:
    graph.hold_endings = True
    chosen = {name: getattr(naive_settings, name) for name in STOCK}
    with override_settings(ROOT_URLCONF="tools.bench.naive_reject", **chosen, **graph.settings):
        yield
    if naive_reject._client.cache_info().currsize:
        naive_reject._client().close()
    naive_reject._client.cache_clear()
    naive_reject._token.cache_clear()
    graph.forget()


def click(user: User | None, graph: Simulator, **headers: str) -> int:
    """Press Reject for a call that rings, and return the status of the answer."""
    graph_id = graph.prepare().id
    now = timezone.now()
    call = Call.objects.create(
        graph_id_folded=graph_id.replace("-", ""), graph_id=graph_id, tenant_id="t", received_at=now, updated_at=now
    )
    client = Client(enforce_csrf_checks=True)
    if user:
        client.force_login(user)
    client.cookies["csrftoken"] = CSRF
    headers = headers or {"X-CSRFToken": CSRF}
    address = f"/calls/{call.pk}/{graph_id}/reject/"
    return client.post(address, {"reason": "busy"}, content_type="application/json", headers=headers).status_code


def test_a_supervisors_click_commits_two_rows_and_reaches_graph(stock: None, graph: Simulator, people: People) -> None:
    assert click(people.supervisor, graph) == 202
    assert [request.status for request in graph.rejects] == [202]
    attempt = RejectAttempt.objects.get()
    assert (attempt.reason, attempt.actor_name) == ("busy", "supervisor")
    assert LogEntry.objects.get().object_id == str(attempt.pk)


def test_both_rows_are_committed_before_graph_is_asked(stock: None, graph: Simulator, people: People) -> None:
    graph.faults.drop_reject()
    with pytest.raises(httpx.RemoteProtocolError):
        click(people.supervisor, graph)
    assert (RejectAttempt.objects.count(), LogEntry.objects.count()) == (1, 1)


@pytest.mark.parametrize("who", ["viewer", "stranger", None])
def test_nobody_without_the_right_reaches_graph(stock: None, graph: Simulator, people: People, who: str | None) -> None:
    assert click(getattr(people, who) if who else None, graph) == 403
    assert (graph.rejects, RejectAttempt.objects.count()) == ([], 0)


def test_a_click_without_the_csrf_token_is_refused(stock: None, graph: Simulator, people: People) -> None:
    assert click(people.supervisor, graph, Accept="application/json") == 403
    assert (graph.rejects, RejectAttempt.objects.count()) == ([], 0)


def test_the_usual_way_stands_on_djangos_own_parts_alone() -> None:
    named = [*naive_settings.MIDDLEWARE, *naive_settings.AUTHENTICATION_BACKENDS, naive_settings.SESSION_ENGINE]
    assert all(name.startswith("django.") for name in named)
    assert settings.ROOT_URLCONF != naive_settings.ROOT_URLCONF


# A notification to every socket ---------------------------------------------------------------------------------------


async def test_a_bare_notification_is_a_row_and_a_frame_to_every_socket(tmp_path: Path) -> None:
    file = tmp_path / "bare.sqlite3"
    bare = Bare(f"sqlite:///{file}")
    sockets = [ApplicationCommunicator(bare, {"type": "websocket"}) for _ in range(3)]
    for one in sockets:
        await one.send_input({"type": "websocket.connect"})
        assert (await one.receive_output())["type"] == "websocket.accept"
    post = ApplicationCommunicator(bare, {"type": "http"})
    await post.send_input({"type": "http.request", "body": b'"Caller ', "more_body": True})
    await post.send_input({"type": "http.request", "body": b'00000007"'})
    assert (await post.receive_output())["status"] == 202
    assert [await one.receive_output() for one in sockets] == [
        {"type": "websocket.send", "text": '"Caller 00000007"'} for _ in sockets
    ]
    with contextlib.closing(sqlite3.connect(file)) as stored:
        assert stored.execute("SELECT body FROM notification").fetchall() == [('"Caller 00000007"',)]
        assert stored.execute("PRAGMA journal_mode").fetchone() == ("wal",)
    await asyncio.to_thread(bare.close)
    for one in sockets:
        await one.send_input({"type": "websocket.disconnect"})
        await one.wait()


# A server that is far away --------------------------------------------------------------------------------------------


@pytest.fixture
def echo() -> Iterator[int]:
    """Serve one connection: what arrives goes back; return the port."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        thread = threading.Thread(target=_echo, args=(listening,))
        thread.start()
        yield listening.getsockname()[1]
        thread.join()


def _echo(listening: socket.socket) -> None:
    connection, _ = listening.accept()
    with connection:
        while data := connection.recv(1 << 16):
            connection.sendall(data)


def test_a_handshake_and_each_answer_take_a_round_trip(echo: int) -> None:
    with Line(echo, 0.1) as line, socket.create_connection(("127.0.0.1", line.port)) as near:
        started = time.monotonic()
        near.sendall(b"one")
        assert near.recv(3) == b"one"
        assert time.monotonic() - started >= 0.2
        started = time.monotonic()
        near.sendall(b"two")
        assert near.recv(3) == b"two"
        assert time.monotonic() - started >= 0.1


def test_what_crosses_the_line_arrives_whole_and_its_end_too(echo: int) -> None:
    sent = bytes(range(256)) * 4000
    with Line(echo, 0.02) as line, socket.create_connection(("127.0.0.1", line.port)) as near:
        threading.Thread(target=near.sendall, args=(sent,)).start()
        received = b""
        while len(received) < len(sent):
            received += near.recv(1 << 16)
        assert received == sent
        near.shutdown(socket.SHUT_WR)
        assert near.recv(1) == b""
