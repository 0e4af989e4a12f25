"""Browsers without browsers: many sockets of the live board in a process of its own, and what each of them was told.

What a frame tells is found by the numbers that `callbacks` hides in callers' names, so any application's frames will
do; frames that are the same for many sockets are read once.
"""

import functools
import multiprocessing
import re
import select
import socket
import time
from contextlib import suppress
from multiprocessing.connection import Connection
from types import TracebackType
from typing import Literal, Self

NUMBER = re.compile(rb'"Caller (\d+)"')
REVISION = re.compile(rb'"revision":(\d+)')
OPENING_AT_ONCE = 20
TEXT, CLOSE, PING, PONG = 1, 8, 9, 10
FINAL, MASKED = 0x80, 0x80
NARROW_BUFFER_BYTES, NARROW_SEGMENT_BYTES = 4096, 536
PINGS_AT_ONCE, PING_PAUSE_SECONDS = 50, 0.001

Manner = Literal["reads", "silent", "pings"]
Frames = list[tuple[float, tuple[int, ...]]]  # when each frame arrived, in seconds of perf_counter, and its numbers


class Crowd:
    """So many sockets to one server; a context manager that returns when all are open.

    They read what they are told, or nothing behind their first frame: silently, or sending pings as fast as they are
    taken.
    """

    def __init__(self, port: int, size: int, cookie: str = "", *, manner: Manner = "reads") -> None:
        self._here, there = multiprocessing.Pipe()
        self._process = multiprocessing.get_context("fork").Process(
            target=_watch, args=(there, port, size, cookie, manner)
        )
        self._process.start()
        there.close()
        if self._here.recv() != "open":
            raise ConnectionError("Not every socket could be opened.")

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._process.kill()
        self._process.join()

    def frames(self) -> list[Frames]:
        """Return what each socket was told so far, socket by socket."""
        self._here.send("frames")
        frames: list[Frames] = self._here.recv()
        return frames


# What it comes to -----------------------------------------------------------------------------------------------------


def arrivals(frames: Frames, calls: int) -> dict[int, float]:
    """Return when each change reached the socket: with its own frame, or with that of a later change of its call.

    Changes are numbered without gaps and go round the calls, so change n is one of call n % calls.
    """
    arrived: dict[int, float] = {}
    reached: dict[int, int] = {}
    for at, numbers in frames:
        for number in numbers:
            call = number % calls
            for change in range(reached.get(call, call - calls) + calls, number + 1, calls):
                arrived[change] = at
            reached[call] = max(number, reached.get(call, number))
    return arrived


def final(frames: Frames, calls: int) -> dict[int, int]:
    """Return the number that each call had in the last frame about it."""
    return {number % calls: number for _, numbers in frames for number in numbers}


def wrong(frames: Frames, calls: int, truth: set[int]) -> int:
    """Return for how many calls the socket's last word is not the database's."""
    seen = final(frames, calls)
    return sum(1 for number in truth if seen.get(number % calls) != number)


# The sockets ----------------------------------------------------------------------------------------------------------


