"""Microsoft's side as one service: Graph, identity service and callback signer on one address, and the calls."""

import asyncio
import json
import threading
import time
import uuid
from collections.abc import Callable
from concurrent.futures import Future, wait
from pathlib import Path
from types import TracebackType
from typing import Any, Self, TypeVar

import httpx
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from calls.simulator import behaviours, bodies
from calls.simulator.authority import certificates
from calls.simulator.behaviours import Behaviour
from calls.simulator.calls import SimulatedCall
from calls.simulator.entra import IdentityService
from calls.simulator.faults import Faults
from calls.simulator.graph import CallsCollection, RejectRequest
from calls.simulator.keys import CallbackSigner, SigningKey
from calls.simulator.listener import Listener, ReceivedRequest
from calls.simulator.timetable import Timetable

APP_ID = "3b1c1a52-7e0f-4f0e-9d53-5a8d6f0c2e11"
TENANT_ID = "c0ffee00-5eed-4c11-8a11-ca11ca11ca11"
CLIENT_SECRET = "simulated-secret-of-the-bot"
BOT_NAME = "Front desk"
ENDING_SECONDS = 0.05
REMEMBERED = 10_000  # requests, rejects and calls kept in a simulator that runs for days
METADATA_PATH = "/v1/.well-known/OpenIdConfiguration"
KEYS_PATH = "/v1/keys"
METADATA = {
    "issuer": "https://api.botframework.com",
    "id_token_signing_alg_values_supported": ["RSA256"],
    "token_endpoint_auth_methods_supported": ["private_key_jwt"],
}

T = TypeVar("T")


