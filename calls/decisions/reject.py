"""Rejecting a call: claim it, write that down, ask Graph, write down what came of it.

No transaction is open while Graph is asked. The claim and the entry `reject.requested` are committed before Graph hears
of it, and an outcome follows whatever happens. One attempt holds a call; only a definite refusal lets go of it.
"""

import asyncio
import functools
import logging
import time
import uuid
from collections.abc import Collection, Mapping
from dataclasses import asdict, dataclass
from datetime import datetime

from django.db import DatabaseError, InterfaceError, transaction
from django.utils import timezone

from calls import metrics
from calls.audit import actions, chain
from calls.audit.actor import Actor
from calls.audit.chain import GraphAnswer
from calls.db.threads import DatabaseThread
from calls.decisions.claim import locked_target, obstacle_to, recorded
from calls.decisions.decision_request import Click, as_text
from calls.decisions.errors import DecidedByAnother, DecisionError, Gone, GraphRefused, Unknown, UnknownCall
from calls.graph.answers import Answer, CallGone, GraphError, OutcomeUnknown
from calls.graph.client import GraphClient
from calls.graph.vocabulary import RejectReason
from calls.live import latency
from calls.live.change_bus import ChangeBus
from calls.models import OUTCOMES, Call, RejectAttempt
from calls.timestamps import iso

logger = logging.getLogger(__name__)

RECORD_ATTEMPTS = 5
RECORD_PAUSE_SECONDS = 0.5
NO_DEADLINE_SECONDS = 15.0
# Not the note: another one may have been written while Graph was asked.
SETTLED = (
    "outcome",
    "settled_at",
    "graph_status",
    "graph_code",
    "graph_message",
    "request_id",
    "client_request_id",
)
Outcome = RejectAttempt.Outcome


@dataclass(frozen=True, slots=True)
class Wish:
    """What a supervisor asks for, with the click that asked. Wishes that came as one have a `bulk_id`."""

    click: Click
    reason: RejectReason
    actor: Actor
    note: str = ""
    bulk_id: uuid.UUID | None = None


@dataclass(frozen=True, slots=True)
class Decision:
    """A rejection that Graph accepted: the end itself is told by a notification."""

    outcome: str
    reason: str
    by: str
    at: datetime
    public_id: uuid.UUID
    graph_id: str
    request_id: str


async def reject(wish: Wish, *, thread: DatabaseThread, graph: GraphClient, change_bus: ChangeBus) -> Decision:
    """Reject a call once and for everybody; return the decision when Graph accepted it, else raise a DecisionError."""
    started = time.monotonic()
    claimed = await recorded(thread, _claim, wish)
    change_bus.publish([claimed.call_id])
    timing = {**wish.click.times(claimed.call), "asked_at": timezone.now()}
    outcome, answer = await _ask(graph, claimed)
    timing["answered_at"] = answered_at = timezone.now()
    if answer.status is not None:
        latency.REJECTS.note((answered_at - wish.click.at).total_seconds())
    settled = await _record_for_sure(thread, wish.actor, claimed, outcome, answer, as_text(timing))
    change_bus.publish([claimed.call_id])
    metrics.DECISIONS.labels(settled).inc()
    metrics.DECISION_SECONDS.observe(time.monotonic() - started)
    return _told(claimed, settled, answer)


def _told(attempt: RejectAttempt, outcome: str, answer: Answer) -> Decision:
    """Return the decision when Graph accepted, else raise what stands in its way."""
    if outcome == Outcome.REFUSED:
        raise GraphRefused(status=answer.status, code=answer.code, message=answer.message)
    if outcome in (Outcome.UNKNOWN, Outcome.ENDED_UNPROVED):
        raise Unknown
    if outcome in (Outcome.TOO_LATE, Outcome.CALLER_LEFT, Outcome.ENDED_ELSEWHERE):
        raise Gone(cause=outcome)
    return Decision(
        outcome=outcome,
        reason=attempt.reason,
        by=attempt.actor_name,
        at=attempt.requested_at,
        public_id=attempt.call.public_id,
        graph_id=attempt.call.graph_id,
        request_id=answer.request_id,
    )


# The claim ------------------------------------------------------------------------------------------------------------


def _claim(wish: Wish) -> RejectAttempt | DecisionError:
    """Commit the claim with its entry, or the entry about why there is none; return which it is."""
    with locked_target(wish.click.public_id) as target:
        if target is None:
            _record_unknown(wish)
            return UnknownCall()
        call = target.call
        if obstacle := obstacle_to(target):
            _record_obstacle(wish, call, obstacle)
            return obstacle
        attempt = RejectAttempt.objects.create(
            call=call,
            reason=wish.reason,
            note=wish.note,
            actor_id=wish.actor.id,
            actor_name=wish.actor.name,
            requested_at=timezone.now(),
            bulk_id=wish.bulk_id,
        )
        call.touch()
        details = {**wish.click.told(call), "deadline": iso(call.deadline)}
        if call.pk != target.named.pk:
            details["retargeted_from"] = target.named.graph_id
        chain.append("reject.requested", actor=wish.actor, call=call, attempt=attempt, details=details)
        return attempt


def _record_unknown(wish: Wish) -> None:
    details = {"key": str(wish.click.public_id), "clicked_at": iso(wish.click.at)}
    metrics.DECISIONS.labels("unknown_call").inc()
    chain.append(
        "reject.unknown_call",
        actor=wish.actor,
        reason=wish.reason,
        note=wish.note,
        details=details,
        bulk_id=wish.bulk_id,
    )


