"""`POST /calls/<key>/reject/` and `POST /calls/reject/`: reject one call or several."""

import asyncio
import uuid
from dataclasses import dataclass
from typing import Any

from django.utils.translation import gettext as _

from calls import metrics
from calls.decisions import errors
from calls.decisions.decision_request import DecisionRequest, read_seen
from calls.decisions.reject import Decision, RejectCommand, reject_call
from calls.graph.fields import clean
from calls.graph.vocabulary import RejectReason
from calls.runtime import runtime
from calls.timestamps import iso
from calls.web.actions.action import MAX_NOTE_LENGTH, action_view, decision_request, record_refusal, run_to_completion
from calls.web.actions.replies import Reply, reply_to
from calls.web.actions.request_user import ActionRequest
from calls.web.stack.content_types import is_json, read_json

MAX_AT_ONCE = 50


@dataclass(frozen=True, slots=True)
class RejectForm:
    """The content of a request to reject one call, sent as a form or as JSON."""

    reason: str
    note: str
    seen: dict[str, object] | None


@dataclass(frozen=True, slots=True)
class BulkForm:
    """The content of a request to reject several calls. `seen` holds the browser's report for each of them."""

    id: uuid.UUID
    keys: list[uuid.UUID]
    reason: str
    note: str
    seen: dict[uuid.UUID, dict[str, object] | None]


@action_view(then="board")
async def reject(request: ActionRequest, public_id: uuid.UUID) -> Reply:
    """Reject the call: 202 accepted by Graph; 403; 404; 409; 410; 422 unknown reason; 502; 503; 504.

    `calls.decisions.errors` says which error is answered with which status.
    """
    form = _read_form(request)
    if not request.may_decide:
        await record_refusal(
            request, "reject.not_allowed", [_decision_request(request, public_id, form)], reason=_reason_in(form)
        )
        return _not_allowed()
    if form is None or form.reason not in set(RejectReason):
        words = clean(form.reason, 50) if form else ""
        await record_refusal(request, "reject.bad_request", [_decision_request(request, public_id, form)], words=words)
        return _unknown_reason()
    return _accepted(await run_to_completion(_reject(_command(request, public_id, form))))


@action_view(then="board")
async def reject_many(request: ActionRequest) -> Reply:
    """Reject several calls concurrently for one reason: 200 with a reply for each; 403; 422."""
    bulk = _read_bulk(request)
    if not request.may_decide:
        requests = (
            [decision_request(request, key, bulk.seen.get(key)) for key in bulk.keys[:MAX_AT_ONCE]] if bulk else []
        )
        bulk_id = bulk.id if bulk else None
        await record_refusal(request, "reject.not_allowed", requests, bulk_id=bulk_id, reason=_reason_in(bulk))
        return _not_allowed()
    if problem := _problem_with(bulk):
        await record_refusal(request, "reject.bad_request", [], details={"bulk": True})
        return problem
    assert bulk
    metrics.BULKS.inc()
    forms = [RejectForm(bulk.reason, bulk.note, bulk.seen.get(key)) for key in bulk.keys]
    commands = [_command(request, key, form, bulk.id) for key, form in zip(bulk.keys, forms, strict=True)]
    replies = [
        reply_to(decision, request.actor) if isinstance(decision, errors.DecisionError) else _accepted(decision)
        for decision in await run_to_completion(_reject_all(commands))
    ]
    results = [
        {"key": str(key), "status": reply.status, **reply.document}
        for key, reply in zip(bulk.keys, replies, strict=True)
    ]
    rejected = sum(reply.succeeded for reply in replies)
    message = _("Rejected: %(rejected)s of %(asked)s.") % {"rejected": rejected, "asked": len(results)}
    facts = {"bulk_id": str(bulk.id), "asked": len(results), "rejected": rejected, "results": results}
    return Reply(200, "bulk", message, facts)


def _decision_request(request: ActionRequest, public_id: uuid.UUID, form: RejectForm | None) -> DecisionRequest:
    return decision_request(request, public_id, form.seen if form else None)


def _command(
    request: ActionRequest, public_id: uuid.UUID, form: RejectForm, bulk_id: uuid.UUID | None = None
) -> RejectCommand:
    decision, reason = _decision_request(request, public_id, form), RejectReason(form.reason)
    return RejectCommand(decision, reason, request.actor, form.note, bulk_id)


async def _reject_all(commands: list[RejectCommand]) -> list[Decision | errors.DecisionError]:
    return await asyncio.gather(*(_reject_or_error(command) for command in commands))


async def _reject_or_error(command: RejectCommand) -> Decision | errors.DecisionError:
    try:
        return await _reject(command)
    except errors.DecisionError as error:
        return error


async def _reject(command: RejectCommand) -> Decision:
    running = runtime.running()
    thread = running.threads.decisions
    return await reject_call(command, thread=thread, graph=running.graph, change_bus=running.change_bus)


def _accepted(decision: Decision) -> Reply:
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


def _problem_with(bulk: BulkForm | None) -> Reply | None:
    if bulk is None:
        return Reply(422, "bad_request", _("Name the calls to reject by their keys, and a reason."))
    if not bulk.keys:
        return Reply(422, "no_calls", _("Choose at least one call."))
    if len(bulk.keys) > MAX_AT_ONCE:
        message = _("Choose at most %(most)s calls at once.") % {"most": MAX_AT_ONCE}
        return Reply(422, "too_many", message, {"most": MAX_AT_ONCE})
    return None if bulk.reason in set(RejectReason) else _unknown_reason()


def _reason_in(sent: RejectForm | BulkForm | None) -> str:
    return sent.reason if sent and sent.reason in set(RejectReason) else ""


# Parsing --------------------------------------------------------------------------------------------------------------


def _read_form(request: ActionRequest) -> RejectForm | None:
    """Return the content of the request, None when its body cannot be read."""
    if not is_json(request.http_request):
        sent = request.http_request.POST
        return RejectForm(sent.get("reason", ""), clean(sent.get("note", ""), MAX_NOTE_LENGTH), None)
    document = read_json(request.http_request)
    if document is None or not isinstance(document.get("reason"), str):
        return None
    return RejectForm(document["reason"], _read_note(document), read_seen(document.get("seen")))


def _read_bulk(request: ActionRequest) -> BulkForm | None:
    """Return the content of the request, None when its body cannot be read or a key is not a UUID."""
    document = read_json(request.http_request) if is_json(request.http_request) else None
    if document is None or not isinstance(document.get("reason"), str):
        return None
    keys = _read_keys(document.get("keys"))
    if keys is None:
        return None
    reports = document.get("seen")
    seen = {key: read_seen(reports.get(str(key))) for key in keys} if isinstance(reports, dict) else {}
    return BulkForm(uuid.uuid4(), keys, document["reason"], _read_note(document), seen)


def _read_keys(sent: Any) -> list[uuid.UUID] | None:
    """Return the keys without duplicates, in the order sent; None when one is not a UUID."""
    if not isinstance(sent, list) or not all(isinstance(key, str) for key in sent):
        return None
    try:
        return list(dict.fromkeys(uuid.UUID(key) for key in sent))
    except ValueError:
        return None


def _read_note(document: dict[str, Any]) -> str:
    note = document.get("note")
    return clean(note if isinstance(note, str) else "", MAX_NOTE_LENGTH)
