"""The daphne server of `manage.py serve`: bounded requests, and the start and end of the runtime.

A bare `daphne` command line has none of these limits and needs a proxy in front that has them.
"""

import asyncio
import logging
from typing import Any

from daphne.http_protocol import HTTPFactory
from daphne.server import Server as DaphneServer
from daphne.ws_protocol import WebSocketFactory
from twisted.internet import reactor as _reactor
from twisted.internet.defer import Deferred
from twisted.internet.task import LoopingCall

from calls.runtime import runtime
from calls.runtime.bounded_request import BoundedFactory, BoundedRequest
from calls.runtime.bounded_socket import BoundedSocket

logger = logging.getLogger(__name__)
reactor: Any = _reactor  # typed as the module it is only until an event loop takes its place

LET_GO_SECONDS = 1.0  # for requests that are given up at the end
MAX_SOCKET_MESSAGE_BYTES = 16 * 1024


class Server(DaphneServer):
    """Daphne with bounded requests; starts the runtime and finishes its work before it ends.

    After `run`, `problem` is a sentence when the start failed, and `is_stuck` tells of a thread that cannot be ended.
    """

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
        """The factory of connections; daphne sets its own while it starts, which is replaced by ours."""
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
        """Send a part of a response, and return when the reader has taken most of it."""
        await super().handle_reply(protocol, message)
        if message["type"] == "http.response.body":
            await protocol.drained()

    def listen_success(self, port: Any) -> None:
        """Start the runtime once the address is bound."""
        super().listen_success(port)
        reactor.callLater(0, self._start_process)
        LoopingCall(BoundedRequest.expire_late).start(1.0)

    def listen_error(self, failure: Any) -> None:
        """Note in `problem` why the address cannot be bound, and stop."""
        self.problem = (
            f"Cannot listen on {self._host}:{self._port}: {failure.getErrorMessage()} "
            "Stop what uses it, or set PORT to another port."
        )
        reactor.callLater(0, self.stop)

    def kill_all_applications(self) -> Deferred:
        """Stop the runtime, then cancel open requests. Daphne calls this before the reactor stops."""
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