def _record_obstacle(wish: Wish, call: Call, obstacle: DecisionError) -> None:
    details = wish.click.told(call)
    if isinstance(obstacle, DecidedByAnother):
        action = "reject.decided_by_another"
        details |= {
            "decided_outcome": obstacle.outcome,
            "decided_reason": obstacle.reason,
            "decided_at": iso(obstacle.at),
        }
    else:
        cause = obstacle.cause if isinstance(obstacle, Gone) else ""
        action = f"reject.{cause}" if cause in (Outcome.TOO_LATE, Outcome.CALLER_LEFT) else "reject.gone"
        details |= {"cause": cause}
    metrics.DECISIONS.labels(action.removeprefix("reject.")).inc()
    chain.append(
        action,
        actor=wish.actor,
        call=call,
        reason=wish.reason,
        note=wish.note,
        details=details,
        bulk_id=wish.bulk_id,
    )


def record_refusal(
    action: str,
    clicks: Collection[Click],
    actor: Actor,
    details: Mapping[str, object],
    bulk_id: uuid.UUID | None = None,
    words: str = "",
    reason: str = "",
) -> None:
    """Append an entry for each call clicked on, or one that names none, about a request that became no attempt.

    Because whoever sent it has no right, or because it cannot be understood. Raises django.db.DatabaseError.
    """
    with transaction.atomic():
        on = {click.public_id: click for click in clicks}
        calls: list[Call | None] = [*Call.objects.filter(public_id__in=on)] or [None]
        for call in calls:
            told = {**details, **on[call.public_id].told(call)} if call else details
            chain.append(action, actor=actor, call=call, reason=reason, words=words, details=told, bulk_id=bulk_id)
    actions.action(action).count(len(calls))


# Graph ----------------------------------------------------------------------------------------------------------------


async def _ask(graph: GraphClient, attempt: RejectAttempt) -> tuple[str, Answer]:
    """Ask Graph to reject the attempt's call; return the outcome as far as Graph's answer tells it, and the answer."""
    call = attempt.call
    left = (call.deadline - timezone.now()).total_seconds() if call.deadline else NO_DEADLINE_SECONDS
    try:
        answer = await graph.reject(
            call.graph_id,
            RejectReason(attempt.reason),
            tenant_id=call.asked_tenant_id,
            closes_at=time.monotonic() + left,
        )
    except CallGone as error:
        return Outcome.ENDED_ELSEWHERE, error.answer
    except OutcomeUnknown as error:
        return Outcome.UNKNOWN, error.answer
    except GraphError as error:
        return Outcome.REFUSED, error.answer
    except asyncio.CancelledError:
        logger.error("The server ends while Graph is asked about call %s.", call.graph_id)
        return Outcome.UNKNOWN, Answer(code="interrupted", message="The server ended before Graph answered.")
    except Exception as error:
        logger.exception("Asking Graph failed in an unforeseen way.")
        return Outcome.UNKNOWN, Answer(code="fault", message=type(error).__name__)
    return Outcome.ACCEPTED, answer


# The outcome ----------------------------------------------------------------------------------------------------------


async def _record_for_sure(
    thread: DatabaseThread,
    actor: Actor,
    attempt: RejectAttempt,
    outcome: str,
    answer: Answer,
    timing: dict[str, object],
) -> str:
    """Record the outcome, trying again while the database is away; the keeper finds what is left open in the end."""
    for tries_left in reversed(range(RECORD_ATTEMPTS)):
        try:
            return await thread.run(_record, actor, attempt, outcome, answer, timing)
        except (DatabaseError, InterfaceError):
            logger.exception("The outcome of attempt %s could not be recorded; %d tries left.", attempt.id, tries_left)
            await asyncio.sleep(RECORD_PAUSE_SECONDS)
    return outcome


def _record(actor: Actor, attempt: RejectAttempt, outcome: str, answer: Answer, timing: dict[str, object]) -> str:
    with transaction.atomic():
        call = Call.objects.select_for_update().get(pk=attempt.call_id)
        # A try that failed changed this object alone. The keeper settles the attempt when this process stood still.
        attempt.refresh_from_db(fields=["outcome"])
        if outcome == Outcome.ENDED_ELSEWHERE:
            outcome = _why_gone(call, attempt)
        if outcome not in OUTCOMES.after(attempt.outcome):
            logger.error("Attempt %s is %s by now; that it is %s says no more.", attempt.id, attempt.outcome, outcome)
            return attempt.outcome
        attempt.settle(outcome, timezone.now())
        by_end = attempt.settled_by_end if call.ended_at else ""  # the end was stored before Graph's answer came
        if by_end:
            attempt.settle(by_end, timezone.now())
        attempt.graph_status, attempt.graph_code, attempt.graph_message = answer.status, answer.code, answer.message
        attempt.request_id, attempt.client_request_id = answer.request_id, answer.client_request_id
        attempt.save(update_fields=SETTLED)
        call.touch()
        entry = functools.partial(chain.append, actor=actor, call=call, attempt=attempt)
        entry(f"reject.{outcome}", answer=GraphAnswer(**asdict(answer)), details=timing)
        if by_end:
            entry(f"reject.{by_end}", details=_ending(call))
    return attempt.outcome


def _ending(call: Call) -> dict[str, object]:
    return {"received_at": iso(call.received_at), "ended_at": iso(call.ended_at)}


def _why_gone(call: Call, attempt: RejectAttempt) -> str:
    """Return what Graph's 404 means: the caller left before the claim, the window closed, or it was ended elsewhere."""
    if call.ended_at and call.ended_at <= attempt.requested_at:
        return Outcome.CALLER_LEFT
    if call.deadline and call.deadline <= timezone.now():
        return Outcome.TOO_LATE
    return Outcome.ENDED_ELSEWHERE
