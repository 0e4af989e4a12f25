"""Notes: what somebody wants to have said about a call, written when there is time for it.

Each is an entry of its own in the history; the newest one also stands beside the decision it is about.
"""

from dataclasses import dataclass
from datetime import datetime

from django.db import transaction

from calls import metrics
from calls.audit import chain
from calls.audit.actor import Actor
from calls.db.threads import DatabaseThread
from calls.decisions.claim import recorded
from calls.decisions.decision_request import Click
from calls.decisions.errors import DecisionError, StillRings, UnknownCall
from calls.live.change_bus import ChangeBus
from calls.models import Call


@dataclass(frozen=True, slots=True)
class Noted:
    """A note that is in the history now."""

    call_pk: int
    note: str
    by: str
    at: datetime


async def note(click: Click, text: str, actor: Actor, *, thread: DatabaseThread, change_bus: ChangeBus) -> Noted:
    """Add a note to a call about which somebody decided, or which stopped ringing.

    Raises UnknownCall, StillRings, NotRecorded.
    """
    noted = await recorded(thread, _note, click, text, actor)
    change_bus.publish([noted.call_pk])
    metrics.NOTES.inc()
    return noted


def _note(click: Click, text: str, actor: Actor) -> Noted | DecisionError:
    with transaction.atomic():
        call = Call.objects.select_for_update().filter(public_id=click.public_id).first()
        if call is None:
            return UnknownCall()
        if not accepts_note(call):
            return StillRings()
        attempt = call.deciding_attempt()
        if attempt:
            attempt.note = text
            attempt.save(update_fields=["note"])
            call.touch()
        details = click.told(call)
        entry = chain.append("call.noted", actor=actor, call=call, attempt=attempt, note=text, details=details)
        return Noted(call.pk, text, actor.name, entry.at)


def accepts_note(call: Call) -> bool:
    """Return whether a note can be added: somebody decided about the call, or it stopped ringing."""
    return bool(call.let_pass_at) or not call.rings or call.deciding_attempt() is not None
