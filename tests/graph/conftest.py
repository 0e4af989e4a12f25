"""Fixtures: the Graph client against the simulator over HTTPS, and against a server with scripted responses."""

import ssl
import threading
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest

from calls.graph import http
from calls.graph.client import GraphClient
from calls.graph.credentials import Credentials
from calls.graph.signing_keys import KeySet
from calls.simulator import Simulator

CALLS_PATH = "/communications/calls"
TENANT = "c0ffee00-5eed-4c11-8a11-ca11ca11ca11"


@pytest.fixture(scope="session")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Simulator]:
    with Simulator(directory=tmp_path_factory.mktemp("simulator")) as simulator:
        yield simulator


@pytest.fixture(scope="session")
def trust(running: Simulator) -> ssl.SSLContext:
    return http.trust(str(running.authority))


@pytest.fixture
def simulator(running: Simulator) -> Iterator[Simulator]:
    """The simulator without a webhook: it sends no notifications."""
    running.forget()
    running.hold_endings = True
    yield running
    running.forget()


@pytest.fixture
async def client(trust: ssl.SSLContext) -> AsyncIterator[http.AsyncClient]:
    """The product's HTTP client, trusting the simulator's certificate."""
    async with http.async_client(trust) as client:
        yield client


@pytest.fixture
def keys(simulator: Simulator, client: http.AsyncClient) -> KeySet:
    return KeySet(simulator.settings["GRAPH_CALLBACK_METADATA_URL"], client)


def fetches(simulator: Simulator) -> int:
    """Return how often the keys' metadata was requested."""
    return sum("openidconfiguration" in request.path.lower() for request in simulator.requests)


def credentials_for(simulator: Simulator, client: http.Client, **other: Any) -> Credentials:
    """Return the bot's credentials for the simulator; `other` overrides arguments of Credentials."""
    settings = simulator.settings
    usual = {
        "app_id": settings["GRAPH_APP_ID"],
        "secret": settings["GRAPH_CLIENT_SECRET"],
        "certificate": "",
        "authority": settings["GRAPH_AUTHORITY"],
        "graph_url": settings["GRAPH_BASE_URL"],
    }
    return Credentials(client=client, **{**usual, **other})


@pytest.fixture
def token_client(trust: ssl.SSLContext) -> Iterator[http.Client]:
    """The product's HTTP client for token requests."""
    with http.client(trust) as client:
        yield client


@pytest.fixture
def credentials(simulator: Simulator, token_client: http.Client) -> Iterator[Credentials]:
    credentials = credentials_for(simulator, token_client)
    yield credentials
    credentials.close()


@pytest.fixture
def graph(simulator: Simulator, credentials: Credentials, client: http.AsyncClient) -> GraphClient:
    """The product's Graph client, connected to the simulator."""
    return graph_client(simulator.settings["GRAPH_BASE_URL"], credentials, client)


def graph_client(base_url: str, credentials: Credentials, client: http.AsyncClient, callback: str = "") -> GraphClient:
    return GraphClient(
        base_url=base_url, calls_path=CALLS_PATH, credentials=credentials, client=client, callback_uri=callback
    )


@dataclass(frozen=True)
class Reply:
    """A scripted response and its delay in seconds."""

    status: int = 202
    body: bytes = b""
    headers: dict[str, str] = field(default_factory=dict)
    after: float = 0.0


@dataclass
class Received:
    """A request as received."""

    method: str
    path: str
    headers: dict[str, str]
    body: bytes


class ScriptedGraph:
    """A server that sends its replies in turn and then repeats the last one. Call `listen` to make it reachable."""

    def __init__(self) -> None:
        self.replies = [Reply()]
        self.received: list[Received] = []
        self.closing = threading.Event()
        handler = type("Handler", (_Handler,), {"graph": self})
        self._server = _Server(("127.0.0.1", 0), handler, bind_and_activate=False)
        self._server.server_bind()  # bound and not listening: connections are refused
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.02})

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._server.server_port}/v1.0"

    def listen(self) -> None:
        self._server.server_activate()
        self._thread.start()

    def close(self) -> None:
        self.closing.set()
        if self._thread.is_alive():
            self._server.shutdown()
            self._thread.join()
        self._server.server_close()

    def next_reply(self) -> Reply:
        return self.replies.pop(0) if len(self.replies) > 1 else self.replies[0]


class _Server(ThreadingHTTPServer):
    daemon_threads = False  # closing waits for them, so that no connection outlives its test
    request_queue_size = 64


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    timeout = 5
    graph: ScriptedGraph

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length", "0")))
        self.graph.received.append(Received(self.command, self.path, dict(self.headers), body))
        reply = self.graph.next_reply()
        self.graph.closing.wait(reply.after)
        self.send_response(reply.status)
        for name, value in {**reply.headers, "Content-Length": str(len(reply.body))}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(reply.body)

    do_GET = do_POST

    def log_message(self, *args: Any) -> None:
        """Suppress the access log."""


@pytest.fixture
def scripted() -> Iterator[ScriptedGraph]:
    """A Graph that refuses connections until `listen` is called."""
    graph = ScriptedGraph()
    yield graph
    graph.close()
