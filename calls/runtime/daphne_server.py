"""The daphne server of `manage.py serve`: bounded requests, a start and an end for what runs beside them.

Daphne hands a request to the application only after its whole body has arrived, so a limit in the application is too
late: length (declared or chunked) and arrival time are enforced here, at the socket. A bare `daphne` command line has
none of this and needs a proxy in front that has.
"""

import asyncio
import functools
import logging
import time
from typing import Any, ClassVar
from urllib.parse import unquote

from daphne.http_protocol import HTTPFactory, WebRequest
from daphne.server import Server as DaphneServer
from daphne.utils import INVALID_HEADER_VALUE_BYTES
from daphne.ws_protocol import WebSocketFactory, WebSocketProtocol
from django.conf import settings
from twisted.internet import reactor as _reactor
from twisted.internet.defer import Deferred
from twisted.internet.task import LoopingCall
from twisted.web.http import HTTPChannel
from twisted.web.http_headers import Headers

from calls.graph.payloads import MAX_BODY_BYTES
from calls.runtime import runtime

logger = logging.getLogger(__name__)
reactor: Any = _reactor  # typed as the module it is only until an event loop takes its place

DRAIN_BYTES = 32 * 1024 * 1024  # read and thrown away after a refusal, so that an honest sender gets to read it
LET_GO_SECONDS = 1.0  # for requests that are given up at the end
MAX_SOCKET_MESSAGE_BYTES = 16 * 1024

_LINE_ENDS = bytes(INVALID_HEADER_VALUE_BYTES)
_TOO_LARGE = b"413 Content Too Large"
_TOO_SLOW = b"408 Request Timeout"
_TOO_LONG = b"431 Request Header Fields Too Large"


class Flow:
    """Whether a reader keeps up with a streamed response: the connection closes it while too much is waiting."""

    def __init__(self) -> None:
        self.open = asyncio.Event()
        self.open.set()
        self.moved_at = time.monotonic()

    def pauseProducing(self) -> None:
        """Wait: the reader is behind."""
        self.open.clear()

    def resumeProducing(self) -> None:
        """Go on: what was waiting has left."""
        self.moved_at = time.monotonic()
        self.open.set()

    def stopProducing(self) -> None:
        """Nobody reads any more; whoever waits finds out by going on."""
        self.open.set()


class BoundedRequest(WebRequest):
    """A request that may only be so long and only take so long to arrive.

    Its response may be streamed for as long as it is read: daphne by itself would end it after the time-out as if it
    were complete, and keep in memory whatever a slow reader has not taken yet.
    """

    # Those that have not arrived in full. One look at all of them every second costs less than a timer for each.
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
        """Hand a request that has arrived in full to the application, or to daphne when it asks for a socket.

        Daphne's own way to the application costs as much as the webhook itself: it looks at every byte of every header
        once more, and goes through a deferred. Of a body as short as these there is no need to make parts.
        """
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
        """Return when the reader has taken most of what was sent, or has gone."""
        if self._flow is not None:
            await self._flow.open.wait()
            self._flow.moved_at = time.monotonic()

    def check_timeouts(self) -> None:
        """Hang up on a streamed response that stands still, in a way that cannot be taken for its end."""
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
    """A connection that says why it takes no more of a header, where twisted would hang up without a word."""

    def lineLengthExceeded(self, line: bytes) -> None:
        """Refuse a header line of more than 16,384 bytes."""
        transport: Any = self.transport
        transport.write(b"HTTP/1.1 " + _TOO_LONG + b"\r\nConnection: close\r\nContent-Length: 0\r\n\r\n")
        self.loseConnection()


def _headers_of(received: Headers) -> list[tuple[bytes, bytes]] | None:
    """Return the headers as ASGI has them, None when a value has bytes that some readers take for the end of a line.

    Twisted has looked at the names and at the common line ends. A name with an underscore is left out: gateways take
    it for another one with a hyphen.
    """
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


