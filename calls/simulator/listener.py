"""The HTTPS server of the simulator: one thread with its own event loop, and a record of every request."""

import socket
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import uvicorn

START_SECONDS = 10.0
GRACE_SECONDS = 1


@dataclass(frozen=True, slots=True)
class ReceivedRequest:
    """One request the server received, and the status it was answered with; 0 when the connection was cut."""

    method: str
    path: str
    headers: dict[str, str]
    status: int


class Listener:
    """Serves an ASGI application on 127.0.0.1. Raises OSError when the port is taken; port 0 takes a free one."""

    def __init__(self, port: int, certificate: Path) -> None:
        self._certificate = certificate
        self._socket = _listen(port)
        self._server: uvicorn.Server | None = None
        self._thread: threading.Thread | None = None

    @property
    def port(self) -> int:
        """The port it listens on."""
        return int(self._socket.getsockname()[1])

    def start(self, application: Any, record: Callable[[ReceivedRequest], None]) -> None:
        """Serve, and return when requests are answered; `record` is told of each in the server's thread."""
        config = uvicorn.Config(
            _Recorder(application, record),
            ssl_certfile=str(self._certificate),
            log_level="critical",
            lifespan="off",
            server_header=False,
            ws="none",
            timeout_graceful_shutdown=GRACE_SECONDS,
        )
        self._server = uvicorn.Server(config)
        self._thread = threading.Thread(target=self._server.run, args=([self._socket],), name="graph", daemon=True)
        self._thread.start()
        deadline = time.monotonic() + START_SECONDS
        while not self._server.started:
            if time.monotonic() > deadline or not self._thread.is_alive():
                raise RuntimeError("The simulator's server did not start.")
            time.sleep(0.01)

    def stop(self) -> None:
        """Stop serving; requests that are still being answered get a second."""
        if self._server and self._thread:
            self._server.should_exit = True
            self._thread.join(timeout=START_SECONDS)
        self._socket.close()


class _Recorder:
    def __init__(self, application: Any, record: Callable[[ReceivedRequest], None]) -> None:
        self._application, self._record = application, record

    async def __call__(self, scope: dict[str, Any], receive: Any, send: Any) -> None:
        noted = False
        # ASGI has no message that cuts a connection, so the server's own transport is aborted.
        scope["abort"] = send.__self__.transport.abort

        def note(status: int) -> None:
            nonlocal noted
            noted = True
            headers = {name.decode("latin-1"): value.decode("latin-1") for name, value in scope["headers"]}
            self._record(ReceivedRequest(scope["method"], scope["path"], headers, status))

        async def noting(message: dict[str, Any]) -> None:
            if message["type"] == "http.response.start":
                note(message["status"])  # before it is sent, so that a client with the answer finds the record
            await send(message)

        try:
            await self._application(scope, receive, noting)
        finally:
            if not noted:
                note(0)


def _listen(port: int) -> socket.socket:
    listener = socket.socket()
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind(("127.0.0.1", port))
        listener.listen(128)  # from here on a second simulator fails to take the port
    except OSError:
        listener.close()
        raise
    return listener
