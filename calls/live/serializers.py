"""The JSON description of a call that browsers get, serialised once for all of them."""

import json
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from django.utils import timezone

from calls.models import Call
from calls.timestamps import iso


def describe(call: Call) -> dict[str, Any]:
    """Return a call as browsers get it. Reads `call.attempts` (prefetch them) unless it is the first version."""
    return {
        "key": str(call.public_id),
        "graph_id": call.graph_id,
        "chain_id": call.chain_id,
        "tenant_id": call.tenant_id,
        "state": call.state,
        "version": call.version,
        "direction": call.direction,
        "received_at": iso(call.received_at),
        "deadline": iso(call.deadline),
        "established_at": iso(call.established_at),
        "missed_at": iso(call.missed_at),
        "ended_at": iso(call.ended_at),
        "source": call.source,
        "targets": call.targets,
        "modalities": call.modalities,
        "policy_recording": call.policy_recording,
        "result_code": call.result_code,
        "result_message": call.result_message,
        "decision": describe_decision(call),
        "let_pass": {"by": call.let_pass_by, "at": iso(call.let_pass_at)} if call.let_pass_at else None,
        "watched": call.watched_at is not None,
    }


def describe_decision(call: Call) -> dict[str, Any] | None:
    """Return the call's deciding attempt as browsers get it, None when there is none."""
    if call.version == 1:  # every decision makes a new version, so there is none to read
        return None
    attempt = call.deciding_attempt()
    if attempt is None:
        return None
    return {
        "attempt_id": str(attempt.id),
        "outcome": attempt.outcome,
        "reason": attempt.reason,
        "by": attempt.actor_name,
        "at": iso(attempt.requested_at),
        "note": attempt.note,
        "code": attempt.graph_code,
        "message": attempt.graph_message,
    }


@dataclass(slots=True)
class CachedCall:
    """A call on the board, when it came there, and its JSON, made once when first needed."""

    call: Call
    since: datetime = field(default_factory=timezone.now)
    _text: str = ""

    @property
    def version(self) -> int:
        """The version of the call."""
        return self.call.version

    def watch(self, at: datetime) -> None:
        """Note that the call first rang in front of a supervisor at that moment."""
        self.call.watched_at = at
        self._text = ""

    @property
    def text(self) -> str:
        """The call as browsers get it."""
        if not self._text:
            self._text = json.dumps(describe(self.call), separators=(",", ":"))
        return self._text
