"""Reads a notification's call entity: state, parties, modalities, result."""

from dataclasses import dataclass
from typing import Any

from calls.graph.fields import MAX_ID_LENGTH, clean, clip, object_of, text_of, whole_number
from calls.graph.vocabulary import CallState, ChangeType, Direction, Modality, canonical


@dataclass(frozen=True, slots=True)
class CallFacts:
    """What one notification states about its call. None means not stated, so the call keeps its value."""

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


def call_facts(change_type: str, entity: dict[str, Any]) -> CallFacts:
    """Return what a call entity states; members of unexpected types count as not stated."""
    state = canonical(text_of(entity.get("state")), CallState) or None
    result = object_of(entity.get("resultInfo"))
    return CallFacts(
        ended=change_type == ChangeType.DELETED or state == CallState.TERMINATED,
        state=clip(state, 64),
        direction=clip(canonical(text_of(entity.get("direction")), Direction), 64),
        chain_id=clip(text_of(entity.get("callChainId")), MAX_ID_LENGTH),
        source=_party(entity.get("source")),
        targets=_parties(entity.get("targets")),
        modalities=_modalities(entity.get("requestedModalities")),
        policy_recording=_is_policy_recording(entity.get("incomingContext")),
        named_tenant_id=clip(text_of(entity.get("tenantId")), 64),
        result_code=whole_number(result.get("code")),
        result_subcode=whole_number(result.get("subcode", result.get("subCode"))),
        result_message=clip(text_of(result.get("message")), 500),
    )


def _modalities(value: Any) -> list[str] | None:
    if not isinstance(value, list):
        return None
    return [clean(canonical(word, Modality), 64) for word in value if isinstance(word, str)][:16]


def _is_policy_recording(context: Any) -> bool | None:
    """Return whether a call is for policy recording: only those name an observed participant."""
    return bool(context.get("observedParticipantId")) if isinstance(context, dict) else None


def _parties(value: Any) -> list[dict[str, str]] | None:
    if not isinstance(value, list):
        return None
    return [party for party in map(_party, value[:50]) if party]


def _party(value: Any) -> dict[str, str] | None:
    """Return a participant as kind, name, id and tenant; None if the value has no identity."""
    # An identity set is an open type: `user`, `application`, `phone`, `guest`, `encrypted` or a new member may be set.
    identity_set = value.get("identity") if isinstance(value, dict) else None
    if not isinstance(identity_set, dict):
        return None
    named = [(kind, who) for kind, who in identity_set.items() if isinstance(who, dict) and not kind.startswith("@")]
    if not named:
        return None
    kind, who = max(named, key=lambda entry: bool(text_of(entry[1].get("id")) or text_of(entry[1].get("displayName"))))
    return {
        "kind": clean(kind, 64),
        "name": clean(text_of(who.get("displayName")), 200),
        "id": clean(text_of(who.get("id")), 200),
        "tenant_id": clean(text_of(who.get("tenantId")), 64),
    }
