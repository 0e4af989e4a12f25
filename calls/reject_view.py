"""`POST /calls/<key>/reject/`: one request in, one decision out, as JSON or as a message on the board.

Works with no socket open. The decision runs as a task of its own: a browser that goes away while Graph is slow cancels
this view, not the decision.
"""

import asyncio
import json
import logging
import uuid
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import redirect
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.csrf import csrf_failure as csrf_failure_page
from django.views.decorators.http import require_POST

from calls import process, rejections, roles
from calls.advice import advice_for
from calls.graph.payloads import clean
from calls.graph.vocabulary import RejectReason
from calls.moments import iso
from calls.signins import actor_of

logger = logging.getLogger(__name__)

MAX_NOTE_LENGTH = 500


@dataclass(frozen=True, slots=True)
class Reply:
    """What to tell whoever asked: a status, a machine's word, a person's sentence, and facts."""

    status: int
    outcome: str
    message: str
    facts: dict[str, Any] = field(default_factory=dict)

    @property
    def succeeded(self) -> bool:
        """Whether Graph accepted the rejection."""
        return self.status == 202


@dataclass(frozen=True, slots=True)
class Form:
    """What the request asks for, whether it came as a form or as JSON."""

    reason: str
    note: str
    seen: dict[str, object] | None


@require_POST
async def reject(request: HttpRequest, key: uuid.UUID) -> HttpResponse:
    """Reject the call and answer as the request prefers; see the contract of this address for the statuses."""
    clicked_at = timezone.now()
    user = await request.auser()
    if not user.is_authenticated:
        if _wants_json(request):
            return _as_json(Reply(401, "signed_out", _("You are signed out. Sign in again; the call may still ring.")))
        return redirect("login")
    reply = await _decide(request, user, key, clicked_at)
    return _as_json(reply) if _wants_json(request) else await _as_page(request, reply)


def csrf_failure(request: HttpRequest, reason: str = "") -> HttpResponse:
    """Tell a missing or stale CSRF token apart from a missing right."""
    if not _wants_json(request):
        return csrf_failure_page(request, reason=reason)
    return _as_json(Reply(403, "csrf", _("This page is out of date or cookies are blocked. Reload it and try again.")))


async def _decide(request: HttpRequest, user: Any, key: uuid.UUID, clicked_at: datetime) -> Reply:
    actor, running = actor_of(user, request), process.running()
    decisions = running.threads["decisions"]
    if not await user.ahas_perm(roles.REJECT):
        await decisions.run(rejections.record_refusal, "reject.not_allowed", key, actor, {})
        return Reply(403, "not_allowed", _("Your account may watch calls but not reject them."))
    form = _read_form(request)
    if form is None or form.reason not in set(RejectReason):
        details = {"reason": clean(form.reason, 50) if form else ""}
        await decisions.run(rejections.record_refusal, "reject.bad_request", key, actor, details)
        return Reply(422, "unknown_reason", _("Choose one of the reasons none, busy or forbidden."))
    first_sent_at = running.board.first_sent(str(key), user.pk)
    wish = rejections.Wish(key, RejectReason(form.reason), actor, form.note, form.seen, clicked_at, first_sent_at)
    deciding = rejections.reject(wish, thread=decisions, graph=running.graph, hints=running.hints)
    try:
        decision = await asyncio.shield(running.run(deciding))
    except rejections.DecisionError as error:
        return _reply_to(error)
    message = _("Rejected. Graph accepted it; the end of the call will be confirmed in a moment.")
    facts = {"reason": decision.reason, "by": decision.by, "at": iso(decision.at), "graph_id": decision.graph_id}
    return Reply(202, "accepted", message, {**facts, "request_id": decision.request_id})


def _reply_to(error: rejections.DecisionError) -> Reply:
    match error:
        case rejections.UnknownCall():
            return Reply(404, "unknown_call", _("There is no such call."))
        case rejections.DecidedByAnother():
            message = _("%(by)s rejected this call first, reason “%(reason)s”.") % {
                "by": error.by,
                "reason": error.reason,
            }
            facts = {"by": error.by, "at": iso(error.at), "reason": error.reason, "decision": error.outcome}
            return Reply(409, "decided_by_another", message, facts)
        case rejections.Gone():
            return Reply(410, error.cause, _gone_message(error.cause), {"cause": error.cause})
        case rejections.GraphRefused():
            advice = advice_for(error.code)
            message = _("Graph refused: %(code)s %(message)s") % {"code": error.code, "message": error.message}
            answer = {
                "code": error.code,
                "graph_message": error.message,
                "graph_status": error.status,
                "advice": advice,
            }
            return Reply(502, "refused", f"{message} {advice}".strip(), answer)
        case rejections.NotRecorded():
            message = _("The audit history cannot be written, so the call was not rejected. Try again.")
            return Reply(503, "not_recorded", message)
        case _:
            message = _("Graph did not answer. The call may or may not be rejected; its end will tell.")
            return Reply(504, "unknown", message)


def _gone_message(cause: str) -> str:
    return {
        "caller_left": _("Too late: the caller left first."),
        "answered": _("Too late: the call was answered."),
        "too_late": _("Too late: the time to reject this call has run out."),
        "ended_elsewhere": _("The call had already ended: Graph does not know it any more."),
        "outgoing": _("This call was placed by the bot; only incoming calls can be rejected."),
    }.get(cause, _("The call has ended."))


def _wants_json(request: HttpRequest) -> bool:
    return request.get_preferred_type(["text/html", "application/json"]) == "application/json"


def _as_json(reply: Reply) -> JsonResponse:
    return JsonResponse({"outcome": reply.outcome, "message": reply.message, **reply.facts}, status=reply.status)


async def _as_page(request: HttpRequest, reply: Reply) -> HttpResponse:
    level = messages.SUCCESS if reply.succeeded else messages.WARNING
    await asyncio.to_thread(messages.add_message, request, level, reply.message)
    return redirect("board")


def _read_form(request: HttpRequest) -> Form | None:
    """Return what the request asks for, None when its body cannot be read."""
    if request.content_type == "application/json":
        return _read_json(request)
    return Form(request.POST.get("reason", ""), clean(request.POST.get("note", ""), MAX_NOTE_LENGTH), None)


def _read_json(request: HttpRequest) -> Form | None:
    try:
        document = json.loads(request.body)
    except (ValueError, RecursionError):
        return None
    if not isinstance(document, dict) or not isinstance(document.get("reason"), str):
        return None
    note = document.get("note")
    return Form(
        reason=document["reason"],
        note=clean(note if isinstance(note, str) else "", MAX_NOTE_LENGTH),
        seen=_read_seen(document.get("seen")),
    )


def _read_seen(seen: Any) -> dict[str, object] | None:
    """Return what the browser says it showed, as far as it is of the agreed form; nothing else vouches for it."""
    if not isinstance(seen, dict):
        return None
    version, shown_at, visible = (seen.get(name) for name in ("version", "shown_at", "visible"))
    return {
        "version": version if isinstance(version, int) and abs(version) < 2**53 else None,
        "shown_at": clean(shown_at, 40) if isinstance(shown_at, str) else None,
        "visible": visible if isinstance(visible, bool) else None,
    }
