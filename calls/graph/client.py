"""Requests to Graph about calls: reject a call, query its state.

https://learn.microsoft.com/graph/api/call-reject: 202 means accepted; a notification reports the end of the call.
"""

import asyncio
import logging
import math
import time
import uuid
from urllib.parse import quote

from calls.graph import http
from calls.graph.answers import (
    Answer,
    CallGone,
    OutcomeUnknown,
    Refused,
    Unreachable,
    judge,
    read_object,
    text_or_empty,
)
from calls.graph.credentials import Credentials, TokenUnavailable
from calls.graph.vocabulary import CallState, RejectReason

logger = logging.getLogger(__name__)

RETRY_PAUSE_SECONDS = 0.25
LATENCY_SECONDS = 0.5  # reserved for a repeated request, so that it arrives before the window closes
THROTTLED = (429, 503)


class GraphClient:
    """Requests about the calls of one bot."""

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
        """Request the rejection of a call; return Graph's response once it accepted.

        `graph_id` must be spelled as Graph spells it; `closes_at` is the end of the window on the time.monotonic()
        clock. Raises a GraphError.
        """
        # Repeats only what is safe, within the window: failed connections, throttling that ends in time, one 401.
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
            return judge(response, request_id)

    async def is_alive(self, graph_id: str, *, tenant_id: str) -> bool:
        """Return whether the call still exists at Graph. Raises a GraphError, but never CallGone."""
        request_id = str(uuid.uuid4())
        token = await self._token(tenant_id, request_id)
        url = f"{self._calls_url}/{quote(graph_id, safe='')}"
        try:
            response = await self._client.get(url, headers=_headers(token, request_id))
        except http.HTTPError as error:
            raise Unreachable(Answer(message=type(error).__name__, client_request_id=request_id)) from error
        try:
            judge(response, request_id)
        except CallGone:
            return False
        return text_or_empty(read_object(response.content).get("state")).lower() != CallState.TERMINATED

    async def warm(self, tenant_id: str) -> None:
        """Cache a token for the tenant, so that the next decision does not wait for one. Raises Refused."""
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
        """Return Graph's response, or None if no connection was made and there is time for another try."""
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
    """Return the Retry-After of a throttled response in seconds, possibly fractional; None if it has none."""
    if response.status_code not in THROTTLED:
        return None
    try:
        pause = float(response.headers.get("Retry-After", ""))
    except ValueError:
        return None
    # At least our own pause: requests sent while throttled count and prolong the throttling.
    return None if math.isnan(pause) else max(RETRY_PAUSE_SECONDS, pause)
