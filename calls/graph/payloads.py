"""Bytes of a callback → typed notifications, in whichever of Graph's shapes they came.

Bodies are an open type that changed over the years and is not always what the schema says: `resource` or `resourceUrl`
or both, three path eras, ids with and without dashes in either case, `resourceData` an object, an array or absent,
result codes as strings. Nothing here raises for a strange item, only for what is no notification body at all.
Shapes: https://learn.microsoft.com/graph/api/resources/commsnotifications and the call pages beside it.
"""

import hashlib
import json
import math
import re
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, NoReturn

from calls.graph.vocabulary import CallState, ChangeType, Direction, Modality, canonical

MAX_BODY_BYTES = 1024 * 1024
MAX_NOTIFICATIONS = 1000
MAX_DEPTH = 64
MAX_ID_LENGTH = 200
MAX_INT_DIGITS = 300
REDACTED = "[redacted]"

SECRET_MEMBERS = frozenset(
    {"token", "recordingaccesstoken", "replacementlink", "replacescontext", "passcode", "accesstoken", "authorization"}
)
_SECRET_MARKS = (b"token", b"replacementlink", b"replacescontext", b"passcode", b"authorization", b"eyj")
_JWT = re.compile(r"eyJ[\w-]{8,}\.[\w-]{8,}\.[\w-]*")
_CALL_PATH = re.compile(r"(?:^|/)calls/(?P<id>[^/?#()]+)/?(?P<rest>[^?#]*)", re.IGNORECASE)
_GUID = re.compile(r"[0-9a-f]{8}-?[0-9a-f]{4}-?[0-9a-f]{4}-?[0-9a-f]{4}-?[0-9a-f]{12}", re.IGNORECASE)
_UNSTORABLE = re.compile("[\x00\ud800-\udfff]")


class UnreadableBody(ValueError):
    """The body is not a notification body: not JSON, too deep, too many notifications, or no `value`."""


class LegacyBody(Exception):  # noqa: N818  (not an error: the older protocol's greeting)
    """The body is in the older Skype format; answering 204 makes the service send it again in Graph's."""


class Subject(StrEnum):
    """What a notification is about."""

    CALL = "call"
    PARTICIPANTS = "participants"
    OPERATION = "operation"
    OTHER = "other"


@dataclass(frozen=True, slots=True)
class CallFacts:
    """What one notification says about its call. None means it says nothing about that, which clears nothing."""

    ended: bool = False
    state: str | None = None
    direction: str | None = None
    chain_id: str | None = None
    source: dict[str, str] | None = None
    targets: list[dict[str, str]] | None = None
    modalities: list[str] | None = None
    policy_recording: bool | None = None
    named_tenant_id: str | None = None
    result_code: int | None = None
    result_subcode: int | None = None
    result_message: str | None = None


@dataclass(frozen=True, slots=True)
class GraphNotification:
    """One item of a callback's `value`, as ASCII JSON with its secrets redacted, and what it says."""

    body: str
    digest: str
    change_type: str = ""
    resource: str = ""
    resource_type: str = ""
    subject: Subject = Subject.OTHER
    graph_id: str = ""
    graph_id_folded: str = ""
    tenant_id: str = ""
    facts: CallFacts = field(default_factory=CallFacts)


def parse(body: bytes) -> list[GraphNotification]:
    """Return the notifications in a callback's body, in their order.

    An empty body is no notification at all (the service has been seen sending some). Raises LegacyBody for the older
    Skype shape and UnreadableBody for everything that is not a notification body.
    """
    if not body.strip():
        return []
    document = _decode(body)
    if not isinstance(document, dict):
        raise UnreadableBody("The body is not a JSON object.")
    if "value" not in document:
        if "callState" in document and "participants" in document:
            raise LegacyBody
        raise UnreadableBody("The body has no 'value'.")
    value = document["value"]
    items = value if isinstance(value, list) else [value]
    if len(items) > MAX_NOTIFICATIONS:
        raise UnreadableBody(f"The body holds {len(items)} notifications; at most {MAX_NOTIFICATIONS} are read.")
    has_secrets = _may_have_secrets(body)
    return [read(item, has_secrets=has_secrets) for item in items if item is not None]


