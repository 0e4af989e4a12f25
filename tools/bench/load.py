"""Load generators: requests as fast as they are answered, or so many a second whatever the answers.

Plain sockets and one epoll in a process of their own, so that they cost the machine as little as they can.
"""

import functools
import multiprocessing
import select
import socket
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from multiprocessing.connection import Connection
from typing import Any

CONNECTIONS = 32
GRACE_SECONDS = 1.0


@dataclass(frozen=True, slots=True)
class Load:
    """What a run of requests came to. `due` is when each of them should have left, in seconds of perf_counter."""

    answered: int
    refused: int
    seconds: float
    latencies: list[float]
    due: list[float]

    @property
    def per_second(self) -> float:
        """Requests answered as they should be, in a second."""
        return self.answered / self.seconds


def post(ports: list[int], requests: Iterator[bytes], *, seconds: float, connections: int = CONNECTIONS) -> Load:
    """Send requests for so many seconds, each connection one at a time, and return what came of it."""
    return _elsewhere(_post, ports, requests, seconds, connections)


def post_all(ports: list[int], requests: list[bytes]) -> Load:
    """Send these requests as fast as they are answered."""
    return _elsewhere(_post, ports, iter(requests), float("inf"), min(CONNECTIONS, len(requests)))


def pace(
    port: int, requests: Iterator[bytes], *, per_second: float, seconds: float, grace: float = GRACE_SECONDS
) -> Load:
    """Send so many requests a second, evenly, for so many seconds, and return what came of it.

    A request that finds no connection free leaves late, or never; when it was due is noted all the same. Answers that
    are not there `grace` seconds after the end are not waited for.
    """
    return _elsewhere(_pace, port, requests, per_second, round(per_second * seconds), grace)


def _elsewhere(run: Callable[..., Load], *args: Any) -> Load:
    here, there = multiprocessing.Pipe()
    process = multiprocessing.get_context("fork").Process(target=_tell, args=(there, run, *args))
    process.start()
    there.close()  # so that a sender that fails ends the waiting
    load: Load = here.recv()
    process.join()
    return load


def _tell(out: Connection, run: Callable[..., Load], *args: Any) -> None:
    out.send(run(*args))


class Sender:
    """One connection, with at most one request under way."""

    def __init__(self, port: int) -> None:
        self.socket = socket.create_connection(("127.0.0.1", port))
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.sent_at = 0.0
        self._received = b""

    def send(self, request: bytes) -> None:
        """Send a request whole."""
        self.sent_at = time.perf_counter()
        self.socket.sendall(request)

    def receive(self) -> int:
        """Return the status of an answer that is complete, 0 while it is not. Raises OSError when there is none."""
        arrived = self.socket.recv(65536)
        if not arrived:
            raise ConnectionError("The server hung up.")
        self._received += arrived
        status = status_of(self._received)
        if status:
            self._received = b""
        return status


@functools.lru_cache(maxsize=64)
def status_of(answer: bytes) -> int:
    """Return the status of a complete answer with a declared length, 0 while it is not complete."""
    head, found, rest = answer.partition(b"\r\n\r\n")
    if not found:
        return 0
    lengths = [line[15:] for line in head.lower().split(b"\r\n") if line.startswith(b"content-length:")]
    return int(head.split(b" ", 2)[1]) if len(rest) >= int(lengths[0] if lengths else 0) else 0


def _post(ports: list[int], requests: Iterator[bytes], seconds: float, connections: int) -> Load:
    poll, senders = _connect([ports[number % len(ports)] for number in range(connections)])
    latencies: list[float] = []
    refused = 0
    started = now = time.perf_counter()
    for sender in senders.values():
        sender.send(next(requests))
    under_way = len(senders)
    while under_way and now - started < seconds:
        for file, _ in poll.poll():
            sender = senders[file]
            status = sender.receive()
            if not status:
                continue
            now = time.perf_counter()
            if status == 202:
                latencies.append(now - sender.sent_at)
            else:
                refused += 1
            request = next(requests, None)
            if request is None:
                under_way -= 1
            else:
                sender.send(request)
    return Load(len(latencies), refused, now - started, latencies, [])


def _pace(port: int, requests: Iterator[bytes], per_second: float, count: int, grace: float) -> Load:
    poll, senders = _connect([port] * CONNECTIONS)
    free = list(senders.values())
    latencies: list[float] = []
    refused = sent = 0
    started = time.perf_counter()
    due = [started + number / per_second for number in range(count)]
    end = due[-1] + grace
    while len(latencies) < count and time.perf_counter() < end:
        while sent < count and free and due[sent] <= time.perf_counter():
            free.pop().send(next(requests))
            sent += 1
        waits = due[sent] - time.perf_counter() if sent < count and free else GRACE_SECONDS
        for file, _ in poll.poll(max(0.0, waits)):
            sender = senders[file]
            status = sender.receive()
            if status:
                free.append(sender)
                latencies.append(time.perf_counter() - sender.sent_at)
                refused += status != 202
    return Load(len(latencies) - refused, refused, time.perf_counter() - started, latencies, due)


def _connect(ports: list[int]) -> tuple[select.epoll, dict[int, Sender]]:
    poll = select.epoll()
    senders = {sender.socket.fileno(): sender for sender in map(Sender, ports)}
    for file in senders:
        poll.register(file, select.EPOLLIN)
    return poll, senders
