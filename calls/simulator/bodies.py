"""Notification bodies in Graph's shapes: as real traffic has them today, and as they were first documented.

Sources: https://learn.microsoft.com/graph/api/resources/commsnotifications, call-reject, call-answer, call-delete.
"""

from typing import Any, Literal

Era = Literal["communications", "app"]
CALL_TYPE = "#microsoft.graph.call"


def party(kind: str, name: str | None, identifier: str, tenant_id: str) -> dict[str, Any]:
    """Return a participant's identity as a call names it; phone numbers and guests have no tenant."""
    identity: dict[str, Any] = {"id": identifier}
    if name is not None:
        identity["displayName"] = name
    if kind == "user":
        identity |= {"tenantId": tenant_id, "identityProvider": "AAD"}
    return {
        "@odata.type": "#microsoft.graph.participantInfo",
        "identity": {"@odata.type": "#microsoft.graph.identitySet", kind: identity},
        "region": "emea",
        "languageId": None,
        "endpointType": "default",
    }


def incoming(
    *,
    call_id: str,
    era: Era,
    source: dict[str, Any],
    target: dict[str, Any],
    chain_id: str,
    tenant_id: str,
    modalities: tuple[str, ...],
    more: dict[str, Any] | None = None,
) -> dict[str, Any]:
    """Return the first notification of a call that rings."""
    told = {
        "state": "incoming",
        "direction": "incoming",
        "callbackUri": "https://bot.contoso.example/api/calls",
        "source": source,
        "targets": [target],
        "requestedModalities": list(modalities),
        **(more or {}),
    }
    if era == "communications":
        told |= {"callChainId": chain_id, "tenantId": tenant_id}
    return envelope("created", call_id, era, told)


def state_change(call_id: str, era: Era, state: str, **more: Any) -> dict[str, Any]:
    """Return a notification that a call is now in another state."""
    return envelope("updated", call_id, era, {"state": state, **more})


def deleted(call_id: str, era: Era, result: tuple[int, int, str] | None = None) -> dict[str, Any]:
    """Return the notification that ends a call; the one that follows a reject has neither a state nor a result."""
    if result is None:
        return envelope("deleted", call_id, era, {})
    code, subcode, message = result
    told = {"state": "terminated", "resultInfo": {"code": code, "subcode": subcode, "message": message}}
    return envelope("deleted", call_id, era, told)


def envelope(change_type: str, call_id: str, era: Era, told: dict[str, Any]) -> dict[str, Any]:
    """Return a body with one notification about a call."""
    return notifications([item(change_type, call_path(call_id, era), era, {"@odata.type": CALL_TYPE, **told})], era)


def notifications(items: list[dict[str, Any]], era: Era) -> dict[str, Any]:
    """Return a body with these notifications."""
    kind = {"@odata.type": "#microsoft.graph.commsNotifications"} if era == "communications" else {}
    return {**kind, "value": items}


def item(change_type: str, path: str, era: Era, resource_data: Any) -> dict[str, Any]:
    """Return one notification; today's carry the path twice, in both spellings."""
    if era == "app":
        if isinstance(resource_data, dict):
            resource_data = {**resource_data, "@odata.id": path, "@odata.etag": 'W/"5445"'}
        return {"changeType": change_type, "resource": path, "resourceData": resource_data}
    old_path = path.replace("/communications/calls/", "/app/calls/")
    return {
        "@odata.type": "#microsoft.graph.commsNotification",
        "changeType": change_type,
        "resource": old_path,
        "resourceUrl": path,
        "resourceData": resource_data,
    }


def call_path(call_id: str, era: Era) -> str:
    """Return the path of a call in an era's spelling."""
    return f"/{era}/calls/{call_id}"


def roster(call_id: str, era: Era, parties: list[dict[str, Any]]) -> dict[str, Any]:
    """Return a notification of who takes part; it says nothing about the call itself."""
    members = [
        {"@odata.type": "#microsoft.graph.participant", "id": f"p{number}", "info": who, "isMuted": False}
        for number, who in enumerate(parties)
    ]
    return notifications([item("updated", f"{call_path(call_id, era)}/participants", era, members)], era)


def legacy(call_id: str, caller_id: str, tenant_id: str) -> dict[str, Any]:
    """Return the older Skype shape of an incoming call, which is to be answered 204."""
    return {
        "id": call_id,
        "callState": "incoming",
        "tenantId": tenant_id,
        "isMultiparty": False,
        "presentedModalityTypes": ["Audio"],
        "participants": [{"identity": f"8:orgid:{caller_id}", "languageId": "en-US", "originator": True}],
    }
