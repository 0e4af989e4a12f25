"""Replies to action requests, and the reply for each DecisionError."""

from dataclasses import dataclass, field
from typing import Any

from django.http import JsonResponse
from django.utils.translation import gettext as _

from calls.audit.actor import Actor
from calls.decisions import errors
from calls.decisions.error_hints import hint_for
from calls.timestamps import iso


@dataclass(frozen=True, slots=True)
class Reply:
    """A reply: HTTP status, outcome code, translated message, and further fields of the JSON document."""

    status: int
    outcome: str
    message: str
    facts: dict[str, Any] = field(default_factory=dict)

    @property
    def succeeded(self) -> bool:
        """Whether the action was carried out."""
        return self.status < 300

    @property
    def document(self) -> dict[str, Any]:
        """The body of the JSON response."""
        return {"outcome": self.outcome, "message": self.message, **self.facts}


def as_json(reply: Reply) -> JsonResponse:
    """Return the reply as a JSON response."""
    return JsonResponse(reply.document, status=reply.status)


def signed_out() -> Reply:
    """Return the reply for a request without a valid session."""
    return Reply(401, "signed_out", _("You are signed out. Sign in again; the call may still ring."))


def not_recorded() -> Reply:
    """Return the reply for an action that was not done because the database failed."""
    return Reply(503, "not_recorded", _("The audit history cannot be written, so nothing was done. Try again."))


def reply_to(error: errors.DecisionError, actor: Actor) -> Reply:
    """Return the reply for the error; `actor` is the person who receives it."""
    match error:
        case errors.UnknownCall():
            return Reply(404, "unknown_call", _("There is no such call."))
        case errors.DecidedByAnother():
            return _decided_by_another(error, actor)
        case errors.StillRings():
            return Reply(409, "still_rings", _("The call still rings: decide first, the note has time."))
        case errors.Gone():
            return Reply(410, error.cause, _gone_message(error.cause), {"cause": error.cause})
        case errors.GraphRefused():
            return _refused(error)
        case errors.NotRecorded():
            return not_recorded()
        case _:
            message = _("Graph did not answer. The call may or may not be rejected; its end will tell.")
            return Reply(504, "unknown", message)


def _decided_by_another(error: errors.DecidedByAnother, actor: Actor) -> Reply:
    if error.by_id == actor.id:
        message = _("You have already rejected this call, reason “%(reason)s”.") % {"reason": error.reason}
    else:
        message = _("%(by)s rejected this call first, reason “%(reason)s”.") % {"by": error.by, "reason": error.reason}
    facts = {"by": error.by, "at": iso(error.at), "reason": error.reason, "decision": error.outcome}
    return Reply(409, "decided_by_another", message, facts)


def _refused(error: errors.GraphRefused) -> Reply:
    hint = hint_for(error.code)
    message = _("Graph refused: %(code)s %(message)s") % {"code": error.code, "message": error.message}
    facts = {"code": error.code, "graph_message": error.message, "graph_status": error.status, "advice": hint}
    return Reply(502, "refused", f"{message} {hint}".strip(), facts)


def _gone_message(cause: str) -> str:
    return {
        "caller_left": _("Too late: the caller left first."),
        "answered": _("Too late: the call was answered."),
        "too_late": _("Too late: the time to reject this call has run out."),
        "ended_elsewhere": _("The call had already ended: Graph does not know it any more."),
        "outgoing": _("This call was placed by the bot; only incoming calls can be rejected."),
    }.get(cause, _("The call has ended."))
