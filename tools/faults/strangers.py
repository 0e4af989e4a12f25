"""Hostile senders and hostile sockets, while others go on as if nothing were."""

import base64
import contextlib
import os
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

import httpx

from tests.clients import open_socket
from tests.servers import Dashboard, wait_until
from tools.faults.place import Place, lost, memory_of, ready, watched
from tools.faults.report import Finding, at_most, exactly, told

MEMORY_MB = 80.0
GIGABYTE = 1024**3
DRIPS = 50
BEGINNING = b"POST /api/calls HTTP/1.1\r\nHost: l\r\n"
CLOSED_WITHIN = 40.0


def senders(place: Place) -> Iterator[Finding]:
    """bodies of 2 GB, a byte a second, 10,000 headers, one endless header, half a request, while others call"""
    with _bystanders(place) as (dashboard, bystanders):
        yield exactly("2 GB declared", _declared(dashboard, 2 * GIGABYTE), 413)
        yield exactly("2 GB in chunks, undeclared", _chunked(dashboard, 2 * GIGABYTE), "cut off or 413")
        yield exactly("10,000 headers", _headers(dashboard, b"".join(b"X-%d: y\r\n" % n for n in range(10_000))), 400)
        yield exactly("one header of 10 MB", _headers(dashboard, b"X: " + b"y" * 10_000_000 + b"\r\n"), 431)
        yield exactly("no HTTP at all", _answer(dashboard, os.urandom(5000) + b"\r\n\r\n"), 400)
        dripping = {
            "a body at a byte a second": _Drip(dashboard, BEGINNING + b"Content-Length: 1000\r\n\r\n"),
            "headers at a byte a second": _Drip(dashboard, BEGINNING + b"X: "),
            "half a request and silence": _Drip(dashboard, BEGINNING + b"Content-Le", silent=True),
        }
        for name, drip in dripping.items():
            yield at_most(f"{DRIPS} times {name}: seconds until cut off", drip.seconds(), CLOSED_WITHIN, "s")
            yield exactly(f"{DRIPS} times {name}: told anything but 408", drip.told_otherwise, 0)
    yield from bystanders()


def sockets(place: Place) -> Iterator[Finding]:
    """sockets that never read, never speak, send garbage or giants, 10,000 connects a minute, while others watch"""
    with _bystanders(place) as (dashboard, bystanders):
        client = place.supervisors(dashboard)[0]
        with contextlib.ExitStack() as mutes:
            for _ in range(20):
                mutes.enter_context(open_socket(dashboard, client))  # they neither read nor acknowledge
            yield exactly("without cookies", _close_code(dashboard, b""), 4401)
            cookies = "; ".join(f"{name}={value}" for name, value in client.cookies.items()).encode()
            garbage, command = _frame(b"\xff\x00garbage"), _frame(b'{"type": "reject"}')
            yield exactly("garbage in a frame", _close_code(dashboard, cookies, garbage), "closed")
            yield exactly("words nobody knows", _close_code(dashboard, cookies, command), 4400)
            giant = b"\x81\xff" + (2 * GIGABYTE).to_bytes(8, "big") + b"\0\0\0\0" + b"x" * 65536
            yield exactly("a frame of 2 GB", _close_code(dashboard, cookies, giant), "closed")
            connects, seconds = _flood(dashboard, 1000 if place.short else 10_000)
            yield told("connects in the flood", f"{connects:,} in {seconds:.0f} s")
            started = time.monotonic()
            wait_until(lambda: _viewers(dashboard) <= bystanders.watching, 90)
            yield at_most("mute sockets: seconds until closed", time.monotonic() - started, 60.0, "s")
    yield from bystanders()


# Bystanders -----------------------------------------------------------------------------------------------------------


@dataclass
class _Bystanders:
    """What those saw who did nothing wrong."""

    watching: int
    findings: list[Finding] = field(default_factory=list)

    def __call__(self) -> list[Finding]:
        return self.findings


@contextmanager
def _bystanders(place: Place) -> Iterator[tuple[Dashboard, _Bystanders]]:
    database_url = place.sqlite()
    with place.dashboard(database_url) as dashboard:
        dashboard.wait_ready()
        with watched(place, database_url, [dashboard], rate=100) as watching:
            wait_until(lambda: len(watching.callers.acknowledged) > 100, 60)
            before = memory_of(dashboard)
            seen = _Bystanders(len(watching.browsers))
            yield dashboard, seen
            grown = memory_of(dashboard) - before
        callers = watching.callers
        others = sum(callers.statuses.values()) - callers.statuses[202] + callers.unanswered
        seen.findings = [
            watching.truth,
            at_most("memory grown", round(grown, 1), MEMORY_MB, "MB"),
            exactly("others: requests not answered 202", others, 0),
            told("others: slowest answer", f"{callers.slowest:.2f} s"),
            exactly("others: acknowledged and lost", lost(database_url, callers.acknowledged), 0),
            exactly("others: sockets that were closed", watching.closed, 0),
            exactly("ready", ready(dashboard), True),
        ]


# Requests -------------------------------------------------------------------------------------------------------------


def _connect(dashboard: Dashboard) -> socket.socket:
    return socket.create_connection(("127.0.0.1", dashboard.port), timeout=CLOSED_WITHIN)


