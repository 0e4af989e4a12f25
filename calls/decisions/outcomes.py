"""Outcomes that follow from a call's end or answer: of open attempts, and of calls that nobody decided about."""

from collections.abc import Collection
from datetime import timedelta

from calls import metrics
from calls.audit import chain
from calls.audit.actor import SYSTEM, Actor
from calls.live import presence, watched_calls
from calls.models import SETTLED_BY_END, Call, RejectAttempt
from calls.timestamps import iso

# Graph's clock starts before the notification reaches us, so its end comes a little before our deadline.
CLOCK_LEAD = timedelta(seconds=1)
MAX_ACCOUNTS = 100  # listed in one entry; more are only counted
Outcome = RejectAttempt.Outcome


def mark_lapsed(ended: list[Call]) -> list[Call]:
    """Set `missed_at` of the ended calls that ended at their deadline undecided; return these. Saves nothing."""
    late = [call for call in ended if _ended_with_its_window(call)]
    if not late:
        return []
    known = [call.pk for call in late if call.pk]
    attempts = RejectAttempt.objects.filter(call_id__in=known).exclude(outcome=Outcome.REFUSED)
    decided = set(attempts.values_list("call_id", flat=True))
    lapsed = [call for call in late if call.pk not in decided]
    for call in lapsed:
        call.missed_at = call.ended_at
    return lapsed


def _ended_with_its_window(call: Call) -> bool:
    if call.missed_at or call.established_at or call.deadline is None or call.ended_at is None:
        return False
    return call.ended_at >= call.deadline - CLOCK_LEAD


def record_lapsed(lapsed: Collection[Call]) -> None:
    """Append an entry for each call whose deadline passed without a rejection, with the accounts connected meanwhile.

    The calls' rows must be locked.
    """
    if not lapsed:
        return
    rows = presence.rows_since(min(call.received_at for call in lapsed))
    attended = {call: presence.while_it_rang(call, rows) for call in lapsed}
    seen = [call for call in lapsed if call.watched_at is None and attended[call].visible]
    for call in seen:
        call.watched_at = call.missed_at
    watched_calls.mark_attended(seen)
    for call in lapsed:
        action = "call.lapsed" if call.let_pass_at else "call.missed"
        metrics.MISSED.labels("yes" if call.watched_at else "no").inc()
        chain.append(action, actor=SYSTEM, call=call, details=_lapse_details(call, attended[call]))


def _lapse_details(call: Call, attended: presence.Attendance) -> dict[str, object]:
    return {
        "deadline": iso(call.deadline),
        "watched": call.watched_at is not None,
        "connected": len(attended.connected),
        "visible": len(attended.visible),
        "connected_accounts": sorted(attended.connected)[:MAX_ACCOUNTS],
        "visible_accounts": sorted(attended.visible)[:MAX_ACCOUNTS],
    }


def settle_by_ending(ended: list[Call]) -> None:
    """Settle the open attempts of the ended calls: accepted becomes confirmed, unknown becomes ended_unproved."""
    if not ended:
        return
    by_pk = {call.pk: call for call in ended}
    unsettled = RejectAttempt.objects.filter(call_id__in=by_pk, outcome__in=SETTLED_BY_END)
    for attempt in unsettled.order_by("requested_at"):
        call = by_pk[attempt.call_id]
        attempt.settle(attempt.settled_by_end, call.ended_at)
        attempt.save(update_fields=["outcome", "settled_at"])
        actor = Actor(id=attempt.actor_id, name=attempt.actor_name)
        details = {"received_at": iso(call.received_at), "ended_at": iso(call.ended_at)}
        chain.append(f"reject.{attempt.outcome}", actor=actor, call=call, attempt=attempt, details=details)


def record_withdrawals(withdrawn: list[Call]) -> None:
    """Append an entry for each call that was recorded as missed and then answered."""
    for call in withdrawn:
        chain.append("call.missed_withdrawn", actor=SYSTEM, call=call, details={"state": call.state})
