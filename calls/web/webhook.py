"""`POST /api/calls`: the address Graph posts notifications to, as an ASGI application routed ahead of Django.

Django's request cycle would cost more than everything this does. Checked in this order: method, size, token, body;
a request without a valid token is neither read in full nor stored.
"""

import logging
from typing import Any

from calls import metrics
from calls.graph import payloads
from calls.ingest.receive import Unauthorized, Unavailable, Unreadable, authenticate, receive_callback
from calls.runtime import runtime

logger = logging.getLogger(__name__)

RETRY_AFTER_SECONDS = 2


async def webhook(scope: dict, receive: Any, send: Any) -> None:
    """Answer 202 once the notifications are committed; 204, 400, 401, 405, 413 or 503 otherwise."""
    status, headers = await _answer(scope, receive)
    metrics.CALLBACKS.labels(status).inc()
    await send({"type": "http.response.start", "status": status, "headers": [*headers, (b"content-length", b"0")]})
    await send({"type": "http.response.body", "body": b""})


async def _answer(scope: dict, receive: Any) -> tuple[int, list[tuple[bytes, bytes]]]:
    if scope["method"] != "POST":
        return 405, [(b"allow", b"POST")]
    headers = _headers_of(scope)
    if _declared_length(headers) > payloads.MAX_BODY_BYTES:
        return 413, [(b"connection", b"close")]
    running = runtime.running()
    try:
        callback = await authenticate(running.verifier, _text(headers.get(b"authorization")))
        body = await _read(receive)
        await receive_callback(running.writer, callback, headers, body)
    except Unauthorized:
        return 401, [(b"www-authenticate", b'Bearer error="invalid_token"')]
    except Unreadable:
        return 400, []
    except _TooLarge:
        return 413, [(b"connection", b"close")]
    except Unavailable:
        return 503, [(b"retry-after", b"%d" % RETRY_AFTER_SECONDS)]
    except payloads.LegacyBody:
        logger.info("A callback in the older Skype format was answered 204, so that it is sent again in Graph's.")
        return 204, []
    return 202, []


class _TooLarge(Exception):
    """The body is longer than MAX_BODY_BYTES."""


def _headers_of(scope: dict) -> dict[bytes, bytes]:
    """Return the request's headers; the values of a header sent twice are joined by a comma."""
    headers: dict[bytes, bytes] = {}
    for name, value in scope["headers"]:
        headers[name] = headers[name] + b"," + value if name in headers else value
    return headers


def _declared_length(headers: dict[bytes, bytes]) -> int:
    declared = headers.get(b"content-length", b"0")
    return int(declared) if declared.isdigit() and len(declared) < 20 else 0


def _text(value: bytes | None) -> str | None:
    return None if value is None else value.decode("latin-1")


async def _read(receive: Any) -> bytes:
    body = b""
    while True:
        message = await receive()
        if message["type"] == "http.disconnect":
            raise Unreadable("The sender went away.")
        body += message.get("body", b"")
        if len(body) > payloads.MAX_BODY_BYTES:
            raise _TooLarge
        if not message.get("more_body", False):
            return body
