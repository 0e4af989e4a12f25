"""HTTP requests of the daphne server: length and arrival time are limited here, at the socket.

Daphne hands a request to the application only after its whole body has arrived, so a limit there is too late.
"""

import asyncio
import time
from typing import Any, ClassVar
from urllib.parse import unquote

import daphne.server  # noqa: F401  (installs the asyncio reactor; must come before the reactor is imported)
from daphne.http_protocol import HTTPFactory, WebRequest
from daphne.utils import INVALID_HEADER_VALUE_BYTES
from django.conf import settings
from twisted.internet import reactor as _reactor
from twisted.web.http import HTTPChannel
from twisted.web.http_headers import Headers

from calls.graph.payloads import MAX_BODY_BYTES

reactor: Any = _reactor  # typed as the module it is only until an event loop takes its place

DRAIN_BYTES = 32 * 1024 * 1024  # read and thrown away after a refusal, so that an honest sender gets to read it

_LINE_ENDS = bytes(INVALID_HEADER_VALUE_BYTES)
_TOO_LARGE = b"413 Content Too Large"
_TOO_SLOW = b"408 Request Timeout"
_TOO_LONG = b"431 Request Header Fields Too Large"


class Flow:
    """The back-pressure of a streamed response: closed while the connection has too much waiting to be sent."""

    def __init__(self) -> None:
        self.open = asyncio.Event()
        self.open.set()
        self.moved_at = time.monotonic()

    def pauseProducing(self) -> None:
        """Close: the reader is behind."""
        self.open.clear()

    def resumeProducing(self) -> None:
        """Open: what was waiting has been sent."""
        self.moved_at = time.monotonic()
        self.open.set()

    def stopProducing(self) -> None:
        """Open for good: the reader has gone, and the sender finds out when it sends."""
        self.open.set()


