"""What stands in the way of deciding about a call, and which call a decision is about.

DecisionError
├── UnknownCall        404
├── DecidedByAnother   409: who, when, why
├── StillRings         409: it rings and nobody has decided, so there is nothing to add a note to yet
├── Gone               410: ended, answered, or its window closed; `cause` says which
├── GraphRefused       502: Graph's code and message; the call can be rejected again while it rings
├── Unknown            504: the request left and nothing came back
└── NotRecorded        503: the audit entry could not be committed, so nothing was done
"""

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


async def recorded(thread: DatabaseThread, act: Callable[P, R | DecisionError], *args: P.args, **kwargs: P.kwargs) -> R:
    """Return what `act` returns, run in the thread; raise the DecisionError that it returns.

    An act returns its errors, because its entry about the error is to be committed. Raises NotRecorded when the
    database refuses, so that nothing was committed.
    """
    try:
        result = await thread.run(act, *args, **kwargs)
    except (DatabaseError, InterfaceError) as error:
        logger.exception("An act on a call could not be recorded, so it was not done.")
        raise NotRecorded from error
    if isinstance(result, DecisionError):
        raise result
    return result


@dataclass(frozen=True, slots=True)
class Target:
    """The call to act on, locked until the transaction ends, the call that was named, and the deciding attempt."""

    call: Call
    named: Call
    attempt: RejectAttempt | None


@contextmanager
def locked_target(key: uuid.UUID) -> Iterator[Target | None]:
    """Open a transaction that has locked the call to act on; None when there is no such call.

    Never holds the lock of one call while it waits for another's, so that two acts cannot deadlock.
    """
    named, aim = None, key
    while True:
        with transaction.atomic():
            call = Call.objects.select_for_update().filter(public_id=aim).first()
            if call is None:
                yield None
                return
            named = named or call
            target = _target_of(call)
            if target.pk == call.pk:
                # Read behind the lock, so that an attempt of the transaction that held it before is seen.
                yield Target(call, named, call.deciding_attempt())
                return
        aim = target.public_id


def _target_of(named: Call) -> Call:
    """Return the call to act on: the one named, or, when that stopped ringing, the newest of its chain that rings.

    The same person can ring under several ids. Policy-recording calls stand for different participants and are never
    exchanged for each other.
    """
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


def obstacle_to(target: Target) -> DecisionError | None:
    """Return what stands in the way of deciding about the call now, None when nothing does."""
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
    """Return whether the window closed with nobody deciding."""
    return bool(call.missed_at or (call.deadline and call.deadline <= timezone.now()))
