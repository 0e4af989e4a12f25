"""One transaction per batch: look the calls up, apply the notifications, save calls, rows and audit entries."""

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
from calls.ingest.incoming import CALL, NOTIFICATION, STORY, Arrival, row_of
from calls.models import Call, Notification

logger = logging.getLogger(__name__)

P = ParamSpec("P")
R = TypeVar("R")
Applied = tuple[Arrival, str]  # a new arrival and why it was not applied to its call, empty when it was

DEADLOCK_DETECTED = "40P01"


class _Overtaken(Exception):
    """Another process created one of the batch's calls first; the batch has to begin again and find it there."""


@dataclass(slots=True)
class Written:
    """What a batch did: the primary keys of the calls it changed, the new ones, the arrivals that could not be kept."""

    changed: set[int] = field(default_factory=set)
    new: list[Call] = field(default_factory=list)
    lost: set[int] = field(default_factory=set)


def store(arrivals: list[Arrival]) -> Written:
    """Commit the arrivals and what they mean, and return what changed.

    A batch the database refuses for what is in it is retried one by one, so that one bad notification cannot take its
    neighbours along; one whose meaning cannot be stored is kept as it came. Raises django.db.OperationalError or
    InterfaceError when the database itself is not to be had.
    """
    try:
        return _store_in_turn(arrivals)
    except (OperationalError, InterfaceError) as error:
        if getattr(error.__cause__, "sqlstate", "") != DEADLOCK_DETECTED:
            raise
        return _store_together(arrivals)
    except Exception:
        logger.exception("A batch of %d notifications was refused; storing them one by one.", len(arrivals))
        return _store_singly(arrivals)


def _store_in_turn(arrivals: list[Arrival]) -> Written:
    """Store the batch; once more when another process stored one of its notifications at the same moment."""
    try:
        return _store_together(arrivals)
    except IntegrityError:
        logger.info("Another process was delivered one of these notifications first; it is looked for again.")
        return _store_together(arrivals)


def _store_singly(arrivals: list[Arrival]) -> Written:
    written = Written()
    for arrival in arrivals:
        try:
            stored = _store_together([arrival])
            written.changed |= stored.changed
            written.new += stored.new
        except (OperationalError, InterfaceError):
            raise
        except Exception as error:  # drivers refuse values in ways of their own, before the database does
            if not _keep_raw(arrival, error):
                written.lost.add(id(arrival))
    return written


def _keep_raw(arrival: Arrival, error: Exception) -> bool:
    """Keep a notification whose meaning the database refuses; return whether it is kept (now, or since before)."""
    try:
        with _looked_up([arrival]) as (calls, stored):
            if _new_arrivals([arrival], stored):
                number = calls[0].pk if calls else None
                NOTIFICATION.insert([row_of(arrival, f"The database refused it: {type(error).__name__}", number)])
        return True
    except Exception:
        logger.exception("A notification could not be stored at all.")
        return False


def _store_together(arrivals: list[Arrival]) -> Written:
    return _until_not_overtaken(_store_once, arrivals)


def _until_not_overtaken(work: Callable[P, R], *args: P.args, **kwargs: P.kwargs) -> R:
    """Return what `work` returns; begin it again when another process created one of its calls meanwhile."""
    while True:
        try:
            return work(*args, **kwargs)
        except _Overtaken:
            logger.info("Another process heard of a call first; it is looked up again.")


def _store_once(arrivals: list[Arrival]) -> Written:
    with _looked_up(arrivals) as (calls, stored):
        batch = Batch(calls)
        applied = [(arrival, batch.apply(arrival)) for arrival in _new_arrivals(arrivals, stored)]
        _save(batch, applied)
    _count(arrivals, applied)
    return Written(changed={call.pk for call in batch.changed.values()}, new=batch.new)


def reapply_one(primary_key: int, arrival: Arrival) -> str:
    """Apply a kept notification to its call now; return what still stands in its way, empty when it was applied."""
    return _until_not_overtaken(_reapply_once, primary_key, arrival)


def _reapply_once(primary_key: int, arrival: Arrival) -> str:
    with _looked_up([arrival]) as (calls, _):
        batch = Batch(calls)
        problem = batch.apply(arrival)
        Notification.objects.filter(pk=primary_key).update(problem=problem, call_pk=batch.pk_of(arrival))
        _save(batch)
    return problem


def _save(batch: Batch, applied: Sequence[Applied] = ()) -> None:
    """Save notifications and what they did to their calls; audit entries come last, holding the chain's one lock."""
    lapsed = outcomes.mark_lapsed(batch.ended)
    _insert(batch.new)
    rows = [row_of(arrival, problem, batch.pk_of(arrival)) for arrival, problem in applied]
    run(*NOTIFICATION.insert_statements(rows), *STORY.update_statements(list(batch.changed.values())))
    outcomes.settle_by_ending([call for call in batch.ended if call.pk in batch.locked])
    outcomes.record_lapsed(lapsed)
    outcomes.record_withdrawals(batch.withdrawn)


@contextmanager
def _looked_up(arrivals: list[Arrival]) -> Iterator[tuple[list[Call], set[tuple[str, str]]]]:
    """Begin a transaction; inside are those calls the arrivals are about that were heard of before, locked.

    And which arrivals are stored: of those message id and digest. Every process first locks and then inserts, both in
    the order of the folded id, so that two of them never wait for each other in a circle.
    """
    keys = {arrival.notification.graph_id_folded for arrival in arrivals if arrival.notification.graph_id_folded}
    named = {arrival.message_id for arrival in arrivals if arrival.message_id}
    with transaction.atomic():
        calls, stored = run(_locking(keys), _finding(named))
        yield calls, set(stored)


def _locking(keys: Collection[str]) -> Statement:
    return select(Call, f"graph_key IN ({_marks(keys)}) ORDER BY graph_key", list(keys), lock=True)


def _finding(message_ids: Collection[str]) -> Statement:
    """Return what finds message id and digest of what is stored under these message ids.

    The first condition changes nothing but the plan: with it in so many words SQLite uses the index, without it reads
    the whole table.
    """
    statement = f"SELECT message_id, digest FROM {Notification._meta.db_table} WHERE NOT (message_id = '')"
    return Statement(f"{statement} AND message_id IN ({_marks(message_ids)})", list(message_ids), tuple)


def _marks(values: Collection[str]) -> str:
    return ", ".join(["%s"] * len(values)) or "NULL"


def _new_arrivals(arrivals: list[Arrival], stored: set[tuple[str, str]]) -> list[Arrival]:
    """Return the arrivals that were not delivered before: same message id and same content means a redelivery."""
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
    """Insert the calls not heard of before, and note their primary keys.

    Raises _Overtaken when one of them stands there now.
    """
    new.sort(key=lambda call: call.graph_id_folded)
    inserted = CALL.insert(new, unless="graph_key", returning=("id", "graph_key"))
    primary_keys = {graph_id_folded: primary_key for primary_key, graph_id_folded in inserted}
    if len(primary_keys) < len(new):
        raise _Overtaken
    for call in new:
        call.pk = primary_keys[call.graph_id_folded]


def _count(arrivals: list[Arrival], applied: list[Applied]) -> None:
    metrics.COMMITS.observe(len(arrivals))
    metrics.REDELIVERIES.inc(len(arrivals) - len(applied))
    metrics.UNAPPLIED.inc(sum(1 for _, problem in applied if problem))