class BoundedSocket(WebSocketProtocol):
    """A socket that takes only short messages, and sends any: autobahn holds what leaves to the same limit."""

    def serverSend(self, content: str, binary: bool = False) -> None:
        """Send a text; the application sends nothing else."""
        if self.state == self.STATE_OPEN:
            self.transport.write(_text_frame(content))


@functools.lru_cache(maxsize=8)
def _text_frame(text: str) -> bytes:
    """Return the text as one WebSocket frame (RFC 6455, 5.2), made once for all the sockets it is sent to."""
    payload = text.encode()
    length = len(payload)
    if length < 126:
        return bytes((0x81, length)) + payload
    if length < 2**16:
        return b"\x81\x7e" + length.to_bytes(2, "big") + payload
    return b"\x81\x7f" + length.to_bytes(8, "big") + payload


class Server(DaphneServer):
    """Daphne with bounded requests, which starts this process's parts and finishes their work before it ends."""

    def __init__(self, application: Any, host: str, port: int) -> None:
        self._host, self._port = host, port
        self.problem = ""
        self.is_stuck = False
        super().__init__(
            application,
            endpoints=[f"tcp:{port}:interface={host.replace(':', chr(92) + ':')}"],
            http_timeout=60,
            websocket_max_message_size=MAX_SOCKET_MESSAGE_BYTES,
            websocket_max_frame_size=MAX_SOCKET_MESSAGE_BYTES,
            websocket_timeout=-1,
            server_name="",
            verbosity=1,
        )

    @property
    def http_factory(self) -> HTTPFactory:
        """The factory of connections; daphne sets its own while it starts, and gets ours."""
        return self._http_factory

    @http_factory.setter
    def http_factory(self, factory: HTTPFactory) -> None:
        self._http_factory = BoundedFactory(self)

    @property
    def ws_factory(self) -> WebSocketFactory:
        """The factory of sockets, likewise."""
        return self._ws_factory

    @ws_factory.setter
    def ws_factory(self, factory: WebSocketFactory) -> None:
        factory.protocol = BoundedSocket
        self._ws_factory = factory

    async def handle_reply(self, protocol: Any, message: dict[str, Any]) -> None:
        """Send a part of a response, and let its maker wait while the reader is behind."""
        await super().handle_reply(protocol, message)
        if message["type"] == "http.response.body":
            await protocol.drained()

    def listen_success(self, port: Any) -> None:
        """Start what runs beside the requests once the address is ours."""
        super().listen_success(port)
        reactor.callLater(0, self._start_process)
        LoopingCall(BoundedRequest.expire_late).start(1.0)

    def listen_error(self, failure: Any) -> None:
        """Say in words that the address cannot be had, and stop."""
        self.problem = (
            f"Cannot listen on {self._host}:{self._port}: {failure.getErrorMessage()} "
            "Stop what uses it, or set PORT to another port."
        )
        reactor.callLater(0, self.stop)

    def kill_all_applications(self) -> Deferred:
        """Finish what was promised, then end what is still open. Called before the reactor stops."""
        return Deferred.fromFuture(asyncio.ensure_future(self._finish()))

    def _start_process(self) -> None:
        try:
            runtime.start()
        except runtime.StartFailed as error:
            self.problem = str(error)
            self.stop()
            return
        logger.info("Calls Dashboard is listening on http://%s:%d/", self._host, self._port)

    async def _finish(self) -> None:
        if not self.problem:
            logger.info("Stopping: finishing decisions and notifications under way.")
        for listener in self.listeners:
            listener.addCallback(lambda port: port.stopListening())
        self.is_stuck = not await runtime.stop()
        unfinished = [details.get("application_instance") for details in self.connections.values()]
        waiting = [task for task in unfinished if task and not task.done()]
        for task in waiting:
            task.cancel()
        if waiting:
            _, held_up = await asyncio.wait(waiting, timeout=LET_GO_SECONDS)
            self.is_stuck = self.is_stuck or bool(held_up)
