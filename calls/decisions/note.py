"""Notes about a call. Each is an audit entry; the newest one is also stored on the deciding attempt."""

from dataclasses import dataclass
from datetime import datetime

from django.db import transaction

from calls import metrics
from calls.audit import chain
from calls.audit.actor import Actor
from calls.db.threads import DatabaseThread
from calls.decisions.claim import run_recorded
from calls.decisions.decision_request import DecisionRequest
from calls.decisions.errors import DecisionError, StillRings, UnknownCall
from calls.live.change_bus import ChangeBus
from calls.models import Call


@dataclass(frozen=True, slots=True)
class AddedNote:
    """A note that was recorded."""

    call_pk: int
    note: str
    by: str
    at: datetime


async def add_note(
    request: DecisionRequest, text: str, actor: Actor, *, thread: DatabaseThread, change_bus: ChangeBus
) -> AddedNote:
    """Add a note to a call that is decided or has stopped ringing.

    Raises UnknownCall, StillRings, NotRecorded.
    """
    added = await run_recorded(thread, _add_note, request, text, actor)
    change_bus.publish([added.call_pk])
    metrics.NOTES.inc()
    return added


def _add_note(request: DecisionRequest, text: str, actor: Actor) -> AddedNote | DecisionError:
    with transaction.atomic():
        call = Call.objects.select_for_update().filter(public_id=request.public_id).first()
        if call is None:
            return UnknownCall()
        if not accepts_note(call):
            return StillRings()
        attempt = call.deciding_attempt()
        if attempt:
            attempt.note = text
            attempt.save(update_fields=["note"])
            call.touch()
        details = request.details(call)
        entry = chain.append("call.noted", actor=actor, call=call, attempt=attempt, note=text, details=details)
        return AddedNote(call.pk, text, actor.name, entry.at)


def accepts_note(call: Call) -> bool:
    """Return whether the call is decided, was let pass, or has stopped ringing, so that a note can be added."""
    return bool(call.let_pass_at) or not call.rings or call.deciding_attempt() is not None
