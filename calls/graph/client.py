"""Asking Graph: reject a call, look at a call.

    GraphError
    ├── CallGone         404: the call has ended, was decided elsewhere, or never was this bot's
    ├── Refused          Graph, or the identity service, said no; nothing happened to the call
    ├── Unreachable      no connection was made while the window lasted; nothing happened to the call
    └── OutcomeUnknown   the request left and no answer came back; Graph may have acted

Operation: https://learn.microsoft.com/graph/api/call-reject. 202 means accepted, not ended: the end is told by a
notification.
"""

import asyncio
import json
import logging
import math
import time
import uuid
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

from calls.graph import http
from calls.graph.credentials import Credentials, TokenUnavailable
from calls.graph.vocabulary import CallState, RejectReason

logger = logging.getLogger(__name__)

RETRY_PAUSE_SECONDS = 0.25
LATENCY_SECONDS = 0.5  # what a repeated request needs to arrive before the window closes
THROTTLED = (429, 503)


@dataclass(frozen=True, slots=True)
class Answer:
    """What Graph said to a request, and the ids under which its support finds it."""

    status: int | None = None
    code: str = ""
    message: str = ""
    request_id: str = ""
    client_request_id: str = ""
    date: str = ""


class GraphError(Exception):
    """A request to Graph did not do what was asked; `answer` is what is known of it."""

    def __init__(self, answer: Answer) -> None:
        super().__init__(f"{answer.status} {answer.code}: {answer.message}")
        self.answer = answer


class CallGone(GraphError):
    """Graph does not know the call any more."""


class Refused(GraphError):
    """Graph or the identity service refused; the call was not touched."""


class Unreachable(GraphError):
    """Graph could not be connected to; the call was not touched."""


class OutcomeUnknown(GraphError):
    """The request left, but no answer told what became of it."""


class GraphClient:
    """Graph's calls, for one bot."""

    def __init__(
        self,
        *,
        base_url: str,
        calls_path: str,
        credentials: Credentials,
        client: http.AsyncClient,
        callback_uri: str = "",
    ) -> None:
        self._calls_url = base_url + calls_path
        self._callback = {"callbackUri": callback_uri} if callback_uri else {}
        self._credentials = credentials
        self._client = client

    async def reject(self, graph_id: str, reason: RejectReason, *, tenant_id: str, closes_at: float) -> Answer:
        """Ask Graph to reject a call and return its answer once it accepted.

        `graph_id` is spelled as Graph spelled it; `closes_at` is when the window closes, in seconds of
        time.monotonic(). Repeats only what is safe and only while the window lasts: refused connections, throttling
        that names an end in time, and one expired token. Raises a GraphError.
        """
        request_id = str(uuid.uuid4())
        url = f"{self._calls_url}/{quote(graph_id, safe='')}/reject"
        fresh = renewed = False
        while True:
            token, fresh = await self._token(tenant_id, request_id, fresh=fresh), False
            response = await self._post(url, {"reason": str(reason), **self._callback}, token, request_id, closes_at)
            if response is None:
                continue
            if response.status_code == 401 and not renewed:
                fresh = renewed = True
                continue
            pause = _pause_named(response)
            if pause is not None and _fits(pause, closes_at):
                await asyncio.sleep(pause)
                continue
            return _judge(response, request_id)

    async def is_alive(self, graph_id: str, *, tenant_id: str) -> bool:
        """Return whether the call goes on at Graph. Raises a GraphError other than CallGone when it cannot be told."""
        request_id = str(uuid.uuid4())
        token = await self._token(tenant_id, request_id)
        url = f"{self._calls_url}/{quote(graph_id, safe='')}"
        try:
            response = await self._client.get(url, headers=_headers(token, request_id))
        except http.HTTPError as error:
            raise Unreachable(Answer(message=type(error).__name__, client_request_id=request_id)) from error
        try:
            _judge(response, request_id)
        except CallGone:
            return False
        return _word(_document(response.content).get("state")).lower() != CallState.TERMINATED

    async def warm(self, tenant_id: str) -> None:
        """Have a token for the tenant at hand, so that the next decision does not wait for one. Raises Refused."""
        await self._token(tenant_id, "")

    async def _token(self, tenant_id: str, request_id: str, *, fresh: bool = False) -> str:
        try:
            return await self._credentials.token(tenant_id, fresh=fresh)
        except TokenUnavailable as error:
            answer = Answer(code=error.code, message=str(error), client_request_id=request_id)
            raise Refused(answer) from error

    async def _post(
        self, url: str, body: dict[str, str], token: str, request_id: str, closes_at: float
    ) -> http.Response | None:
        """Return Graph's response, or None when no connection was made and another try is in time."""
        try:
            return await self._client.post(url, json=body, headers=_headers(token, request_id))
        except (http.ConnectError, http.ConnectTimeout, http.PoolTimeout) as error:
            if not _fits(RETRY_PAUSE_SECONDS, closes_at):
                raise Unreachable(_no_answer(error, "unreachable", request_id)) from error
            await asyncio.sleep(RETRY_PAUSE_SECONDS)
            return None
        except http.HTTPError as error:
            raise OutcomeUnknown(_no_answer(error, "noAnswer", request_id)) from error


def _no_answer(error: Exception, code: str, request_id: str) -> Answer:
    logger.warning("Graph did not answer request %s: %r", request_id, error)
    return Answer(code=code, message=type(error).__name__, client_request_id=request_id)


def _headers(token: str, request_id: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {token}", "client-request-id": request_id}


def _fits(pause: float, closes_at: float) -> bool:
    return time.monotonic() + pause + LATENCY_SECONDS < closes_at


def _pause_named(response: http.Response) -> float | None:
    """Return the seconds a throttled answer asks to wait; Graph sends fractions of a second as well.

    Never less than our own pause: requests made while throttled count, so knocking without one prolongs it.
    """
    if response.status_code not in THROTTLED:
        return None
    try:
        pause = float(response.headers.get("Retry-After", ""))
    except ValueError:
        return None
    return None if math.isnan(pause) else max(RETRY_PAUSE_SECONDS, pause)


def _judge(response: http.Response, request_id: str) -> Answer:
    code, message = ("", "") if response.is_success else read_error(response.content)
    answer = Answer(
        status=response.status_code,
        code=code[:100],
        message=message[:500],
        request_id=response.headers.get("request-id", "")[:100],
        client_request_id=request_id,
        date=response.headers.get("Date", "")[:100],
    )
    if response.is_success:
        return answer
    if response.status_code == 404:
        raise CallGone(answer)
    if response.status_code == 504:
        raise OutcomeUnknown(answer)
    raise Refused(answer)


def read_error(body: bytes) -> tuple[str, str]:
    """Return code and message of a Graph error body, in any of the three shapes calling answers with.

    The calling service's number as the code; `UnknownError` with a JSON document for a message, in which the number is;
    or the gateway's own OData code. Empty strings where nothing can be read.
    """
    error = _member(_document(body), "error")
    code, message = _word(error.get("code")), _word(error.get("message"))
    inner = _document(message.encode("utf-8", "replace")) if message.startswith("{") else {}
    if "errorCode" in inner:
        return _word(inner["errorCode"]), _word(inner.get("message"))
    return code, message


def _document(body: bytes) -> dict[str, Any]:
    try:
        document = json.loads(body)
    except (ValueError, RecursionError):
        return {}
    return document if isinstance(document, dict) else {}


def _member(document: dict[str, Any], name: str) -> dict[str, Any]:
    member = document.get(name)
    return member if isinstance(member, dict) else {}


def _word(value: Any) -> str:
    return "" if value is None else str(value)