def _decode(body: bytes) -> Any:
    try:
        return _DECODER.decode(body.decode(json.detect_encoding(body), "surrogatepass"))
    except RecursionError as error:
        raise UnreadableBody("The body is nested too deeply.") from error
    except ValueError as error:  # UnicodeDecodeError and JSONDecodeError are both
        raise UnreadableBody(f"The body is not JSON: {type(error).__name__}.") from error


def _refuse_constant(word: str) -> NoReturn:
    raise UnreadableBody(f"The body is not JSON: {word}.")


def _integer(digits: str) -> int | str:
    return int(digits) if len(digits) <= MAX_INT_DIGITS else digits


def _number(digits: str) -> float | str:
    number = float(digits)
    return number if math.isfinite(number) else digits


_DECODER = json.JSONDecoder(parse_constant=_refuse_constant, parse_int=_integer, parse_float=_number)
# What was read from JSON has no circles, and looking for them costs a third.
_COMPACT = json.JSONEncoder(separators=(",", ":"), check_circular=False)
_CANONICAL = json.JSONEncoder(separators=(",", ":"), check_circular=False, sort_keys=True)


def _may_have_secrets(body: bytes) -> bool:
    """Return False for a body that surely holds neither a secret nor too deep a nesting: most, and at little cost.

    Only plain ASCII without escapes is judged, so that what is looked for cannot be spelled in another way.
    """
    if not body.isascii() or b"\\u" in body or b"\x00" in body:
        return True
    folded = body.lower()
    return any(word in folded for word in _SECRET_MARKS) or body.count(b"{") + body.count(b"[") > MAX_DEPTH


def read(item: Any, *, has_secrets: bool = True) -> GraphNotification:
    """Return what one item of `value` says; whatever the item is, it is kept and never raises but UnreadableBody.

    `has_secrets` is False when it is known that there is nothing to redact.
    """
    text = _COMPACT.encode(_redact(item) if has_secrets else item)
    digest = hashlib.sha256(_CANONICAL.encode(item).encode()).hexdigest()
    if not isinstance(item, dict):
        return GraphNotification(body=text, digest=digest)
    resource = _resource_of(item)
    resource_data = item.get("resourceData")
    change_type = canonical(_text(item.get("changeType")), ChangeType)
    resource_type = _resource_type(resource_data)
    subject, graph_id = _subject_of(resource, resource_type, resource_data)
    entity = resource_data if isinstance(resource_data, dict) else {}
    return GraphNotification(
        body=text,
        digest=digest,
        change_type=change_type,
        resource=resource,
        resource_type=resource_type,
        subject=subject,
        graph_id=graph_id,
        graph_id_folded=fold_id(graph_id) if graph_id == clean(graph_id, MAX_ID_LENGTH) else "",
        tenant_id=_text(entity.get("tenantId")) or _text(item.get("tenantId")),
        facts=_call_facts(change_type, entity) if subject is Subject.CALL else CallFacts(),
    )


def fold_id(graph_id: str) -> str:
    """Return the one spelling under which a call is known here: a GUID loses dashes and case, other ids stay."""
    return graph_id.replace("-", "").lower() if _GUID.fullmatch(graph_id) else graph_id


def clean(text: str, length: int) -> str:
    """Return `text` without what databases refuse (NUL, lone surrogates), clipped to `length` characters."""
    if text.isascii() and "\0" not in text:  # nearly always, and at a tenth of the cost
        return text[:length]
    return _UNSTORABLE.sub("\ufffd", text)[:length]


def _redact(value: Any, depth: int = 0) -> Any:
    if depth > MAX_DEPTH:
        raise UnreadableBody(f"The body is nested deeper than {MAX_DEPTH} levels.")
    if isinstance(value, dict):
        return {
            name: REDACTED if name.lower() in SECRET_MEMBERS and member else _redact(member, depth + 1)
            for name, member in value.items()
        }
    if isinstance(value, list):
        return [_redact(member, depth + 1) for member in value]
    if isinstance(value, str) and "eyJ" in value:
        return _JWT.sub(REDACTED, value)
    return value


def _resource_of(item: dict[str, Any]) -> str:
    """Return the path a notification names; where it names two, the newer member, unless only the other is a call's."""
    named = [path for path in (_text(item.get("resourceUrl")), _text(item.get("resource"))) if path]
    return next((path for path in named if _CALL_PATH.search(path)), named[0] if named else "")


