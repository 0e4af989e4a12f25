"""A load generator for one address: so many connections, each with one request under way at any time.

Plain sockets and one selector, in a process of its own, so that it costs the server's core as little as it can.
"""

import json
import multiprocessing
import selectors
import socket
import time
import uuid
from collections.abc import Callable
from dataclasses import dataclass
from multiprocessing.connection import Connection


@dataclass(frozen=True, slots=True)
class Load:
    """What a run of requests came to."""

    answered: int
    refused: int
    seconds: float
    latencies: list[float]  # seconds

    @property
    def per_second(self) -> float:
        """Requests answered as they should be, in a second."""
        return self.answered / self.seconds


def post(ports: list[int], path: str, headers: dict[str, str], *, seconds: float, connections: int = 32) -> Load:
    """Post new incoming calls for so many seconds, the connections spread over the ports; return what came of it."""
    here, there = multiprocessing.Pipe()
    process = multiprocessing.get_context("fork").Process(
        target=_run, args=(there, ports, path, headers, seconds, connections)
    )
    process.start()
    there.close()  # so that a sender that fails ends the waiting
    load = here.recv()
    process.join()
    return load


def incoming(tenant: str) -> Callable[[], bytes]:
    """Return what makes bodies of new calls' first notifications, 900 bytes or so, as captures show them.

    All but the ids is written beforehand, so that making them costs the machine next to nothing.
    """
    call_id, chain_id, caller = (str(uuid.UUID(int=number)) for number in (1, 2, 3))
    party = {"id": caller, "displayName": "Ada Lovelace", "tenantId": tenant}
    bot = {"id": str(uuid.UUID(int=7)), "displayName": "Front desk"}
    item = {
        "@odata.type": "#microsoft.graph.commsNotification",
        "changeType": "created",
        "resource": f"/app/calls/{call_id}",
        "resourceUrl": f"/communications/calls/{call_id}",
        "resourceData": {
            "@odata.type": "#microsoft.graph.call",
            "state": "incoming",
            "direction": "incoming",
            "callChainId": chain_id,
            "tenantId": tenant,
            "source": {"identity": {"user": party}, "region": "emea", "languageId": "en-US"},
            "targets": [{"identity": {"application": bot}, "region": "emea"}],
            "requestedModalities": ["audio", "video"],
        },
    }
    body = json.dumps({"@odata.type": "#microsoft.graph.commsNotifications", "value": [item]}).replace("%", "%%")
    template = body.replace(call_id, "%(call)s").replace(chain_id, "%(chain)s").replace(caller, "%(caller)s")
    return lambda: (template % {"call": uuid.uuid4(), "chain": uuid.uuid4(), "caller": uuid.uuid4()}).encode()


class _Sender:
    """One connection."""

    def __init__(self, port: int, head: bytes, body: Callable[[], bytes]) -> None:
        self._head, self._body = head, body
        self.socket = socket.create_connection(("127.0.0.1", port))
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._received = b""
        self._sent_at = 0.0

    def send(self) -> None:
        body = self._body()
        message_id = f"X-Microsoft-Skype-Message-ID: {uuid.uuid4()}\r\n".encode()
        self._sent_at = time.perf_counter()
        self.socket.sendall(self._head + message_id + b"Content-Length: %d\r\n\r\n" % len(body) + body)

    def receive(self) -> tuple[int, float] | None:
        """Return status and seconds of an answer that is complete, None while it is not."""
        self._received += self.socket.recv(65536)
        head, found, rest = self._received.partition(b"\r\n\r\n")
        if not found or len(rest) < _length(head):
            return None
        self._received = b""
        return int(head.split(b" ", 2)[1]), time.perf_counter() - self._sent_at


def _length(head: bytes) -> int:
    for line in head.lower().split(b"\r\n"):
        if line.startswith(b"content-length:"):
            return int(line[15:])
    return 0


def _run(
    out: Connection, ports: list[int], path: str, headers: dict[str, str], seconds: float, connections: int
) -> None:
    lines = [f"POST {path} HTTP/1.1", "Host: 127.0.0.1", "Content-Type: application/json"]
    lines += [f"{name}: {value}" for name, value in headers.items() if name != "Tenant"]
    head = ("\r\n".join(lines) + "\r\n").encode()
    selector = selectors.DefaultSelector()
    body = incoming(headers["Tenant"])
    senders = [_Sender(ports[number % len(ports)], head, body) for number in range(connections)]
    for sender in senders:
        selector.register(sender.socket, selectors.EVENT_READ, sender)
    latencies: list[float] = []
    refused = 0
    started = time.perf_counter()
    for sender in senders:
        sender.send()
    while time.perf_counter() - started < seconds:
        for key, _ in selector.select(timeout=1):
            answer = key.data.receive()
            if answer is None:
                continue
            if answer[0] in (200, 202):
                latencies.append(answer[1])
            else:
                refused += 1
            key.data.send()
    elapsed = time.perf_counter() - started
    for sender in senders:
        sender.socket.close()
    out.send(Load(len(latencies), refused, elapsed, latencies))