def _status(line: socket.socket) -> int:
    """Return the status of the answer, 0 when the connection ended without one."""
    try:
        received = line.recv(65536)
    except OSError:
        return 0
    return int(received.split(b" ", 2)[1]) if received.startswith(b"HTTP/1.1 ") else 0


def _answer(dashboard: Dashboard, request: bytes) -> int:
    with _connect(dashboard) as line:
        with contextlib.suppress(OSError):
            line.sendall(request)
        return _status(line)


def _declared(dashboard: Dashboard, length: int) -> int:
    return _answer(dashboard, b"POST /api/calls HTTP/1.1\r\nHost: l\r\nContent-Length: %d\r\n\r\n" % length)


def _headers(dashboard: Dashboard, headers: bytes) -> int:
    return _answer(dashboard, b"POST /api/calls HTTP/1.1\r\nHost: l\r\n" + headers + b"\r\n")


def _chunked(dashboard: Dashboard, length: int) -> str:
    chunk = b"100000\r\n" + b"x" * 0x100000 + b"\r\n"
    with _connect(dashboard) as line:
        line.sendall(b"POST /api/calls HTTP/1.1\r\nHost: l\r\nTransfer-Encoding: chunked\r\n\r\n")
        try:
            for _ in range(length // 0x100000):
                line.sendall(chunk)
        except OSError:
            return "cut off or 413"
        return f"taken, {_status(line)}"


class _Drip:
    """Connections that send a byte a second, or nothing more, until they are cut off."""

    def __init__(self, dashboard: Dashboard, beginning: bytes, *, silent: bool = False) -> None:
        self.told_otherwise = 0
        self._started = time.monotonic()
        self._ended = self._started
        self._lines = [_connect(dashboard) for _ in range(DRIPS)]
        for line in self._lines:
            line.sendall(beginning)
            line.settimeout(0.02)
        self._thread = threading.Thread(target=self._run, args=(silent,))
        self._thread.start()

    def seconds(self) -> float:
        """Return how long the last of them was borne with."""
        self._thread.join()
        return round(self._ended - self._started, 1)

    def _run(self, silent: bool) -> None:
        while self._lines and time.monotonic() - self._started < 2 * CLOSED_WITHIN:
            for line in list(self._lines):
                try:
                    if not silent:
                        line.send(b"x")
                    received = line.recv(1000)
                    self.told_otherwise += bool(received) and not received.startswith(b"HTTP/1.1 408 ")
                except TimeoutError:
                    continue
                except OSError:  # the answer went past somebody who was still sending
                    pass
                self._ended = time.monotonic()
                self._lines.remove(line)
                line.close()
            time.sleep(0.1)


# Sockets --------------------------------------------------------------------------------------------------------------


def _frame(text: bytes) -> bytes:
    return bytes([0x81, 0x80 | len(text)]) + b"\0\0\0\0" + text


def _handshake(dashboard: Dashboard, cookies: bytes) -> socket.socket:
    line = _connect(dashboard)
    key = base64.b64encode(os.urandom(16))
    host = b"localhost:%d" % dashboard.port
    line.sendall(
        b"GET /ws/calls/ HTTP/1.1\r\nHost: " + host + b"\r\nOrigin: http://" + host + b"\r\nUpgrade: websocket\r\n"
        b"Connection: Upgrade\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: " + key + b"\r\n"
        b"Cookie: " + cookies + b"\r\n\r\n"
    )
    return line


def _close_code(dashboard: Dashboard, cookies: bytes, frame: bytes = b"") -> int | str:
    """Return the code a socket is closed with; `closed` for one the protocol itself has, or for none."""
    with _handshake(dashboard, cookies) as line:
        received = b""
        with contextlib.suppress(OSError):
            while b"\r\n\r\n" not in received:
                received += line.recv(65536)
            part = received.partition(b"\r\n\r\n")[2]
            line.sendall(frame)
            while (found := _code_in(part)) is None:
                part = line.recv(65536)
                if not part:
                    return "closed"
            return found if found >= 4000 else "closed"
    return "closed"


def _code_in(part: bytes) -> int | None:
    """Return the code of the close frame at the end of what came."""
    at = part.rfind(b"\x88")
    if at < 0 or len(part) < at + 4 or part[at + 1] > 125:
        return None
    return int.from_bytes(part[at + 2 : at + 4], "big")


def _flood(dashboard: Dashboard, connects: int) -> tuple[int, float]:
    """Connect at ten thousand a minute, leave without a word; return how many did, in how many seconds."""
    started = time.monotonic()
    kinds: list[Callable[[], socket.socket]] = [lambda: _connect(dashboard), lambda: _handshake(dashboard, b"")]
    done = 0
    for number in range(connects):
        with contextlib.suppress(OSError), kinds[number % 2]():
            done += 1
        time.sleep(max(0.0, started + number * 60 / 10_000 - time.monotonic()))
    return done, time.monotonic() - started


def _viewers(dashboard: Dashboard) -> float:
    text = httpx.get(f"{dashboard.url}/metrics", timeout=30).text
    return float(next(line for line in text.splitlines() if line.startswith("calls_viewers ")).split()[1])
