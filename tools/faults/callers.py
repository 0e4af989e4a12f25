"""Graph's side under load: notifications at a steady rate, and exactly what was answered to each."""

import json
import queue
import socket
import ssl
import threading
import time
import uuid
from collections import Counter
from collections.abc import Sequence

CONNECTIONS = 16
ANSWER_SECONDS = 40.0
MAX_LATE = 0.5  # seconds; a sender that was held up longer does not make up for all of it


class Callers:
    """Calls that begin and end, as many notifications a second as asked for, spread over the servers' ports.

    Nothing is sent twice: what is not acknowledged is only counted. Every notification has a message id of its own, by
    which it is found in the database.
    """

    def __init__(
        self, ports: Sequence[int], token: str, tenant: str, rate: float = 500.0, tls: ssl.SSLContext | None = None
    ) -> None:
        self.acknowledged: set[str] = set()
        self.statuses: Counter[int] = Counter()
        self.unanswered = 0
        self.slowest = 0.0
        self.without_retry_after = 0
        self.answered_at: dict[int, float] = {}
        self._ports, self._tenant, self._pause = list(ports), tenant, CONNECTIONS / rate
        self._head = f"POST /api/calls HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer {token}\r\n"
        self._tls = tls
        self._stop = threading.Event()
        self._threads = [threading.Thread(target=self._call, args=(number,)) for number in range(CONNECTIONS)]
        self._lock = threading.Lock()

    def __enter__(self) -> "Callers":
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *unused: object) -> None:
        self._stop.set()
        for thread in self._threads:
            thread.join()

    def last(self, status: int) -> float:
        """Return when this status was answered last, in seconds of time.monotonic(); 0 when it never was."""
        return self.answered_at.get(status, 0.0)

    def _call(self, number: int) -> None:
        line = _Line(self._ports[number % len(self._ports)], self._tls)
        due = time.monotonic()
        bodies: queue.SimpleQueue[bytes] = queue.SimpleQueue()
        while not self._stop.is_set():
            due = max(due + self._pause, time.monotonic() - MAX_LATE)
            self._stop.wait(due - time.monotonic())
            if bodies.empty():
                for body in story(self._tenant):
                    bodies.put(body)
            self._send(line, bodies.get())
        line.hang_up()

    def _send(self, line: "_Line", body: bytes) -> None:
        message_id = str(uuid.uuid4())
        head = f"{self._head}X-Microsoft-Skype-Message-ID: {message_id}\r\nContent-Length: {len(body)}\r\n\r\n"
        started = time.monotonic()
        answer = line.ask(head.encode() + body)
        with self._lock:
            if answer is None:
                self.unanswered += 1
                return
            status = int(answer.split(b" ", 2)[1])
            self.statuses[status] += 1
            self.answered_at[status] = time.monotonic()
            self.slowest = max(self.slowest, time.monotonic() - started)
            if status == 202:
                self.acknowledged.add(message_id)
            elif status == 503 and b"retry-after" not in answer.lower():
                self.without_retry_after += 1


class _Line:
    """One connection, made anew when it is gone."""

    def __init__(self, port: int, tls: ssl.SSLContext | None) -> None:
        self._port, self._tls = port, tls
        self._socket: socket.socket | None = None

    def ask(self, request: bytes) -> bytes | None:
        """Return the head of the answer, None when there is none."""
        try:
            if self._socket is None:
                self._socket = socket.create_connection(("127.0.0.1", self._port), timeout=ANSWER_SECONDS)
                self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                if self._tls:
                    self._socket = self._tls.wrap_socket(self._socket, server_hostname="localhost")
            self._socket.sendall(request)
            received = b""
            while b"\r\n\r\n" not in received:
                part = self._socket.recv(65536)
                if not part:
                    raise ConnectionResetError
                received += part
            return received
        except OSError:
            self.hang_up()
            time.sleep(0.02)  # nobody is there; knock again
            return None

    def hang_up(self) -> None:
        """Close the connection."""
        if self._socket:
            self._socket.close()
        self._socket = None


def story(tenant: str) -> list[bytes]:
    """Return the two notifications of a call that rings and ends, so that boards stay as small as they are."""
    call_id = str(uuid.uuid4())
    about = {"resource": f"/app/calls/{call_id}", "resourceUrl": f"/communications/calls/{call_id}"}
    kind = {"@odata.type": "#microsoft.graph.call"}
    caller = {"identity": {"user": {"id": str(uuid.uuid4()), "displayName": "Ada Lovelace", "tenantId": tenant}}}
    rings = {**kind, "state": "incoming", "direction": "incoming", "source": caller, "tenantId": tenant}
    items = ({"changeType": "created", "resourceData": rings}, {"changeType": "deleted", "resourceData": kind})
    return [json.dumps({"value": [{**about, **item}]}).encode() for item in items]
