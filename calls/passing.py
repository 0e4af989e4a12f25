"""Letting a call pass: one person says for all that nobody needs to reject it. Graph is told nothing.

A call that was let pass is silent on every screen. While its window is open it can still be rejected.
"""

import uuid
from dataclasses import dataclass
from datetime import datetime

from django.utils import timezone

from calls import audit, metrics
from calls.clicks import Click
from calls.hints import Hints
from calls.models import Call
from calls.moments import iso
from calls.obstacles import DecidedByAnother, DecisionError, Gone, UnknownCall, locked_target, obstacle_to, recorded
from calls.threads import DatabaseThread


@dataclass(frozen=True, slots=True)
class Passed:
    """Who let the call pass first, and when; `now` when it was just done."""

    call_id: int
    call_key: uuid.UUID
    graph_id: str
    by: str
    at: datetime
    now: bool


async def let_pass(click: Click, actor: audit.Actor, *, thread: DatabaseThread, hints: Hints) -> Passed:
    """Let the call pass, once; return who did. Raises UnknownCall, DecidedByAnother, Gone, NotRecorded."""
    passed = await recorded(thread, _let_pass, click, actor)
    hints.publish([passed.call_id])
    return passed


def _let_pass(click: Click, actor: audit.Actor) -> Passed | DecisionError:
    with locked_target(click.key) as target:
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
            call.touch("let_pass_at", "let_pass_by_id", "let_pass_by")
            retargeted = {"retargeted_from": target.named.graph_id} if call.pk != target.named.pk else {}
            details = {**click.told(call), "deadline": iso(call.deadline), **retargeted}
            audit.append("call.let_pass", actor=actor, call=call, details=details)
            metrics.LET_PASS.labels("let_pass").inc()
        at = call.let_pass_at or call.updated_at
        return Passed(call.pk, call.key, call.graph_id, call.let_pass_by, at, now)


def _record_unknown(click: Click, actor: audit.Actor) -> None:
    details = {"cause": "unknown_call", "key": str(click.key), "clicked_at": iso(click.at)}
    audit.append("call.let_pass_in_vain", actor=actor, details=details)
    metrics.LET_PASS.labels("unknown_call").inc()


def _record_obstacle(click: Click, actor: audit.Actor, call: Call, obstacle: DecisionError) -> None:
    if isinstance(obstacle, DecidedByAnother):
        details = {"cause": "decided_by_another", "decided_outcome": obstacle.outcome}
    else:
        details = {"cause": obstacle.cause if isinstance(obstacle, Gone) else ""}
    audit.append("call.let_pass_in_vain", actor=actor, call=call, details={**click.told(call), **details})
    metrics.LET_PASS.labels(details["cause"]).inc()
