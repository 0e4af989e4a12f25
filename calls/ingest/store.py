"""Stores a batch in one transaction: lock its calls, apply the notifications, save calls, rows and audit entries."""

import logging
from collections.abc import Callable, Collection, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import ParamSpec, TypeVar

from django.db import IntegrityError, InterfaceError, OperationalError, transaction

from calls import metrics
from calls.db.sql import Statement, run, select
from calls.decisions import outcomes
from calls.ingest.batch import Batch
from calls.ingest.incoming import FOLDED_COLUMNS, NEW_CALL_COLUMNS, NOTIFICATION_COLUMNS, Arrival, row_of
from calls.models import Call, Notification

logger = logging.getLogger(__name__)

P = ParamSpec("P")
R = TypeVar("R")
Applied = tuple[Arrival, str]  # a new arrival and the problem that prevented its application, empty if none did

DEADLOCK_DETECTED = "40P01"  # https://www.postgresql.org/docs/current/errcodes-appendix.html


class _Overtaken(Exception):
    """Another process inserted one of the batch's calls first; the transaction has to be repeated."""


@dataclass(slots=True)
class Written:
    """The result of a batch."""

    changed: set[int] = field(default_factory=set)  # primary keys of the calls it changed
    new: list[Call] = field(default_factory=list)
    lost: set[int] = field(default_factory=set)  # id() of the arrivals that could not be stored


def store(arrivals: list[Arrival]) -> Written:
    """Commit the arrivals and their effects on calls; return what changed.

    If the database refuses the content of a batch, its arrivals are stored one by one, so that one bad notification
    costs its neighbours nothing; if it refuses an arrival's effects, only the raw row is stored. Raises
    django.db.OperationalError or InterfaceError when the database is unavailable.
    """
    try:
        return _store_or_repeat(arrivals)
    except (OperationalError, InterfaceError) as error:
        # PostgreSQL rolled the victim of a deadlock back, so it can be repeated; other errors mean no database.
        if getattr(error.__cause__, "sqlstate", "") != DEADLOCK_DETECTED:
            raise
        return _store_together(arrivals)
    except Exception:
        logger.exception("A batch of %d notifications was refused; storing them one by one.", len(arrivals))
        return _store_one_by_one(arrivals)


def _store_or_repeat(arrivals: list[Arrival]) -> Written:
    """Store the batch; repeat once if another process stored one of its notifications at the same moment."""
    try:
        return _store_together(arrivals)
    except IntegrityError:
        logger.info("Another process was delivered one of these notifications first; it is looked for again.")
        return _store_together(arrivals)


def _store_one_by_one(arrivals: list[Arrival]) -> Written:
    written = Written()
    for arrival in arrivals:
        try:
            stored = _store_together([arrival])
            written.changed |= stored.changed
            written.new += stored.new
        except (OperationalError, InterfaceError):
            raise
        except Exception as error:  # not only DatabaseError: drivers refuse some values with exceptions of their own
            if not _store_raw(arrival, error):
                written.lost.add(id(arrival))
    return written


def _store_raw(arrival: Arrival, error: Exception) -> bool:
    """Store the raw row of a notification whose effects were refused; return whether it is stored, now or before."""
    try:
        with _locked_calls([arrival]) as (calls, stored):
            if _new_arrivals([arrival], stored):
                problem = f"The database refused it: {type(error).__name__}"
                NOTIFICATION_COLUMNS.insert([row_of(arrival, problem, calls[0].pk if calls else None)])
        return True
    except Exception:
        logger.exception("A notification could not be stored at all.")
        return False


def _store_together(arrivals: list[Arrival]) -> Written:
    return _repeat_if_overtaken(_store_once, arrivals)


def _repeat_if_overtaken(work: Callable[P, R], *args: P.args, **kwargs: P.kwargs) -> R:
    """Return the result of `work`; repeat it when another process inserted one of its calls meanwhile."""
    while True:
        try:
            return work(*args, **kwargs)
        except _Overtaken:
            logger.info("Another process heard of a call first; it is looked up again.")


def _store_once(arrivals: list[Arrival]) -> Written:
    with _locked_calls(arrivals) as (calls, stored):
        batch = Batch(calls)
        applied = [(arrival, batch.apply(arrival)) for arrival in _new_arrivals(arrivals, stored)]
        _save(batch, applied)
    _count(arrivals, applied)
    return Written(changed={call.pk for call in batch.changed.values()}, new=batch.new)


