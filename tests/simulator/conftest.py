"""The simulator alone: no dashboard, a webhook that only listens, and a bot that only knows its settings."""

import json
import ssl
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import httpx
import msal
import pytest

from calls.simulator import SimulatedCall, Simulator

WINDOW_SECONDS = 0.3


@dataclass
class Webhook:
    """A webhook that keeps what it is sent; answers with `status`, and 204 for the older Skype shape."""

    url: str = ""
    status: int = 202
    bodies: list[Any] = field(default_factory=list)
    headers: list[dict[str, str]] = field(default_factory=list)

    def take(self, body: Any, headers: dict[str, str]) -> int:
        self.headers.append(headers)
        self.bodies.append(body)
        return 204 if "callState" in body else self.status

    def items(self, call: SimulatedCall) -> list[dict[str, Any]]:
        """Return the notifications about one call, in the order of arrival."""
        items = [item for body in list(self.bodies) for item in body.get("value", [])]
        return [item for item in items if call.id in item["resource"]]

    def story(self, call: SimulatedCall) -> list[str]:
        """Return a word for each notification about a call: its state, `roster`, or `deleted` where none is told."""
        return [_word(item) for item in self.items(call)]


def _word(item: dict[str, Any]) -> str:
    if item["resource"].endswith("/participants"):
        return "roster"
    return str(item["resourceData"].get("state", item["changeType"]))


class _Receiver(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    webhook: Webhook

    def do_POST(self) -> None:
        raw = self.rfile.read(int(self.headers["Content-Length"]))
        self.send_response(self.webhook.take(json.loads(raw), dict(self.headers)))
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *args: Any) -> None:
        """Say nothing."""


class _Server(ThreadingHTTPServer):
    daemon_threads = True


@pytest.fixture
def webhook() -> Iterator[Webhook]:
    webhook = Webhook()
    server = _Server(("127.0.0.1", 0), type("Receiver", (_Receiver,), {"webhook": webhook}))
    webhook.url = f"http://127.0.0.1:{server.server_port}/api/calls"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    yield webhook
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture(scope="session")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Simulator]:
    directory = tmp_path_factory.mktemp("simulator")
    with Simulator(directory=directory, answer_window=WINDOW_SECONDS) as simulator:
        yield simulator


@pytest.fixture
def simulator(running: Simulator, webhook: Webhook) -> Iterator[Simulator]:
    running.forget()
    running.webhook_url = webhook.url
    yield running
    running.forget()


@pytest.fixture(scope="session")
def trust(running: Simulator) -> ssl.SSLContext:
    return ssl.create_default_context(cafile=running.settings["GRAPH_CA_BUNDLE"])


@pytest.fixture
def client(trust: ssl.SSLContext) -> Iterator[httpx.Client]:
    with httpx.Client(verify=trust, trust_env=False, timeout=10) as client:
        yield client


@dataclass
class Bot:
    """The bot's side: real MSAL for tokens, real HTTPS for rejects."""

    settings: dict[str, str]
    client: httpx.Client
    tokens: dict[str, str] = field(default_factory=dict)

    def acquire(self, tenant: str | None = None, credential: Any = None) -> dict[str, Any]:
        """Return what MSAL says when it is asked for a token; by a new application each time."""
        application = msal.ConfidentialClientApplication(
            self.settings["GRAPH_APP_ID"],
            client_credential=credential or self.settings["GRAPH_CLIENT_SECRET"],
            authority=f"{self.settings['GRAPH_AUTHORITY']}/{tenant or self.settings['GRAPH_TENANT_ID']}",
            http_client=self.client,
            instance_discovery=False,
        )
        root = self.settings["GRAPH_BASE_URL"].removesuffix("/v1.0")
        answer: dict[str, Any] = application.acquire_token_for_client(scopes=[f"{root}/.default"])
        return answer

    def token(self, tenant: str | None = None) -> str:
        tenant = tenant or self.settings["GRAPH_TENANT_ID"]
        if tenant not in self.tokens:
            self.tokens[tenant] = self.acquire(tenant)["access_token"]
        return self.tokens[tenant]

    def reject(
        self,
        call_id: str,
        body: Any = None,
        *,
        path: str = "/communications/calls/{id}/reject",
        token: str | None = None,
    ) -> httpx.Response:
        headers = {"Authorization": f"Bearer {token or self.token()}", "client-request-id": "our-own-id"}
        url = self.settings["GRAPH_BASE_URL"] + path.format(id=call_id)
        return self.client.post(url, json=body or {"reason": "busy"}, headers=headers)

    def look(self, call_id: str, tenant: str | None = None) -> httpx.Response:
        headers = {"Authorization": f"Bearer {self.token(tenant)}"}
        return self.client.get(f"{self.settings['GRAPH_BASE_URL']}/communications/calls/{call_id}", headers=headers)


@pytest.fixture
def bot(simulator: Simulator, client: httpx.Client) -> Bot:
    return Bot(simulator.settings, client)
