"""`POST /calls/<key>/note/`: add a note to a call."""

import uuid

from django.utils.translation import gettext as _

from calls.decisions import errors
from calls.decisions.decision_request import DecisionRequest, read_seen
from calls.decisions.note import add_note
from calls.graph.fields import clean
from calls.runtime import runtime
from calls.timestamps import iso
from calls.web.actions.action import MAX_NOTE_LENGTH, action_view, decision_request, record_refusal, run_to_completion
from calls.web.actions.replies import Reply
from calls.web.actions.request_user import ActionRequest
from calls.web.stack.content_types import is_json, read_json


@action_view(then="call")
async def note(request: ActionRequest, public_id: uuid.UUID) -> Reply:
    """Add the note: 200; 403; 404; 409 while the call rings undecided; 422 empty or too long; 503 not recorded."""
    http_request = request.http_request
    document = (read_json(http_request) or {}) if is_json(http_request) else http_request.POST
    decision = decision_request(request, public_id, read_seen(document.get("seen")))
    if not request.may_decide:
        await record_refusal(request, "call.note_not_allowed", [decision])
        return Reply(403, "not_allowed", _("Your account may watch calls but not write notes about them."))
    text = _read_note(document.get("note"))
    if text is None:
        await _record_failure(request, decision, "bad_note")
        message = _("Write a note of 1 to %(most)s characters.") % {"most": MAX_NOTE_LENGTH}
        return Reply(422, "bad_note", message, {"most": MAX_NOTE_LENGTH})
    running = runtime.running()
    try:
        added = await run_to_completion(
            add_note(decision, text, request.actor, thread=running.threads.decisions, change_bus=running.change_bus)
        )
    except errors.UnknownCall:
        await _record_failure(request, decision, "unknown_call")
        raise
    except errors.StillRings:
        await _record_failure(request, decision, "still_rings")
        raise
    facts = {"note": added.note, "by": added.by, "at": iso(added.at)}
    return Reply(200, "noted", _("The note is in the history."), facts)


async def _record_failure(request: ActionRequest, decision: DecisionRequest, cause: str) -> None:
    details: dict[str, object] = {"cause": cause, "key": str(decision.public_id)}
    await record_refusal(request, "call.note_in_vain", [decision], details=details)


def _read_note(sent: object) -> str | None:
    """Return the note that was sent, None when it is empty or too long."""
    text = clean(sent, MAX_NOTE_LENGTH + 1).strip() if isinstance(sent, str) else ""
    return text if 0 < len(text) <= MAX_NOTE_LENGTH else None