class BoundedRequest(WebRequest):
    """A request whose length (MAX_BODY_BYTES) and time to arrive (REQUEST_ARRIVAL_SECONDS) are limited.

    Its response may be streamed for as long as the reader takes it.
    """

    # Requests that have not arrived in full. Checking all of them every second costs less than a timer for each.
    arriving: ClassVar[set["BoundedRequest"]] = set()

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        # Django reads forms itself; twisted would look for one in every posted body first, which costs as much again.
        super().__init__(*args, parsePOSTFormSubmission=False, **kwargs)
        self._flow: Flow | None = None
        self._arrived_bytes = 0
        self._refused = False
        self._began_at = time.monotonic()
        self.arriving.add(self)

    @classmethod
    def expire_late(cls) -> None:
        """Refuse every request that has been arriving for too long."""
        latest = time.monotonic() - settings.REQUEST_ARRIVAL_SECONDS
        for request in [request for request in cls.arriving if request._began_at < latest]:
            request._expire()

    def gotLength(self, length: int | None) -> None:
        """Refuse a body whose declared length is too great before any of it is kept."""
        super().gotLength(min(length, MAX_BODY_BYTES) if length else length)
        if length is not None and length > MAX_BODY_BYTES:
            self._refuse(_TOO_LARGE)

    def handleContentChunk(self, data: bytes) -> None:
        """Keep a part of the body, or throw it away when the request has been refused."""
        self._arrived_bytes += len(data)
        if not self._refused and self._arrived_bytes > MAX_BODY_BYTES:
            self._refuse(_TOO_LARGE)
        if not self._refused:
            super().handleContentChunk(data)
        elif self._arrived_bytes > DRAIN_BYTES:
            self.channel.forceAbortClient()

    def requestReceived(self, command: bytes, path: bytes, version: bytes) -> None:
        """Pass a request that has arrived in full on to the application, or hang up on a refused one."""
        self.arriving.discard(self)
        if self._refused:
            self.channel.loseConnection()
        else:
            super().requestReceived(command, path, version)

    def process(self) -> None:
        """Hand a request that has arrived in full to the application, or to daphne when it asks for a socket."""
        # Daphne's own path to the application costs as much as the webhook itself: it checks every byte of every header
        # again and goes through a deferred. A body this short needs no parts.
        if self.requestHeaders.hasHeader(b"upgrade"):
            super().process()
            return
        self.request_start = time.time()
        self.client_addr = [self.client.host, self.client.port]
        self.server_addr = [self.host.host, self.host.port]
        headers = _headers_of(self.requestHeaders)
        if headers is None or not self.uri.isascii():
            self.basic_error(400, b"Bad Request", "A header or the address has characters it must not have.")
            return
        self.content.seek(0)
        body = {"type": "http.request", "body": self.content.read(), "more_body": False}
        self.application_queue = self.server.create_application(self, self._scope(headers))
        self.application_queue.put_nowait(body)

    def _scope(self, headers: list[tuple[bytes, bytes]]) -> dict[str, Any]:
        return {
            "type": "http",
            "http_version": self.clientproto.rpartition(b"/")[2].decode("ascii"),
            "method": self.method.decode("ascii"),
            "path": unquote(self.path.decode("ascii")),
            "raw_path": self.path,
            "root_path": "",
            "scheme": "http",  # what a proxy in front speaks, it says in a header
            "query_string": self.uri.partition(b"?")[2],
            "headers": headers,
            "client": self.client_addr,
            "server": self.server_addr,
        }

    def handle_reply(self, message: dict[str, Any]) -> None:
        """Send a part of the response."""
        if message["type"] == "http.response.body" and self.channel is not None and not self.finished:
            more = message.get("more_body", False)
            if more and self._flow is None:
                self._flow = Flow()
                self.registerProducer(self._flow, True)
            elif self._flow is not None and not more:
                self.unregisterProducer()
        super().handle_reply(message)

    async def drained(self) -> None:
        """Return when the reader has taken most of what was sent, or has gone, so that memory holds no more."""
        if self._flow is not None:
            await self._flow.open.wait()
            self._flow.moved_at = time.monotonic()

    def check_timeouts(self) -> None:
        """Abort a streamed response whose reader has taken nothing for `http_timeout` seconds."""
        # Daphne would end the response after the time-out as if it were complete.
        if self._flow is None:
            super().check_timeouts()
        elif time.monotonic() - self._flow.moved_at > self.server.http_timeout:
            self._abort()

    def connectionLost(self, reason: Any) -> None:
        """Stop waiting for the rest."""
        self.arriving.discard(self)
        super().connectionLost(reason)

    def _refuse(self, status: bytes) -> None:
        self._refused = True
        self.channel.transport.write(b"HTTP/1.1 " + status + b"\r\nConnection: close\r\nContent-Length: 0\r\n\r\n")

    def _expire(self) -> None:
        self.arriving.discard(self)
        if not self._refused:
            self._refuse(_TOO_SLOW)
        self.channel.loseConnection()
        reactor.callLater(1, self._abort)

    def _abort(self) -> None:
        if self.channel is not None:
            self.channel.forceAbortClient()


class BoundedChannel(HTTPChannel):
    """A connection that answers 431 to a header line that is too long, where twisted would only hang up."""

    def lineLengthExceeded(self, line: bytes) -> None:
        """Refuse a header line of more than 16,384 bytes."""
        transport: Any = self.transport
        transport.write(b"HTTP/1.1 " + _TOO_LONG + b"\r\nConnection: close\r\nContent-Length: 0\r\n\r\n")
        self.loseConnection()


def _headers_of(received: Headers) -> list[tuple[bytes, bytes]] | None:
    """Return the headers as ASGI has them, None when a value has bytes that some readers take for a line end."""
    # Twisted has checked the names and the common line ends. A name with an underscore is left out, because gateways
    # take it for the same name with a hyphen.
    headers = [(name.lower(), value) for name, values in received.getAllRawHeaders() for value in values]
    if any(len(value.translate(None, _LINE_ENDS)) != len(value) for _, value in headers):
        return None
    return [(name, value) for name, value in headers if b"_" not in name]


class BoundedFactory(HTTPFactory):
    """Makes connections whose requests are bounded."""

    protocol = BoundedChannel  # HTTP/1.1 alone: what twisted puts around it negotiates HTTP/2, which needs TLS

    def buildProtocol(self, addr: Any) -> Any:
        """Return the protocol of a new connection."""
        protocol = super().buildProtocol(addr)
        protocol.requestFactory = BoundedRequest
        return protocol

    def log(self, request: Any) -> None:
        """Write no access log; what is counted is at /metrics."""
