"""Parses the body of a callback into notifications, in any of the shapes Graph sends.

Shapes seen: `resource`, `resourceUrl` or both; three generations of paths; ids with and without dashes in either case;
`resourceData` as object, array or absent; result codes as strings. An unexpected item raises nothing, only a body that
is not a notification body does. https://learn.microsoft.com/graph/api/resources/commsnotifications
"""

import hashlib
import re
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from calls.graph.call_facts import CallFacts, call_facts
from calls.graph.fields import MAX_ID_LENGTH, clean, text_of
from calls.graph.json_body import CANONICAL, COMPACT, UnreadableBody, decode, may_have_secrets, redact
from calls.graph.vocabulary import ChangeType, canonical

MAX_BODY_BYTES = 1024 * 1024
MAX_NOTIFICATIONS = 1000
_CALL_PATH = re.compile(r"(?:^|/)calls/(?P<id>[^/?#()]+)/?(?P<rest>[^?#]*)", re.IGNORECASE)
_GUID = re.compile(r"[0-9a-f]{8}-?[0-9a-f]{4}-?[0-9a-f]{4}-?[0-9a-f]{4}-?[0-9a-f]{12}", re.IGNORECASE)


class LegacyBody(Exception):  # noqa: N818  (not an error but the handshake of the older protocol)
    """The body is in the older Skype format; answered with 204, the service sends it again in Graph's."""


class Subject(StrEnum):
    """What a notification is about."""

    CALL = "call"
    PARTICIPANTS = "participants"
    OPERATION = "operation"
    OTHER = "other"


@dataclass(frozen=True, slots=True)
class GraphNotification:
    """One item of a callback's `value`."""

    body: str  # the item as ASCII JSON, secrets redacted
    digest: str  # SHA-256 of the unredacted item, independent of the order of members
    change_type: str = ""
    resource: str = ""
    resource_type: str = ""
    subject: Subject = Subject.OTHER
    graph_id: str = ""
    graph_id_folded: str = ""
    tenant_id: str = ""
    facts: CallFacts = field(default_factory=CallFacts)


def parse(body: bytes) -> list[GraphNotification]:
    """Return the notifications of a callback's body, in order.

    Raises LegacyBody for the older Skype format, UnreadableBody for everything that is not a notification body.
    """
    if not body.strip():  # the service has been seen sending empty bodies
        return []
    document = decode(body)
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
    has_secrets = may_have_secrets(body)
    return [read(item, has_secrets=has_secrets) for item in items if item is not None]


def read(item: Any, *, has_secrets: bool = True) -> GraphNotification:
    """Return the notification of one item of `value`, of any type. Raises UnreadableBody only for too deep nesting.

    `has_secrets=False` skips redaction, for bodies known to hold no secret.
    """
    text = COMPACT.encode(redact(item) if has_secrets else item)
    digest = hashlib.sha256(CANONICAL.encode(item).encode()).hexdigest()
    if not isinstance(item, dict):
        return GraphNotification(body=text, digest=digest)
    resource = _resource_of(item)
    resource_data = item.get("resourceData")
    change_type = canonical(text_of(item.get("changeType")), ChangeType)
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
        tenant_id=text_of(entity.get("tenantId")) or text_of(item.get("tenantId")),
        facts=call_facts(change_type, entity) if subject is Subject.CALL else CallFacts(),
    )


def fold_id(graph_id: str) -> str:
    """Return the spelling that identifies a call here: a GUID in lower case without dashes, other ids unchanged."""
    return graph_id.replace("-", "").lower() if _GUID.fullmatch(graph_id) else graph_id


def _resource_of(item: dict[str, Any]) -> str:
    """Return the resource path of a notification: `resourceUrl` before `resource`, but a call's path first."""
    named = [path for path in (text_of(item.get("resourceUrl")), text_of(item.get("resource"))) if path]
    return next((path for path in named if _CALL_PATH.search(path)), named[0] if named else "")


def _resource_type(resource_data: Any) -> str:
    sample = resource_data[0] if isinstance(resource_data, list) and resource_data else resource_data
    return text_of(sample.get("@odata.type")).lstrip("#") if isinstance(sample, dict) else ""


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
    """Return the entity's own path (`@odata.id`), or one made from the id of a call without a path."""
    if not isinstance(resource_data, dict):
        return ""
    path, own_id = text_of(resource_data.get("@odata.id")), text_of(resource_data.get("id"))
    if path or not own_id or _resource_type(resource_data).lower() != "microsoft.graph.call":
        return path
    return f"calls/{own_id}"