def reapply_one(primary_key: int, arrival: Arrival) -> str:
    """Apply a stored notification to its call; return the problem that still prevents it, empty if applied."""
    return _repeat_if_overtaken(_reapply_once, primary_key, arrival)


def _reapply_once(primary_key: int, arrival: Arrival) -> str:
    with _locked_calls([arrival]) as (calls, _):
        batch = Batch(calls)
        problem = batch.apply(arrival)
        Notification.objects.filter(pk=primary_key).update(problem=problem, call_pk=batch.pk_of(arrival))
        _save(batch)
    return problem


def _save(batch: Batch, applied: Sequence[Applied] = ()) -> None:
    """Save the calls, the notification rows and the audit entries of a batch."""
    # Audit entries come last: appending locks the chain's head, which every other process needs as well.
    lapsed = outcomes.mark_lapsed(batch.ended)
    _insert(batch.new)
    rows = [row_of(arrival, problem, batch.pk_of(arrival)) for arrival, problem in applied]
    run(*NOTIFICATION_COLUMNS.insert_statements(rows), *FOLDED_COLUMNS.update_statements(list(batch.changed.values())))
    outcomes.settle_by_ending([call for call in batch.ended if call.pk in batch.locked])
    outcomes.record_lapsed(lapsed)
    outcomes.record_withdrawals(batch.withdrawn)


@contextmanager
def _locked_calls(arrivals: list[Arrival]) -> Iterator[tuple[list[Call], set[tuple[str, str]]]]:
    """Open a transaction; yield the known calls of the arrivals, locked, and the (message id, digest) pairs stored."""
    # Every process first locks and then inserts, both ordered by the folded Graph id: no deadlock between processes.
    keys = {arrival.notification.graph_id_folded for arrival in arrivals if arrival.notification.graph_id_folded}
    named = {arrival.message_id for arrival in arrivals if arrival.message_id}
    with transaction.atomic():
        calls, stored = run(_select_calls(keys), _select_stored(named))
        yield calls, set(stored)


def _select_calls(keys: Collection[str]) -> Statement:
    return select(Call, f"graph_key IN ({_placeholders(keys)}) ORDER BY graph_key", list(keys), lock=True)


def _select_stored(message_ids: Collection[str]) -> Statement:
    """Return the SELECT of (message id, digest) of the notifications with these message ids."""
    # The first condition is redundant, but repeats the partial index's: without it SQLite scans the whole table.
    statement = f"SELECT message_id, digest FROM {Notification._meta.db_table} WHERE NOT (message_id = '')"
    return Statement(f"{statement} AND message_id IN ({_placeholders(message_ids)})", list(message_ids), tuple)


def _placeholders(values: Collection[str]) -> str:
    return ", ".join(["%s"] * len(values)) or "NULL"


def _new_arrivals(arrivals: list[Arrival], stored: set[tuple[str, str]]) -> list[Arrival]:
    """Return the arrivals without redeliveries; a redelivery has the message id and the digest of an earlier one."""
    seen = set(stored)
    new = []
    for arrival in arrivals:
        identity = arrival.message_id, arrival.notification.digest
        if arrival.message_id and identity in seen:
            continue
        seen.add(identity)
        new.append(arrival)
    return new


def _insert(new: list[Call]) -> None:
    """Insert new calls and set their primary keys. Raises _Overtaken if one of them exists by now."""
    new.sort(key=lambda call: call.graph_id_folded)
    inserted = NEW_CALL_COLUMNS.insert(new, unless="graph_key", returning=("id", "graph_key"))
    primary_keys = {graph_id_folded: primary_key for primary_key, graph_id_folded in inserted}
    if len(primary_keys) < len(new):
        raise _Overtaken
    for call in new:
        call.pk = primary_keys[call.graph_id_folded]


def _count(arrivals: list[Arrival], applied: list[Applied]) -> None:
    metrics.COMMITS.observe(len(arrivals))
    metrics.REDELIVERIES.inc(len(arrivals) - len(applied))
    metrics.UNAPPLIED.inc(sum(1 for _, problem in applied if problem))
