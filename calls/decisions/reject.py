"""Rejecting a call: commit a claim with its audit entry, send Graph the request, commit the outcome.

The claim is committed before Graph is asked, no transaction is open meanwhile, and every claim gets an outcome. One
attempt holds a call; only a definite refusal by Graph releases it.
"""

import asyncio
import functools
import logging
import time
import uuid
from dataclasses import dataclass
from datetime import datetime

from django.db import DatabaseError, InterfaceError, transaction
from django.utils import timezone

from calls import metrics
from calls.audit import chain
from calls.audit.actor import Actor
from calls.db.threads import DatabaseThread
from calls.decisions.claim import decision_error, locked_target, run_recorded
from calls.decisions.decision_request import DecisionRequest, iso_times
from calls.decisions.errors import DecidedByAnother, DecisionError, Gone, GraphRefused, NoAnswer, UnknownCall
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
NO_DEADLINE_SECONDS = 15.0  # for Graph's answer about a call without a deadline
# Without `note`, which another request may have changed while Graph was asked.
OUTCOME_FIELDS = (
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
class RejectCommand:
    """A person's request to reject a call. Commands of one bulk request share a `bulk_id`."""

    request: DecisionRequest
    reason: RejectReason
    actor: Actor
    note: str = ""
    bulk_id: uuid.UUID | None = None


@dataclass(frozen=True, slots=True)
class Decision:
    """A rejection that Graph accepted. A notification confirms the end of the call later."""

    outcome: str
    reason: str
    by: str
    at: datetime
    public_id: uuid.UUID
    graph_id: str
    request_id: str


async def reject_call(
    command: RejectCommand, *, thread: DatabaseThread, graph: GraphClient, change_bus: ChangeBus
) -> Decision:
    """Reject the call; return the decision when Graph accepted it, else raise a DecisionError."""
    started = time.monotonic()
    claimed = await run_recorded(thread, _claim, command)
    change_bus.publish([claimed.call_id])
    timing = {**command.request.times(claimed.call), "asked_at": timezone.now()}
    outcome, answer = await _ask(graph, claimed)
    timing["answered_at"] = answered_at = timezone.now()
    if answer.status is not None:
        latency.REJECTS.note((answered_at - command.request.at).total_seconds())
    settled = await _record_with_retries(thread, command.actor, claimed, outcome, answer, iso_times(timing))
    change_bus.publish([claimed.call_id])
    metrics.DECISIONS.labels(settled).inc()
    metrics.DECISION_SECONDS.observe(time.monotonic() - started)
    return _decision(claimed, settled, answer)


def _decision(attempt: RejectAttempt, outcome: str, answer: Answer) -> Decision:
    """Return the decision when Graph accepted, else raise the outcome's DecisionError."""
    if outcome == Outcome.REFUSED:
        raise GraphRefused(status=answer.status, code=answer.code, message=answer.message)
    if outcome in (Outcome.UNKNOWN, Outcome.ENDED_UNPROVED):
        raise NoAnswer
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


def _claim(command: RejectCommand) -> RejectAttempt | DecisionError:
    """Commit the claim with its entry, or an entry about the error; return the attempt or the error."""
    with locked_target(command.request.public_id) as target:
        if target is None:
            _record_unknown(command)
            return UnknownCall()
        call = target.call
        if error := decision_error(target):
            _record_error(command, call, error)
            return error
        attempt = RejectAttempt.objects.create(
            call=call,
            reason=command.reason,
            note=command.note,
            actor_id=command.actor.id,
            actor_name=command.actor.name,
            requested_at=timezone.now(),
            bulk_id=command.bulk_id,
        )
        call.touch()
        details = {**command.request.details(call), "deadline": iso(call.deadline)}
        if call.pk != target.named.pk:
            details["retargeted_from"] = target.named.graph_id
        chain.append("reject.requested", actor=command.actor, call=call, attempt=attempt, details=details)
        return attempt


def _record_unknown(command: RejectCommand) -> None:
    details = {"key": str(command.request.public_id), "clicked_at": iso(command.request.at)}
    metrics.DECISIONS.labels("unknown_call").inc()
    chain.append(
        "reject.unknown_call",
        actor=command.actor,
        reason=command.reason,
        note=command.note,
        details=details,
        bulk_id=command.bulk_id,
    )


def _record_error(command: RejectCommand, call: Call, error: DecisionError) -> None:
    details = command.request.details(call)
    if isinstance(error, DecidedByAnother):
        action = "reject.decided_by_another"
        details |= {
            "decided_outcome": error.outcome,
            "decided_reason": error.reason,
            "decided_at": iso(error.at),
        }
    else:
        cause = error.cause if isinstance(error, Gone) else ""
        action = f"reject.{cause}" if cause in (Outcome.TOO_LATE, Outcome.CALLER_LEFT) else "reject.gone"
        details |= {"cause": cause}
    metrics.DECISIONS.labels(action.removeprefix("reject.")).inc()
    chain.append(
        action,
        actor=command.actor,
        call=call,
        reason=command.reason,
        note=command.note,
        details=details,
        bulk_id=command.bulk_id,
    )


# Graph ----------------------------------------------------------------------------------------------------------------


async def _ask(graph: GraphClient, attempt: RejectAttempt) -> tuple[str, Answer]:
    """Ask Graph to reject the attempt's call; return the outcome that follows from its answer, and the answer."""
    call = attempt.call
    left = (call.deadline - timezone.now()).total_seconds() if call.deadline else NO_DEADLINE_SECONDS
    try:
        answer = await graph.reject(
            call.graph_id,
            RejectReason(attempt.reason),
            tenant_id=call.token_tenant_id,
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


async def _record_with_retries(
    thread: DatabaseThread,
    actor: Actor,
    attempt: RejectAttempt,
    outcome: str,
    answer: Answer,
    timing: dict[str, object],
) -> str:
    """Record the outcome; retry while the database is unreachable. Return the attempt's outcome."""
    for tries_left in reversed(range(RECORD_ATTEMPTS)):
        try:
            return await thread.run(_record, actor, attempt, outcome, answer, timing)
        except (DatabaseError, InterfaceError):
            logger.exception("The outcome of attempt %s could not be recorded; %d tries left.", attempt.id, tries_left)
            await asyncio.sleep(RECORD_PAUSE_SECONDS)
    # The background tasks settle the attempt that is still open.
    return outcome


def _record(actor: Actor, attempt: RejectAttempt, outcome: str, answer: Answer, timing: dict[str, object]) -> str:
    with transaction.atomic():
        call = Call.objects.select_for_update().get(pk=attempt.call_id)
        # A failed try changed only this object, and the background tasks may have settled the attempt meanwhile.
        attempt.refresh_from_db(fields=["outcome"])
        if outcome == Outcome.ENDED_ELSEWHERE:
            outcome = _why_gone(call, attempt)
        if outcome not in OUTCOMES.after(attempt.outcome):
            logger.error("Attempt %s is %s by now; that it is %s says no more.", attempt.id, attempt.outcome, outcome)
            return attempt.outcome
        attempt.settle(outcome, timezone.now())
        by_end = attempt.settled_by_end if call.ended_at else ""  # the end was stored before Graph answered
        if by_end:
            attempt.settle(by_end, timezone.now())
        attempt.graph_status, attempt.graph_code, attempt.graph_message = answer.status, answer.code, answer.message
        attempt.request_id, attempt.client_request_id = answer.request_id, answer.client_request_id
        attempt.save(update_fields=OUTCOME_FIELDS)
        call.touch()
        entry = functools.partial(chain.append, actor=actor, call=call, attempt=attempt)
        entry(f"reject.{outcome}", answer=answer, details=timing)
        if by_end:
            entry(f"reject.{by_end}", details=_ending(call))
    return attempt.outcome


def _ending(call: Call) -> dict[str, object]:
    return {"received_at": iso(call.received_at), "ended_at": iso(call.ended_at)}


def _why_gone(call: Call, attempt: RejectAttempt) -> str:
    """Return the meaning of Graph's 404: ended before the claim, past the deadline, or ended elsewhere."""
    if call.ended_at and call.ended_at <= attempt.requested_at:
        return Outcome.CALLER_LEFT
    if call.deadline and call.deadline <= timezone.now():
        return Outcome.TOO_LATE
    return Outcome.ENDED_ELSEWHERE
