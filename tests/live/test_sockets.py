"""What the server's sockets bear: slow senders, endless bodies, floods of headers, browsers that never read."""

import contextlib
import json
import socket
import time

import httpx
import pytest
from django.conf import settings
from websockets.exceptions import ConnectionClosed

from calls.models import Notification
from calls.simulator import Simulator
from tests import bodies
from tests.clients import open_socket, signed_in_client
from tests.conftest import People
from tests.servers import Dashboard, wait_until


def connect(dashboard: Dashboard) -> socket.socket:
    opened = socket.create_connection(("127.0.0.1", dashboard.port), timeout=40)
    opened.sendall(b"POST /api/calls HTTP/1.1\r\nHost: localhost\r\n")
    return opened


def read_to_the_end(opened: socket.socket) -> bytes:
    received = b""
    try:
        while part := opened.recv(65536):
            received += part
    except ConnectionResetError:
        pass
    return received


def test_a_body_that_drips_in_is_cut_off(graph: Simulator, dashboard: Dashboard) -> None:
    started = time.monotonic()
    with connect(dashboard) as opened:
        opened.sendall(b"Content-Length: 1000\r\n\r\n")
        opened.settimeout(1)
        received = b""
        while time.monotonic() - started < settings.REQUEST_ARRIVAL_SECONDS + 20:
            try:
                opened.sendall(b"x")
                part = opened.recv(1000)
            except TimeoutError:
                continue
            except OSError:
                break
            if not part:
                break
            received += part
    assert received.startswith(b"HTTP/1.1 408 ")
    lasted = time.monotonic() - started
    assert settings.REQUEST_ARRIVAL_SECONDS <= lasted < settings.REQUEST_ARRIVAL_SECONDS + 15
    assert httpx.get(f"{dashboard.url}/healthz").status_code == 200


@pytest.mark.parametrize("declared", [2 * 1024**3, 10**15])
def test_a_body_of_gigabytes_is_refused_before_it_comes(dashboard: Dashboard, declared: int) -> None:
    with connect(dashboard) as opened:
        opened.sendall(b"Content-Length: %d\r\n\r\n" % declared)
        assert opened.recv(1000).startswith(b"HTTP/1.1 413 ")


def test_a_header_that_is_too_long_is_431(dashboard: Dashboard) -> None:
    with connect(dashboard) as opened:
        opened.sendall(b"X-Microsoft-Skype-Message-ID: " + b"m" * 20_000 + b"\r\n\r\n")
        assert opened.recv(1000).startswith(b"HTTP/1.1 431 ")
    assert httpx.get(f"{dashboard.url}/healthz").status_code == 200


def test_an_endless_chunked_body_costs_no_memory(own_dashboard: Dashboard) -> None:
    httpx.post(own_dashboard.webhook_url, content=iter([b"x" * 65536])).read()
    before = memory_of(own_dashboard.pid)
    chunk = b"10000\r\n" + b"x" * 65536 + b"\r\n"
    with connect(own_dashboard) as opened:
        opened.sendall(b"Transfer-Encoding: chunked\r\n\r\n")
        try:
            for _ in range(2000):  # 128 MB
                opened.sendall(chunk)
        except OSError:
            pass
        else:
            pytest.fail("the server took everything")
    assert memory_of(own_dashboard.pid) - before < 40_000, "kB"


def memory_of(pid: int) -> int:
    """Return a process's resident memory in kB."""
    with open(f"/proc/{pid}/status") as status:
        return next(int(line.split()[1]) for line in status if line.startswith("VmRSS"))


@pytest.mark.parametrize(("count", "status"), [(100, b"202"), (10_000, b"400")])
def test_ten_thousand_headers_are_refused_and_a_hundred_are_not(
    graph: Simulator, dashboard: Dashboard, count: int, status: bytes
) -> None:
    body = json.dumps(bodies.ringing("c-1")).encode()
    headers = [b"Authorization: Bearer " + graph.callback_token().encode(), b"Content-Length: %d" % len(body)]
    headers += [b"X-%d: y" % number for number in range(count)]
    with connect(dashboard) as opened:
        with contextlib.suppress(OSError):
            opened.sendall(b"\r\n".join(headers) + b"\r\nConnection: close\r\n\r\n" + body)
        answer = read_to_the_end(opened)
    assert answer.startswith(b"HTTP/1.1 " + status), answer[:100]
    assert Notification.objects.count() == (status == b"202")
    assert httpx.get(f"{dashboard.url}/healthz").status_code == 200


def test_a_browser_that_never_reads_costs_little_and_is_closed(
    own_dashboard: Dashboard, running_simulator: Simulator, people: People
) -> None:
    silence = settings.SOCKET_SILENCE_SECONDS
    running_simulator.deliver(bodies.ringing("c-0"))
    with signed_in_client(own_dashboard, "viewer") as client, open_socket(own_dashboard, client) as mute:
        json.loads(mute.recv(timeout=12))
        before = memory_of(own_dashboard.pid)
        started = time.monotonic()
        for number in range(1, 301):
            running_simulator.deliver(bodies.ringing(f"c-{number}", "Somebody with a long name " * 7))
        wait_until(lambda: "calls_viewers 0.0" in httpx.get(f"{own_dashboard.url}/metrics").text, silence + 15)
        assert time.monotonic() - started > silence - 1
        assert memory_of(own_dashboard.pid) - before < 40_000, "kB"
        assert isinstance(mute.recv(timeout=12), str), "the second frame, which was sent before it had to be silent"
        with pytest.raises(ConnectionClosed):
            mute.recv(timeout=12)
    assert mute.close_code == 4408
