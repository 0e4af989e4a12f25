"""`POST /calls/<key>/note/`: a note to a decision or a call, when there is time for it."""

import uuid

from django.utils.translation import gettext as _

from calls.decisions import errors
from calls.decisions import note as noting
from calls.decisions.decision_request import Click, read_seen
from calls.graph.fields import clean
from calls.runtime import runtime
from calls.timestamps import iso
from calls.web.actions.action import MAX_NOTE_LENGTH, Asked, act, carry_out, click_on, read_json, record_refusal
from calls.web.actions.replies import Reply
from calls.web.stack.content_types import is_json


@act(then="call")
async def note(asked: Asked, public_id: uuid.UUID) -> Reply:
    """Add the note: 200; 404; 409 while the call rings and nobody has decided; 422 for none, or one too long."""
    document = (read_json(asked.request) or {}) if is_json(asked.request) else asked.request.POST
    click = click_on(asked, public_id, read_seen(document.get("seen")))
    if not asked.may_decide:
        await record_refusal(asked, "call.note_not_allowed", [click])
        return Reply(403, "not_allowed", _("Your account may watch calls but not write notes about them."))
    text = _read_note(document.get("note"))
    if text is None:
        await _record_in_vain(asked, click, "bad_note")
        message = _("Write a note of 1 to %(most)s characters.") % {"most": MAX_NOTE_LENGTH}
        return Reply(422, "bad_note", message, {"most": MAX_NOTE_LENGTH})
    running = runtime.running()
    try:
        noted = await carry_out(
            noting.note(click, text, asked.actor, thread=running.threads.decisions, change_bus=running.change_bus)
        )
    except errors.UnknownCall:
        await _record_in_vain(asked, click, "unknown_call")
        raise
    except errors.StillRings:
        await _record_in_vain(asked, click, "still_rings")
        raise
    return Reply(
        200, "noted", _("The note is in the history."), {"note": noted.note, "by": noted.by, "at": iso(noted.at)}
    )


async def _record_in_vain(asked: Asked, click: Click, cause: str) -> None:
    await record_refusal(asked, "call.note_in_vain", [click], details={"cause": cause, "key": str(click.public_id)})


def _read_note(sent: object) -> str | None:
    """Return the note that was sent, None when there is none or it is too long."""
    text = clean(sent, MAX_NOTE_LENGTH + 1).strip() if isinstance(sent, str) else ""
    return text if 0 < len(text) <= MAX_NOTE_LENGTH else None