class Service:
    """Everything may be called from any thread but its own. `hold_endings` keeps back the end that follows a reject."""

    def __init__(
        self, directory: Path | str, webhook_url: str = "", port: int = 0, answer_window: float = 15.0
    ) -> None:
        self.directory = Path(directory).resolve()
        self.directory.mkdir(mode=0o700, parents=True, exist_ok=True)
        self.webhook_url = webhook_url
        self.answer_window = answer_window
        self.ending_delay = ENDING_SECONDS
        self.hold_endings = False
        self.faults = Faults()
        self.requests: list[ReceivedRequest] = []
        self.stopping = threading.Event()
        self._certificates = certificates(self.directory)
        self.signer = CallbackSigner(APP_ID, TENANT_ID, SigningKey.kept_at(self.directory / "callback_key.pem"))
        tokens = SigningKey.kept_at(self.directory / "token_key.pem")
        self.identity = IdentityService(APP_ID, CLIENT_SECRET, tokens, self.faults)
        self._collection = CallsCollection(self.identity, self.faults, self._after_reject)
        self._listener = Listener(port, self._certificates.server)
        self._client = httpx.Client(timeout=30, trust_env=False)
        self.timetable = Timetable()
        self._endings: list[Future[None]] = []
        self._changed = threading.Condition()

    # Beginning and end ----------------------------------------------------------------------------------------------

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    def start(self) -> None:
        """Serve, in a thread, and return when requests are answered."""
        self._listener.start(Starlette(routes=self._routes()), self._record)

    def stop(self) -> None:
        """Stop serving; calls that still ring are left as they are."""
        self.stopping.set()
        self.timetable.close()
        self._listener.stop()
        self._client.close()

    @property
    def port(self) -> int:
        """The port it listens on."""
        return self._listener.port

    @property
    def url(self) -> str:
        """The address it is reached at."""
        return f"https://localhost:{self.port}"

    @property
    def authority(self) -> Path:
        """The PEM file of the authority to trust."""
        return self._certificates.authority

    @property
    def settings(self) -> dict[str, str]:
        """The environment that makes a dashboard's Graph this simulator."""
        return {
            "GRAPH_APP_ID": APP_ID,
            "GRAPH_TENANT_ID": TENANT_ID,
            "GRAPH_CLIENT_SECRET": CLIENT_SECRET,
            "GRAPH_BASE_URL": f"{self.url}/v1.0",
            "GRAPH_AUTHORITY": self.url,
            "GRAPH_CALLBACK_METADATA_URL": f"{self.url}{METADATA_PATH}",
            "GRAPH_CA_BUNDLE": str(self.authority),
        }

    # Callers --------------------------------------------------------------------------------------------------------

    def ring(
        self, caller: str | None = "Ada Lovelace", *, behaviour: Behaviour = behaviours.STILL, **about: Any
    ) -> SimulatedCall:
        """Let somebody call the bot; return the call once the webhook has answered its first notification.

        `about` is what `prepare` takes. Without a behaviour nothing more happens until one of the call's acts is
        called or a reject arrives.
        """
        call = self.prepare(caller, **about)
        behaviour.begin(call, self.timetable.after)
        call.ring()
        return call

    def prepare(
        self,
        caller: str | None = "Ada Lovelace",
        *,
        kind: str = "user",
        caller_id: str | None = None,
        tenant: str | None = None,
        chain_id: str | None = None,
        modalities: tuple[str, ...] = ("audio",),
        era: bodies.Era = "communications",
        call_id: str | None = None,
        more: dict[str, Any] | None = None,
    ) -> SimulatedCall:
        """Return a call that exists at Graph, of which the webhook has not been told yet."""
        tenant_id = tenant or TENANT_ID
        identifier = caller_id or str(uuid.uuid5(uuid.NAMESPACE_DNS, caller or "nobody"))
        call = SimulatedCall(
            id=call_id or str(uuid.uuid4()),
            era=era,
            source=bodies.party(kind, caller, identifier, tenant_id),
            target=bodies.party("application", BOT_NAME, APP_ID, tenant_id),
            chain_id=chain_id or str(uuid.uuid4()),
            tenant_id=tenant_id,
            modalities=modalities,
            deliver=self._deliver_about,
            answer_window=self.answer_window,
            more=more or {},
        )
        self._collection.add(call, REMEMBERED)
        return call

    @property
    def calls(self) -> list[SimulatedCall]:
        """Every call since the last `forget`, oldest first."""
        return list(self._collection.calls.values())

    # The wire -------------------------------------------------------------------------------------------------------

    def deliver(
        self, body: dict[str, Any] | bytes, *, token: str | None = None, headers: dict[str, str] | None = None
    ) -> httpx.Response:
        """Post a body to the webhook, with a valid token unless another is given, and return the answer."""
        if not self.webhook_url:
            raise RuntimeError("The simulator has no webhook to post to: set webhook_url.")
        content = body if isinstance(body, bytes) else json.dumps(body).encode()
        usual = {
            "Authorization": f"Bearer {self.callback_token() if token is None else token}",
            "Content-Type": "application/json; charset=utf-8",
            "Accept": "application/json",
            "User-Agent": "Microsoft-Skype/3.0,(Calling/1.0)",
        }
        return self._client.post(self.webhook_url, content=content, headers={**usual, **(headers or {})})

    def callback_token(self, **claims: Any) -> str:
        """Return a callback token; see CallbackSigner.token for what can be made different."""
        return self.signer.token(**claims)

    def rotate_keys(self) -> None:
        """Sign callbacks with a new key from now on."""
        self.signer.rotate()

    @property
    def rejects(self) -> list[RejectRequest]:
        """Every reject request since the last `forget`, in the order of arrival."""
        return self._collection.rejects

    def wait_for(self, look: Callable[[], T], timeout: float = 5.0) -> T:
        """Return the first truthy thing `look` finds in the simulator's own record.

        Raises TimeoutError when there is none within so many seconds.
        """
        deadline = time.monotonic() + timeout
        with self._changed:
            while not (found := look()):
                if time.monotonic() > deadline:
                    raise TimeoutError(f"Nothing of the kind within {timeout} seconds.")
                self._changed.wait(0.02)
        return found

    def forget(self) -> None:
        """Forget calls, requests and faults, once what is still on its way to the webhook has arrived there."""
        wait(self._endings)
        self._endings.clear()
        self.timetable.clear()
        self.faults.clear()
        self.hold_endings = False
        self.ending_delay = ENDING_SECONDS
        self.signer.behave()
        self.identity.sign_ins.behave()
        self.requests.clear()
        self._collection.calls.clear()
        self._collection.rejects.clear()

    # Inside ---------------------------------------------------------------------------------------------------------

    def _deliver_about(self, call: SimulatedCall, body: dict[str, Any], message_id: str) -> int:
        headers = {"X-Microsoft-Skype-Chain-ID": call.chain_id, "X-Microsoft-Skype-Message-ID": message_id}
        if call.deliveries:  # captures show no scenario id on the first POST, and the caller's region on that one alone
            headers["Scenario-Id"] = call.chain_id
        else:
            headers["X-Microsoft-Skype-Caller-Region"] = call.source["region"]
        try:
            return self.deliver(body, token=self.callback_token(tenant=call.tenant_id), headers=headers).status_code
        except httpx.TransportError:
            return 0

    def _after_reject(self, call: SimulatedCall) -> None:
        if not self.hold_endings:
            self._endings = [future for future in self._endings if not future.done()]
            self._endings.append(self.timetable.after(self.ending_delay, call.end_rejected))

    def _routes(self) -> list[Route]:
        return [
            Route(METADATA_PATH, self._metadata),
            Route(KEYS_PATH, self._keys),
            *self._collection.routes(),
            *self.identity.routes(),
        ]

    def _record(self, request: ReceivedRequest) -> None:
        with self._changed:
            self.requests.append(request)
            del self.requests[:-REMEMBERED], self.rejects[:-REMEMBERED]
            self._changed.notify_all()

    async def _metadata(self, request: Request) -> Response:
        return await self._publish({**METADATA, "jwks_uri": f"{self.url}{KEYS_PATH}"})

    async def _keys(self, request: Request) -> Response:
        return await self._publish(self.signer.key_set())

    async def _publish(self, document: dict[str, Any]) -> Response:
        fault = self.faults.next_publication()
        await asyncio.sleep(fault.delay)
        return Response(status_code=fault.status) if fault.status else JSONResponse(document)
