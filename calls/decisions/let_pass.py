"""Letting a call pass: it becomes silent on every board, and can still be rejected until its deadline.

Graph is not involved.
"""

import uuid
from dataclasses import dataclass
from datetime import datetime

from django.utils import timezone

from calls import metrics
from calls.audit import chain
from calls.audit.actor import Actor
from calls.db.threads import DatabaseThread
from calls.decisions.claim import decision_error, locked_target, run_recorded
from calls.decisions.decision_request import DecisionRequest
from calls.decisions.errors import DecidedByAnother, DecisionError, Gone, UnknownCall
from calls.live.change_bus import ChangeBus
from calls.models import Call
from calls.timestamps import iso


@dataclass(frozen=True, slots=True)
class LetPassResult:
    """Who let the call pass first, and when. `newly` is false when that was an earlier request."""

    call_pk: int
    public_id: uuid.UUID
    graph_id: str
    by: str
    at: datetime
    newly: bool


async def let_call_pass(
    request: DecisionRequest, actor: Actor, *, thread: DatabaseThread, change_bus: ChangeBus
) -> LetPassResult:
    """Let the call pass. Idempotent: a repetition returns the first result.

    Raises UnknownCall, DecidedByAnother, Gone, NotRecorded.
    """
    result = await run_recorded(thread, _let_pass, request, actor)
    change_bus.publish([result.call_pk])
    return result


def _let_pass(request: DecisionRequest, actor: Actor) -> LetPassResult | DecisionError:
    with locked_target(request.public_id) as target:
        if target is None:
            _record_unknown(request, actor)
            return UnknownCall()
        call = target.call
        if error := decision_error(target):
            _record_error(request, actor, call, error)
            return error
        newly = call.let_pass_at is None
        if newly:
            call.let_pass_at, call.let_pass_by_id, call.let_pass_by = timezone.now(), actor.id, actor.name
            call.touch("let_pass_at", "let_pass_by_id", "let_pass_by", at=call.let_pass_at)
            retargeted = {"retargeted_from": target.named.graph_id} if call.pk != target.named.pk else {}
            details = {**request.details(call), "deadline": iso(call.deadline), **retargeted}
            chain.append("call.let_pass", actor=actor, call=call, details=details)
            metrics.LET_PASS.labels("let_pass").inc()
        at = call.let_pass_at or call.updated_at
        return LetPassResult(call.pk, call.public_id, call.graph_id, call.let_pass_by, at, newly)


def _record_unknown(request: DecisionRequest, actor: Actor) -> None:
    details = {"cause": "unknown_call", "key": str(request.public_id), "clicked_at": iso(request.at)}
    chain.append("call.let_pass_in_vain", actor=actor, details=details)
    metrics.LET_PASS.labels("unknown_call").inc()


def _record_error(request: DecisionRequest, actor: Actor, call: Call, error: DecisionError) -> None:
    if isinstance(error, DecidedByAnother):
        details = {"cause": "decided_by_another", "decided_outcome": error.outcome}
    else:
        details = {"cause": error.cause if isinstance(error, Gone) else ""}
    chain.append("call.let_pass_in_vain", actor=actor, call=call, details={**request.details(call), **details})
    metrics.LET_PASS.labels(details["cause"]).inc()
