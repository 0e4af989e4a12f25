"""Graph's calls collection: reject a call, look at a call; each under all three paths it has had.

https://learn.microsoft.com/graph/api/call-reject: 202 with an empty body, and the end comes as a notification.
"""

import asyncio
import json
import time
import uuid
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route
from starlette.types import Receive, Scope, Send

from calls.graph.vocabulary import RejectReason
from calls.simulator.calls import SimulatedCall, fold
from calls.simulator.entra import IdentityService
from calls.simulator.faults import Faults, RejectFault

COLLECTIONS = (
    "/{version}/communications/calls",
    "/{version}/app/calls",
    "/{version}/applications/{application}/calls",
)


@dataclass(frozen=True, slots=True)
class RejectRequest:
    """One reject request as it arrived, and the status it was answered with (0: the connection was cut)."""

    call_id: str
    path: str
    reason: str
    body: bytes
    headers: dict[str, str]
    received_at: float
    status: int


@dataclass(slots=True)
class CallsCollection:
    """Answers requests about the calls there are; `on_rejected` is told of a call that was rejected."""

    identity: IdentityService
    faults: Faults
    on_rejected: Callable[[SimulatedCall], None]
    calls: dict[str, SimulatedCall] = field(default_factory=dict)
    rejects: list[RejectRequest] = field(default_factory=list)

    def add(self, call: SimulatedCall, most: int) -> None:
        """Have a call; beyond `most` of them the oldest that are over are no longer remembered."""
        self.calls[fold(call.id)] = call
        if len(self.calls) > most:
            over = [key for key, known in list(self.calls.items()) if known.is_over]
            for key in over[: len(self.calls) - most]:
                self.calls.pop(key, None)

    def routes(self) -> list[Route]:
        """Return the addresses of this service."""
        return [
            route
            for collection in COLLECTIONS
            for route in (
                Route(f"{collection}/{{call_id}}/reject", self._reject, methods=["POST"]),
                Route(f"{collection}/{{call_id}}/microsoft.graph.reject", self._reject, methods=["POST"]),
                Route(f"{collection}/{{call_id}}", self._get, methods=["GET"]),
            )
        ]

    async def _get(self, request: Request) -> Response:
        refusal = self._refusal(request)
        if refusal:
            return refusal
        call = self.calls[fold(request.path_params["call_id"])]
        return JSONResponse(call.entity(), headers=_ids(request))

    async def _reject(self, request: Request) -> Response:
        received_at = time.time()
        body = await request.body()
        fault = self.faults.next_reject(request.path_params["call_id"])
        response = await self._answer_reject(request, body, fault)
        self.rejects.append(
            _record(request, body, received_at, 0 if isinstance(response, Cut) else response.status_code)
        )
        return response

    async def _answer_reject(self, request: Request, body: bytes, fault: RejectFault | None) -> Response:
        if fault is None:
            return self._act(request, body)
        await asyncio.sleep(fault.delay)
        if fault.drop == "before":
            return Cut()
        if fault.drop == "after":
            self._act(request, body)
            return Cut()
        if 200 <= fault.status < 300:
            return self._act(request, body)
        retry_after = {} if fault.retry_after is None else {"Retry-After": str(fault.retry_after)}
        return refuse(request, fault.status, fault.code, fault.message, shape=fault.shape, headers=retry_after)

    def _act(self, request: Request, body: bytes) -> Response:
        refusal = self._refusal(request)
        if refusal:
            return refusal
        if _reason_in(body) is None:
            return refuse(request, 400, "BadRequest", "The body of the reject action is not valid.", shape="odata")
        call = self.calls[fold(request.path_params["call_id"])]
        if not call.reject():
            return refuse(request, 404, "8522", "Call not found.")
        self.on_rejected(call)
        return Response(status_code=202, headers=_ids(request))

    def _refusal(self, request: Request) -> Response | None:
        audience = f"{request.url.scheme}://{request.url.netloc}"
        tenant_id = self.identity.tenant_of(request.headers.get("Authorization", ""), audience)
        if tenant_id is None:
            text = "Access token is empty, expired or not ours."
            return refuse(request, 401, "InvalidAuthenticationToken", text, shape="odata")
        call = self.calls.get(fold(request.path_params["call_id"]))
        if call is None or call.is_over:
            return refuse(request, 404, "8522", "Call not found.")
        if call.tenant_id.lower() != tenant_id.lower():
            return refuse(request, 403, "7505", "Request authorization tenant mismatch.")
        return None


class Cut(Response):
    """No response at all: the connection ends."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Abort the connection, through what the server's side of it left in the scope."""
        scope["abort"]()


def refuse(
    request: Request,
    status: int,
    code: str,
    message: str,
    *,
    shape: str = "plain",
    headers: dict[str, str] | None = None,
) -> Response:
    """Return an error in one of the three shapes in which calling answers: plain, wrapped, or the gateway's."""
    ids = _ids(request)
    if shape == "wrapped":
        inner = {"errorCode": code, "message": message, "instanceAnnotations": []}
        code, message = "UnknownError", json.dumps(inner)
    about = {"date": time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime()), "request-id": ids["request-id"]}
    inner_name = "innerError" if shape == "odata" else "innererror"
    error = {"code": code, "message": message, inner_name: {**about, "client-request-id": ids["client-request-id"]}}
    return JSONResponse({"error": error}, status_code=status, headers={**ids, **(headers or {})})


def _ids(request: Request) -> dict[str, str]:
    request_id = str(uuid.uuid4())
    return {
        "request-id": request_id,
        "client-request-id": request.headers.get("client-request-id", request_id),
        "x-ms-ags-diagnostic": '{"ServerInfo":{"DataCenter":"Simulator","Slice":"E","Ring":"0"}}',
    }


def _reason_in(body: bytes) -> str | None:
    """Return the reason of a reject body, `none` when it names none, None when the body is not one."""
    try:
        members: Any = json.loads(body) if body else {}
    except ValueError:
        return None
    if not isinstance(members, dict) or not set(members) <= {"reason", "callbackUri"}:
        return None
    reason = members.get("reason", RejectReason.NONE)
    return str(reason) if reason in set(RejectReason) else None


def _record(request: Request, body: bytes, received_at: float, status: int) -> RejectRequest:
    return RejectRequest(
        call_id=request.path_params["call_id"],
        path=request.url.path,
        reason=_reason_in(body) or "",
        body=body,
        headers=dict(request.headers),
        received_at=received_at,
        status=status,
    )
