"""`POST /calls/<key>/reject/` and `POST /calls/reject/`: requests in, decisions out."""

import asyncio
import uuid
from dataclasses import dataclass
from typing import Any

from django.utils.translation import gettext as _

from calls import metrics
from calls.decisions import errors
from calls.decisions import reject as rejecting
from calls.decisions.decision_request import Click, read_seen
from calls.graph.fields import clean
from calls.graph.vocabulary import RejectReason
from calls.runtime import runtime
from calls.timestamps import iso
from calls.web.actions.action import MAX_NOTE_LENGTH, Asked, act, carry_out, click_on, read_json, record_refusal
from calls.web.actions.replies import Reply, reply_to
from calls.web.stack.content_types import is_json

MOST_AT_ONCE = 50


@dataclass(frozen=True, slots=True)
class Form:
    """What one call's request asks for, whether it came as a form or as JSON."""

    reason: str
    note: str
    seen: dict[str, object] | None


@dataclass(frozen=True, slots=True)
class Bulk:
    """What a request about several calls asks for."""

    id: uuid.UUID
    keys: list[uuid.UUID]
    reason: str
    note: str
    seen: dict[uuid.UUID, dict[str, object] | None]


@act(then="board")
async def reject(asked: Asked, public_id: uuid.UUID) -> Reply:
    """Reject the call; see the contract of this address for the statuses."""
    form = _read_form(asked)
    if not asked.may_decide:
        await record_refusal(asked, "reject.not_allowed", [_click(asked, public_id, form)], reason=_reason_in(form))
        return _not_allowed()
    if form is None or form.reason not in set(RejectReason):
        words = clean(form.reason, 50) if form else ""
        await record_refusal(asked, "reject.bad_request", [_click(asked, public_id, form)], words=words)
        return _unknown_reason()
    return _accepted(await carry_out(_reject(_wish(asked, public_id, form))))


@act(then="board")
async def reject_many(asked: Asked) -> Reply:
    """Reject several calls side by side for one reason, and tell what became of each."""
    bulk = _read_bulk(asked)
    if not asked.may_decide:
        clicks = [click_on(asked, key, bulk.seen.get(key)) for key in bulk.keys[:MOST_AT_ONCE]] if bulk else []
        bulk_id = bulk.id if bulk else None
        await record_refusal(asked, "reject.not_allowed", clicks, bulk_id=bulk_id, reason=_reason_in(bulk))
        return _not_allowed()
    if problem := _problem_with(bulk):
        await record_refusal(asked, "reject.bad_request", [], details={"bulk": True})
        return problem
    assert bulk
    metrics.BULKS.inc()
    forms = [Form(bulk.reason, bulk.note, bulk.seen.get(key)) for key in bulk.keys]
    wishes = [_wish(asked, key, form, bulk.id) for key, form in zip(bulk.keys, forms, strict=True)]
    replies = [
        reply_to(decision, asked.actor) if isinstance(decision, errors.DecisionError) else _accepted(decision)
        for decision in await carry_out(_reject_all(wishes))
    ]
    results = [
        {"key": str(key), "status": reply.status, **reply.document}
        for key, reply in zip(bulk.keys, replies, strict=True)
    ]
    rejected = sum(reply.succeeded for reply in replies)
    message = _("Rejected: %(rejected)s of %(asked)s.") % {"rejected": rejected, "asked": len(results)}
    facts = {"bulk_id": str(bulk.id), "asked": len(results), "rejected": rejected, "results": results}
    return Reply(200, "bulk", message, facts)


def _click(asked: Asked, public_id: uuid.UUID, form: Form | None) -> Click:
    return click_on(asked, public_id, form.seen if form else None)


def _wish(asked: Asked, public_id: uuid.UUID, form: Form, bulk_id: uuid.UUID | None = None) -> rejecting.Wish:
    click, reason = _click(asked, public_id, form), RejectReason(form.reason)
    return rejecting.Wish(click, reason, asked.actor, form.note, bulk_id)


async def _reject_all(wishes: list[rejecting.Wish]) -> list[rejecting.Decision | errors.DecisionError]:
    return await asyncio.gather(*(_reject_or_say_why_not(wish) for wish in wishes))


async def _reject_or_say_why_not(wish: rejecting.Wish) -> rejecting.Decision | errors.DecisionError:
    try:
        return await _reject(wish)
    except errors.DecisionError as error:
        return error


async def _reject(wish: rejecting.Wish) -> rejecting.Decision:
    running = runtime.running()
    thread = running.threads.decisions
    return await rejecting.reject(wish, thread=thread, graph=running.graph, change_bus=running.change_bus)


def _accepted(decision: rejecting.Decision) -> Reply:
    message = _("Rejected. Graph accepted it; the end of the call will be confirmed in a moment.")
    facts = {
        "reason": decision.reason,
        "by": decision.by,
        "at": iso(decision.at),
        "call_key": str(decision.public_id),
        "graph_id": decision.graph_id,
        "request_id": decision.request_id,
    }
    return Reply(202, "accepted", message, facts)


def _not_allowed() -> Reply:
    return Reply(403, "not_allowed", _("Your account may watch calls but not reject them."))


def _unknown_reason() -> Reply:
    return Reply(422, "unknown_reason", _("Choose one of the reasons none, busy or forbidden."))


def _problem_with(bulk: Bulk | None) -> Reply | None:
    if bulk is None:
        return Reply(422, "bad_request", _("Name the calls to reject by their keys, and a reason."))
    if not bulk.keys:
        return Reply(422, "no_calls", _("Choose at least one call."))
    if len(bulk.keys) > MOST_AT_ONCE:
        message = _("Choose at most %(most)s calls at once.") % {"most": MOST_AT_ONCE}
        return Reply(422, "too_many", message, {"most": MOST_AT_ONCE})
    return None if bulk.reason in set(RejectReason) else _unknown_reason()


def _reason_in(sent: Form | Bulk | None) -> str:
    return sent.reason if sent and sent.reason in set(RejectReason) else ""


# What was sent --------------------------------------------------------------------------------------------------------


def _read_form(asked: Asked) -> Form | None:
    """Return what the request asks for, None when its body cannot be read."""
    if not is_json(asked.request):
        sent = asked.request.POST
        return Form(sent.get("reason", ""), clean(sent.get("note", ""), MAX_NOTE_LENGTH), None)
    document = read_json(asked.request)
    if document is None or not isinstance(document.get("reason"), str):
        return None
    return Form(document["reason"], _read_note(document), read_seen(document.get("seen")))


def _read_bulk(asked: Asked) -> Bulk | None:
    """Return what the request asks for, None when its body cannot be read or names what is no key."""
    document = read_json(asked.request) if is_json(asked.request) else None
    if document is None or not isinstance(document.get("reason"), str):
        return None
    keys = _read_keys(document.get("keys"))
    if keys is None:
        return None
    told = document.get("seen")
    seen = {key: read_seen(told.get(str(key))) for key in keys} if isinstance(told, dict) else {}
    return Bulk(uuid.uuid4(), keys, document["reason"], _read_note(document), seen)


def _read_keys(sent: Any) -> list[uuid.UUID] | None:
    """Return each key once, in the order sent."""
    if not isinstance(sent, list) or not all(isinstance(key, str) for key in sent):
        return None
    try:
        return list(dict.fromkeys(uuid.UUID(key) for key in sent))
    except ValueError:
        return None


def _read_note(document: dict[str, Any]) -> str:
    note = document.get("note")
    return clean(note if isinstance(note, str) else "", MAX_NOTE_LENGTH)