class _Socket:
    def __init__(self, port: int, cookie: str, *, reads: bool = True) -> None:
        self._reads = reads
        self.socket = socket.socket()
        if (
            not reads
        ):  # the kernel of either side keeps kilobytes instead of megabytes, so that the server keeps the rest
            self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, NARROW_BUFFER_BYTES)
            self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_MAXSEG, NARROW_SEGMENT_BYTES)
        self.socket.connect(("127.0.0.1", port))
        self.open = False
        self.frames: Frames = []
        self._received = b""
        lines = [
            "GET /ws/calls/ HTTP/1.1",
            f"Host: localhost:{port}",
            f"Origin: http://localhost:{port}",
            "Connection: Upgrade",
            "Upgrade: websocket",
            "Sec-WebSocket-Version: 13",
            "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==",
            *([f"Cookie: {cookie}"] if cookie else []),
        ]
        self.socket.sendall("\r\n".join(lines).encode() + b"\r\n\r\n")

    @property
    def is_settled(self) -> bool:
        """Whether it is open, and has its first frame when it reads no other."""
        return self.open and (self._reads or bool(self.frames))

    def receive(self) -> None:
        """Take what has arrived, and acknowledge each frame that asks for it, if others are to be read."""
        arrived = self.socket.recv(1 << 20)
        if not arrived:
            raise ConnectionError("A socket was closed.")
        self._received += arrived
        if not self.open:
            self._open()
        while self.open and (found := _frame_in(self._received)):
            kind, payload, length = found
            self._received = self._received[length:]
            self._take(kind, payload)

    def _open(self) -> None:
        head, found, self._received = self._received.partition(b"\r\n\r\n")
        if not found:
            self._received = head
        elif not head.startswith(b"HTTP/1.1 101"):
            raise ConnectionError(head.decode("latin-1"))
        else:
            self.open = True

    def _take(self, kind: int, payload: bytes) -> None:
        if kind == CLOSE:
            raise ConnectionError(f"A socket was closed: {payload!r}")
        if kind == PING:
            self.socket.sendall(_frame(PONG, payload))
            return
        numbers, acknowledgement = _read(payload)
        self.frames.append((time.perf_counter(), numbers))
        if acknowledgement and self._reads:
            self.socket.sendall(acknowledgement)


def _frame_in(received: bytes) -> tuple[int, bytes, int] | None:
    """Return kind, payload and whole length of the first frame, None while it is not complete. Servers do not mask."""
    if len(received) < 2:
        return None
    length, start = received[1], 2
    if length == 126:
        length, start = int.from_bytes(received[2:4]), 4
    elif length == 127:
        length, start = int.from_bytes(received[2:10]), 10
    end = start + length
    return (received[0] & 0x0F, received[start:end], end) if start <= len(received) >= end else None


def _frame(kind: int, payload: bytes) -> bytes:
    """Return a short frame, masked with nothing but zeros."""
    return bytes((FINAL | kind, MASKED | len(payload))) + bytes(4) + payload


@functools.lru_cache(maxsize=128)
def _read(payload: bytes) -> tuple[tuple[int, ...], bytes]:
    """Return the numbers a frame tells, and the acknowledgement it asks for, empty when it asks for none."""
    revision = REVISION.search(payload)
    acknowledgement = _frame(TEXT, b'{"type":"ack","revision":%b}' % revision[1]) if revision else b""
    return tuple(map(int, NUMBER.findall(payload))), acknowledgement


def _watch(out: Connection, port: int, size: int, cookie: str, manner: Manner) -> None:
    poll = select.epoll()
    sockets: dict[int, _Socket] = {}
    for _ in range(0, size, OPENING_AT_ONCE):
        opening = [
            _Socket(port, cookie, reads=manner == "reads") for _ in range(min(OPENING_AT_ONCE, size - len(sockets)))
        ]
        for one in opening:
            sockets[one.socket.fileno()] = one
            poll.register(one.socket, select.EPOLLIN)
        while not all(one.is_settled for one in opening):
            _receive(poll, sockets)
    out.send("open")
    while manner == "silent":
        time.sleep(3600)
    if manner == "pings":
        _ping_for_ever([one.socket for one in sockets.values()])
    poll.register(out, select.EPOLLIN)
    while True:
        if _receive(poll, sockets, out.fileno()):
            out.recv()
            out.send([one.frames for one in sockets.values()])


def _ping_for_ever(sockets: list[socket.socket]) -> None:
    """Send pings as fast as they are taken, and read none of the pongs."""
    pings = _frame(PING, bytes(125)) * PINGS_AT_ONCE
    left = dict.fromkeys(sockets, pings)
    for one in sockets:
        one.setblocking(False)
    while True:
        for one in sockets:
            with suppress(BlockingIOError):
                left[one] = left[one][one.send(left[one]) :] or pings
        time.sleep(PING_PAUSE_SECONDS)


def _receive(poll: select.epoll, sockets: dict[int, _Socket], other: int = -1) -> bool:
    """Receive what has arrived; return whether anything arrived at `other`."""
    asked = False
    for file, _ in poll.poll():
        if file == other:
            asked = True
        else:
            sockets[file].receive()
    return asked
