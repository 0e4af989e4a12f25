"""Notification bodies as they have been documented and seen, in the words of this suite."""

from typing import Any

CALL_TYPE = "#microsoft.graph.call"


def notification(change_type: str, path: str, **resource_data: Any) -> dict[str, Any]:
    """Return a callback body with one notification in today's form."""
    return {"value": [{"changeType": change_type, "resourceUrl": path, "resourceData": resource_data}]}


def ringing(call_id: str, caller: str = "Ada Lovelace", **more: Any) -> dict[str, Any]:
    """Return the first notification of an incoming call."""
    return notification(
        "created",
        f"/communications/calls/{call_id}",
        **{
            "@odata.type": CALL_TYPE,
            "state": "incoming",
            "direction": "incoming",
            "source": {"identity": {"user": {"displayName": caller, "id": f"id-of-{caller}"}}},
            "targets": [{"identity": {"application": {"displayName": "Front desk", "id": "bot"}}}],
            "requestedModalities": ["audio"],
            **more,
        },
    )


def moved(call_id: str, state: str, **more: Any) -> dict[str, Any]:
    """Return a notification that a call changed its state."""
    return notification(
        "updated", f"/communications/calls/{call_id}", **{"@odata.type": CALL_TYPE, "state": state, **more}
    )


def ended(call_id: str, **more: Any) -> dict[str, Any]:
    """Return the notification that a call is over; after a reject it carries neither a state nor a result."""
    return notification("deleted", f"/communications/calls/{call_id}", **{"@odata.type": CALL_TYPE, **more})


DOCUMENTED_ID = "57DAB8B1894C409AB240BD8BEAE78896"
DOCUMENTED_PATH = f"/app/calls/{DOCUMENTED_ID}"
DOCUMENTED_INCOMING = {
    "value": [
        {
            "changeType": "created",
            "resource": DOCUMENTED_PATH,
            "resourceData": {
                "@odata.type": CALL_TYPE,
                "@odata.id": DOCUMENTED_PATH,
                "@odata.etag": 'W/"5445"',
                "state": "incoming",
                "direction": "incoming",
                "source": {
                    "identity": {"user": {"displayName": "Test User", "id": "8A34A46B-3D17-4ADC-8DCE-DC4E7D572698"}},
                    "region": "westus",
                    "languageId": "en-US",
                },
                "targets": [
                    {
                        "identity": {
                            "application": {"displayName": "Test BOT", "id": "8A34A46B-3D17-4ADC-8DCE-DC4E7D572698"}
                        },
                        "region": "westus",
                        "languageId": "en-US",
                    }
                ],
                "requestedModalities": ["audio", "video"],
            },
        }
    ]
}
DOCUMENTED_DELETED = {
    "value": [
        {
            "changeType": "deleted",
            "resource": DOCUMENTED_PATH,
            "resourceData": {
                "@odata.type": CALL_TYPE,
                "@odata.id": DOCUMENTED_PATH,
                "@odata.etag": 'W/"5445"',
            },
        }
    ]
}
LEGACY = {
    "id": "5f1c3e9a",
    "callState": "incoming",
    "participants": [{"identity": "8:orgid:ada", "originator": True}],
    "isMultiparty": False,
    "presentedModalityTypes": ["audio"],
}
