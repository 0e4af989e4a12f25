"""Finds and locks the call that a decision is about, and checks whether it can still be decided."""

import logging
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import ParamSpec, TypeVar

from django.db import DatabaseError, InterfaceError, transaction
from django.utils import timezone

from calls.db.threads import DatabaseThread
from calls.decisions.errors import DecidedByAnother, DecisionError, Gone, NotRecorded
from calls.graph.vocabulary import Direction
from calls.models import ANSWERED_STATES, Call, RejectAttempt

logger = logging.getLogger(__name__)

P = ParamSpec("P")
R = TypeVar("R")


async def run_recorded(
    thread: DatabaseThread, decide: Callable[P, R | DecisionError], *args: P.args, **kwargs: P.kwargs
) -> R:
    """Run `decide` in the database thread; return its result, or raise the DecisionError that it returned.

    Raises NotRecorded when the database failed and nothing was committed.
    """
    # `decide` returns its errors instead of raising them: raising would roll back the audit entry about the error.
    try:
        result = await thread.run(decide, *args, **kwargs)
    except (DatabaseError, InterfaceError) as error:
        logger.exception("An act on a call could not be recorded, so it was not done.")
        raise NotRecorded from error
    if isinstance(result, DecisionError):
        raise result
    return result


@dataclass(frozen=True, slots=True)
class Target:
    """The locked call to decide about, the call that the request named, and the deciding attempt of the former."""

    call: Call
    named: Call
    attempt: RejectAttempt | None


@contextmanager
def locked_target(public_id: uuid.UUID) -> Iterator[Target | None]:
    """Open a transaction and lock the call to decide about; yield None when no call has this id."""
    named, wanted = None, public_id
    while True:
        # Each try is a transaction of its own, so that one call's lock is never held while waiting for another's:
        # two decisions cannot deadlock.
        with transaction.atomic():
            call = Call.objects.select_for_update().filter(public_id=wanted).first()
            if call is None:
                yield None
                return
            named = named or call
            target = _target_of(call)
            if target.pk == call.pk:
                # Read after locking, so that an attempt committed by the previous holder of the lock is seen.
                yield Target(call, named, call.deciding_attempt())
                return
        wanted = target.public_id


def _target_of(named: Call) -> Call:
    """Return the named call or, if it stopped ringing unanswered, the newest ringing call of the same caller and chain.

    A caller who rings again has the same chain id and tenant under a new call id.
    """
    # Policy-recording calls of a chain belong to different participants, so none replaces another.
    rings = named.ended_at is None and not has_lapsed(named)
    if rings or named.is_answered or not named.chain_id or named.policy_recording:
        return named
    others = Call.objects.live().filter(chain_id=named.chain_id, tenant_id=named.tenant_id, policy_recording=False)
    ringing = [
        call
        for call in others.order_by("-pk")
        if call.source == named.source and not call.is_answered and not has_lapsed(call)
    ]
    return ringing[0] if ringing else named


def decision_error(target: Target) -> DecisionError | None:
    """Return the error that prevents a decision about the call now, None when it can be decided."""
    call, first = target.call, target.attempt
    if first and first.holds:
        return DecidedByAnother(first.outcome, first.reason, first.actor_name, first.actor_id, first.requested_at)
    if call.ended_at and not call.missed_at:
        return Gone("ended" if call.established_at else "caller_left")
    if call.state in ANSWERED_STATES:
        return Gone("answered")
    if call.direction == Direction.OUTGOING:
        return Gone("outgoing")
    return Gone("too_late") if has_lapsed(call) else None


def has_lapsed(call: Call) -> bool:
    """Return whether the call was missed or its deadline has passed."""
    return bool(call.missed_at or (call.deadline and call.deadline <= timezone.now()))