def _resource_type(resource_data: Any) -> str:
    sample = resource_data[0] if isinstance(resource_data, list) and resource_data else resource_data
    return _text(sample.get("@odata.type")).lstrip("#") if isinstance(sample, dict) else ""


def _subject_of(resource: str, resource_type: str, resource_data: Any) -> tuple[Subject, str]:
    match = _CALL_PATH.search(resource) or _CALL_PATH.search(_entity_path(resource_data))
    if not match:
        return Subject.OTHER, ""
    rest = match["rest"].strip("/").lower()
    if not rest and not isinstance(resource_data, list) and resource_type.lower() in ("", "microsoft.graph.call"):
        return Subject.CALL, match["id"]
    if "participant" in rest:
        return Subject.PARTICIPANTS, match["id"]
    return (Subject.OPERATION if rest.startswith("operations") else Subject.OTHER), match["id"]


def _entity_path(resource_data: Any) -> str:
    """Return the path an entity gives itself; a call that has none but an id is at that id."""
    if not isinstance(resource_data, dict):
        return ""
    path, own_id = _text(resource_data.get("@odata.id")), _text(resource_data.get("id"))
    if path or not own_id or _resource_type(resource_data).lower() != "microsoft.graph.call":
        return path
    return f"calls/{own_id}"


def _call_facts(change_type: str, entity: dict[str, Any]) -> CallFacts:
    state = canonical(_text(entity.get("state")), CallState) or None
    result = _members(entity.get("resultInfo"))
    return CallFacts(
        ended=change_type == ChangeType.DELETED or state == CallState.TERMINATED,
        state=_clip(state, 64),
        direction=_clip(canonical(_text(entity.get("direction")), Direction), 64),
        chain_id=_clip(_text(entity.get("callChainId")), MAX_ID_LENGTH),
        source=_party(entity.get("source")),
        targets=_parties(entity.get("targets")),
        modalities=_modalities(entity.get("requestedModalities")),
        policy_recording=_is_policy_recording(entity.get("incomingContext")),
        named_tenant_id=_clip(_text(entity.get("tenantId")), 64),
        result_code=_whole_number(result.get("code")),
        result_subcode=_whole_number(result.get("subcode", result.get("subCode"))),
        result_message=_clip(_text(result.get("message")), 500),
    )


def _members(value: Any) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}


def _clip(text: str | None, length: int) -> str | None:
    return clean(text, length) if text else None


def _text(value: Any) -> str:
    return value if isinstance(value, str) else ""


def _whole_number(value: Any) -> int | None:
    """Return a result code, which may come as a number or as its digits; None for anything a column cannot hold."""
    if isinstance(value, str) and re.fullmatch(r"-?[0-9]{1,9}", value.strip()):
        return int(value)
    if isinstance(value, int) and not isinstance(value, bool) and abs(value) < 2**31:
        return value
    return None


def _modalities(value: Any) -> list[str] | None:
    if not isinstance(value, list):
        return None
    return [clean(canonical(word, Modality), 64) for word in value if isinstance(word, str)][:16]


def _is_policy_recording(context: Any) -> bool | None:
    """Return whether an invitation is for policy recording: only those name an observed participant."""
    return bool(context.get("observedParticipantId")) if isinstance(context, dict) else None


def _parties(value: Any) -> list[dict[str, str]] | None:
    if not isinstance(value, list):
        return None
    return [party for party in map(_party, value[:50]) if party]


def _party(value: Any) -> dict[str, str] | None:
    """Return who takes part as kind, name, id and tenant; None when the value names nobody.

    An identity set is open: `user`, `application`, `phone`, `guest`, `encrypted` and more may name the person.
    """
    identity_set = value.get("identity") if isinstance(value, dict) else None
    if not isinstance(identity_set, dict):
        return None
    named = [(kind, who) for kind, who in identity_set.items() if isinstance(who, dict) and not kind.startswith("@")]
    if not named:
        return None
    kind, who = max(named, key=lambda entry: bool(_text(entry[1].get("id")) or _text(entry[1].get("displayName"))))
    return {
        "kind": clean(kind, 64),
        "name": clean(_text(who.get("displayName")), 200),
        "id": clean(_text(who.get("id")), 200),
        "tenant_id": clean(_text(who.get("tenantId")), 64),
    }
