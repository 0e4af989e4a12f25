"""Folds a notification into its call: state, times, deadline.

Existence and end of a call do not depend on the order of its notifications, and an ended call stays ended. All other
fields follow the order in which notifications were stored.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta

from calls.graph.call_facts import CallFacts
from calls.graph.vocabulary import CallState, Direction, Phase, phase_of, states_in
from calls.models import Call

# Policy recording bots must answer within 5 seconds: https://learn.microsoft.com/graph/api/call-answer
POLICY_RECORDING_WINDOW = timedelta(seconds=5)

# In order of storage, because Graph numbers no notification and `established` is legal before and after `transferring`.
FOLDED_FIELDS = (
    "chain_id",
    "state",
    "direction",
    "source",
    "targets",
    "modalities",
    "policy_recording",
    "named_tenant_id",
    "received_at",
    "deadline",
    "established_at",
    "missed_at",
    "ended_at",
    "result_code",
    "result_subcode",
    "result_message",
)
_STATED_FIELDS = (
    "chain_id",
    "direction",
    "source",
    "targets",
    "modalities",
    "policy_recording",
    "named_tenant_id",
    "result_code",
    "result_subcode",
    "result_message",
)


@dataclass(frozen=True, slots=True)
class Change:
    """The effect of one notification on its call."""

    changed: bool
    ended: bool = False
    missed_withdrawn: bool = False


def fold(call: Call, facts: CallFacts, received_at: datetime, window: timedelta) -> Change:
    """Apply the facts of one notification to `call`, in memory, and return what changed.

    `window` is how long Graph lets an ordinary call ring. A field the notification does not state keeps its value.
    """
    before = [getattr(call, name) for name in FOLDED_FIELDS]
    was_ended, was_missed = call.ended_at is not None, call.missed_at is not None
    for name in _STATED_FIELDS:
        if (stated := getattr(facts, name)) is not None:
            setattr(call, name, stated)
    if call.named_tenant_id.lower() == call.tenant_id:
        call.named_tenant_id = ""  # stored only if it differs from the tenant of the callback's token
    call.received_at = min(call.received_at, received_at)
    _move(call, facts, received_at)
    _set_deadline(call, window)
    return Change(
        changed=before != [getattr(call, name) for name in FOLDED_FIELDS],
        ended=call.ended_at is not None and not was_ended,
        missed_withdrawn=was_missed and call.missed_at is None,
    )


def _move(call: Call, facts: CallFacts, received_at: datetime) -> None:
    if facts.ended and call.ended_at is None:
        call.ended_at = received_at
    if call.ended_at is not None:
        call.state = CallState.TERMINATED
    elif facts.state and not _steps_back(call.state, facts.state):
        call.state = facts.state
    if call.is_answered:
        call.established_at = call.established_at or received_at
        call.missed_at = None


def _steps_back(current: str, stated: str) -> bool:
    """Return whether `stated` is the ringing state of a call that rings no more: its first notification came late."""
    return phase_of(stated) == Phase.RINGING and phase_of(current) != Phase.RINGING


def _set_deadline(call: Call, window: timedelta) -> None:
    if call.state in states_in(Phase.RINGING) and call.direction != Direction.OUTGOING:
        allowed = min(window, POLICY_RECORDING_WINDOW) if call.policy_recording else window
        call.deadline = call.received_at + allowed
