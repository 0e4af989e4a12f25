"""Letting a call pass: one person says for all that nobody needs to reject it. Graph is told nothing.

A call that was let pass is silent on every screen. While its window is open it can still be rejected.
"""

import uuid
from dataclasses import dataclass
from datetime import datetime

from django.utils import timezone

from calls import metrics
from calls.audit import chain
from calls.audit.actor import Actor
from calls.db.threads import DatabaseThread
from calls.decisions.claim import locked_target, obstacle_to, recorded
from calls.decisions.decision_request import Click
from calls.decisions.errors import DecidedByAnother, DecisionError, Gone, UnknownCall
from calls.live.change_bus import ChangeBus
from calls.models import Call
from calls.timestamps import iso


@dataclass(frozen=True, slots=True)
class Passed:
    """Who let the call pass first, and when; `now` when it was just done."""

    call_pk: int
    public_id: uuid.UUID
    graph_id: str
    by: str
    at: datetime
    now: bool


async def let_pass(click: Click, actor: Actor, *, thread: DatabaseThread, change_bus: ChangeBus) -> Passed:
    """Let the call pass, once; return who did. Raises UnknownCall, DecidedByAnother, Gone, NotRecorded."""
    passed = await recorded(thread, _let_pass, click, actor)
    change_bus.publish([passed.call_pk])
    return passed


def _let_pass(click: Click, actor: Actor) -> Passed | DecisionError:
    with locked_target(click.public_id) as target:
        if target is None:
            _record_unknown(click, actor)
            return UnknownCall()
        call = target.call
        if obstacle := obstacle_to(target):
            _record_obstacle(click, actor, call, obstacle)
            return obstacle
        now = call.let_pass_at is None
        if now:
            call.let_pass_at, call.let_pass_by_id, call.let_pass_by = timezone.now(), actor.id, actor.name
            call.touch("let_pass_at", "let_pass_by_id", "let_pass_by", at=call.let_pass_at)
            retargeted = {"retargeted_from": target.named.graph_id} if call.pk != target.named.pk else {}
            details = {**click.told(call), "deadline": iso(call.deadline), **retargeted}
            chain.append("call.let_pass", actor=actor, call=call, details=details)
            metrics.LET_PASS.labels("let_pass").inc()
        at = call.let_pass_at or call.updated_at
        return Passed(call.pk, call.public_id, call.graph_id, call.let_pass_by, at, now)


def _record_unknown(click: Click, actor: Actor) -> None:
    details = {"cause": "unknown_call", "key": str(click.public_id), "clicked_at": iso(click.at)}
    chain.append("call.let_pass_in_vain", actor=actor, details=details)
    metrics.LET_PASS.labels("unknown_call").inc()


def _record_obstacle(click: Click, actor: Actor, call: Call, obstacle: DecisionError) -> None:
    if isinstance(obstacle, DecidedByAnother):
        details = {"cause": "decided_by_another", "decided_outcome": obstacle.outcome}
    else:
        details = {"cause": obstacle.cause if isinstance(obstacle, Gone) else ""}
    chain.append("call.let_pass_in_vain", actor=actor, call=call, details={**click.told(call), **details})
    metrics.LET_PASS.labels(details["cause"]).inc()
