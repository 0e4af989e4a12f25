"""Callbacks as raw HTTP requests, written beforehand but for their ids, so that making one costs next to nothing."""

import json
import uuid
from collections.abc import Iterator
from typing import Any

SCATTER = 2_654_435_761  # odd, so that multiples of it meet every 32-bit number once, in no visible order
CALLER = "Caller %08d"
STATES = ("established", "hold", "transferring")


def new_calls(headers: dict[str, str], tenant: str) -> Iterator[bytes]:
    """Yield the first notifications of calls that nobody heard of, 900 bytes each, as captures show them.

    Their ids are spread over the whole of an index, as Graph's are.
    """
    ending = str(uuid.uuid4())[8:]
    call_id, chain_id, caller_id, message_id = (f"%08x{ending[:-1]}{digit}" for digit in "0123")
    template = _template(headers, message_id, _incoming(call_id, chain_id, caller_id, "Ada Lovelace", tenant))
    for number in range(2**32):
        scattered = number * SCATTER % 2**32
        yield template % ((scattered,) * template.count(b"%08x"))


def numbered_calls(headers: dict[str, str], tenant: str, calls: int, prefix: str) -> Iterator[bytes]:
    """Yield the first notifications of so many calls; the caller's name is the number of the change."""
    for number in range(calls):
        body = _incoming(_call_id(prefix, number), str(uuid.uuid4()), str(uuid.uuid4()), CALLER % number, tenant)
        yield _template(headers, str(uuid.uuid4()), body)


def changes(headers: dict[str, str], tenant: str, calls: int, prefix: str, first: int) -> Iterator[bytes]:
    """Yield changes of those calls in turn, numbered from `first`; the caller's name is the number of the change."""
    number = first
    while True:
        state = STATES[number // calls % len(STATES)]
        caller = {"identity": {"user": {"id": "7", "displayName": CALLER % number}}}
        entity = {"state": state, "tenantId": tenant, "source": caller}
        body = _body("updated", _call_id(prefix, number % calls), entity)
        yield _template(headers, str(uuid.uuid4()), body)
        number += 1


def _call_id(prefix: str, number: int) -> str:
    return f"{prefix}-0000-4000-8000-{number:012x}"


def _incoming(call_id: str, chain_id: str, caller_id: str, name: str, tenant: str) -> bytes:
    party = {"id": caller_id, "displayName": name, "tenantId": tenant}
    bot = {"id": str(uuid.UUID(int=7)), "displayName": "Front desk"}
    entity = {
        "state": "incoming",
        "direction": "incoming",
        "callChainId": chain_id,
        "tenantId": tenant,
        "source": {"identity": {"user": party}, "region": "emea", "languageId": "en-US"},
        "targets": [{"identity": {"application": bot}, "region": "emea"}],
        "requestedModalities": ["audio", "video"],
    }
    return _body("created", call_id, entity)


def _body(change_type: str, call_id: str, entity: dict[str, Any]) -> bytes:
    item = {
        "@odata.type": "#microsoft.graph.commsNotification",
        "changeType": change_type,
        "resource": f"/app/calls/{call_id}",
        "resourceUrl": f"/communications/calls/{call_id}",
        "resourceData": {"@odata.type": "#microsoft.graph.call", **entity},
    }
    return json.dumps({"@odata.type": "#microsoft.graph.commsNotifications", "value": [item]}).encode()


def _template(headers: dict[str, str], message_id: str, body: bytes) -> bytes:
    """Return a whole request; `%08x` stands for eight characters in it."""
    length = len(body) + body.count(b"%08x") * (8 - len("%08x"))
    lines = ["POST /api/calls HTTP/1.1", "Host: 127.0.0.1", "Content-Type: application/json"]
    lines += [f"{name}: {value}" for name, value in headers.items()]
    lines += [f"X-Microsoft-Skype-Message-ID: {message_id}", f"Content-Length: {length}"]
    return "\r\n".join(lines).encode() + b"\r\n\r\n" + body
