"""Search conditions for evidence rows, each of which uses an index, also among ten million rows."""

import uuid
from functools import reduce
from operator import or_

from django.db.models import Exists, Model, OuterRef, Q, QuerySet, Value
from django.db.models.functions import Coalesce

from calls.audit.chain import folded
from calls.graph.payloads import fold_id
from calls.models import AuditEntry, AuditPersonal, Call, Notification, RejectAttempt

FEW = 5_000  # entries that a database collects and sorts within milliseconds


def either(*ways: tuple[type[Model], str, str]) -> Q:
    """Return the condition that an entry, or its personal values, match any way: a model, a column and its value."""
    # An OR across two tables prevents the use of indexes, and collecting and sorting all entries of a busy person takes
    # seconds. So each way is counted first, through its index, up to a limit.
    found = {way: count for way in ways if (count := up_to_many(way))}
    if not found:
        return Q(pk__in=[])
    if len(found) == 1 or max(found.values()) > FEW:
        conditions = [_condition(way, many=count > FEW) for way, count in found.items()]
        return reduce(or_, conditions)
    first, *others = (model._default_manager.filter(**{column: value}) for model, column, value in found)
    return Q(pk__in=first.order_by().values("pk").union(*(other.order_by().values("pk") for other in others)))


def up_to_many(way: tuple[type[Model], str, str]) -> int:
    """Return how many rows match this way, at most FEW + 1."""
    model, column, value = way
    return model._default_manager.filter(**{column: value}).order_by().values("pk")[: FEW + 1].count()


def _condition(way: tuple[type[Model], str, str], *, many: bool) -> Q:
    model, column, value = way
    if model is AuditEntry:
        return Q(**{column: value})
    rows = AuditPersonal.objects.filter(**{column: value})
    # For many rows, testing one entry after the other finds the newest sooner than collecting them all.
    return Q(Exists(rows.filter(entry=OuterRef("pk")))) if many else Q(pk__in=rows.order_by().values("pk"))


def acted(text: str) -> Q:
    """Return the condition that the actor has this name or account number."""
    return either((AuditEntry, "actor_id", text), (AuditPersonal, "actor_folded", folded(text)))


def called(text: str) -> Q:
    """Return the condition that the caller has this name or id."""
    return either((AuditPersonal, "caller_folded", folded(text)), (AuditPersonal, "caller_id", text))


def called_partly(text: str) -> Q:
    """Return the condition that the caller's name contains the text."""
    # A rare name is found fastest by a scan of the index of names, a common one by testing one entry after the other.
    rows = AuditPersonal.objects.filter(caller_folded__contains=folded(text)).order_by().values("pk")
    few = rows[: FEW + 1].count() <= FEW
    return Q(pk__in=rows) if few else Q(personal__caller_folded__contains=folded(text))


def about_call(text: str) -> Q:
    """Return the condition that an entry is about the call with this public id or Graph id, in any case."""
    return Q(call_key__in=[text.lower(), *_keys_of(text)]) | Q(graph_id=text)


def _keys_of(text: str) -> list[str]:
    calls = Call.objects.filter(graph_id_folded__in=_folded(text))
    return [str(public_id) for public_id in calls.values_list("public_id", flat=True)]


def _folded(graph_id: str) -> list[str]:
    """Return the spellings under which a Graph id may be stored: folded, or in lower case."""
    return list({fold_id(graph_id), graph_id.lower()})


def of_bulk(text: str) -> Q:
    """Return the condition that a row belongs to this bulk. Raises ValueError unless the text is a UUID."""
    return Q(bulk_id=uuid.UUID(text))


def answered(text: str) -> Q:
    """Return the condition that Graph answered with this status or code."""
    return Q(graph_status=int(text)) if text.isdecimal() and len(text) == 3 else Q(graph_code=text)


def named(text: str) -> Q:
    """Return the condition that an entry has exactly this person, caller, call, chain, attempt or request."""
    ids = ("call_key", "graph_id", "chain_id", "attempt_id", "request_id", "client_request_id")
    names = {"actor_folded": folded(text), "caller_folded": folded(text), "caller_id": text}
    ways = [(AuditEntry, column, text) for column in ids]
    ways += [(AuditEntry, "call_key", key) for key in _keys_of(text) if key != text]
    return either(*ways, *((AuditPersonal, column, value) for column, value in names.items()))


def entries_found(text: str, rows: QuerySet[AuditEntry]) -> QuerySet[AuditEntry]:
    """Return the entries that `named` matches."""
    return rows.filter(named(text))


def among(actions: list[str], entries: QuerySet[AuditEntry]) -> QuerySet[AuditEntry]:
    """Return the entries with these actions."""
    if any(up_to_many((AuditEntry, "action", action)) > FEW for action in actions):
        # The expression keeps the database from using the index of actions, so that it reads the newest entries first.
        return entries.alias(act=Coalesce("action", Value(""))).filter(act__in=actions)
    return entries.filter(action__in=actions)


# Calls, notifications, attempts ---------------------------------------------------------------------------------------


def calling(text: str) -> Q:
    """Return the condition that the caller's name contains the text, or that it is the caller's id."""
    return Q(source__name__icontains=text) | Q(source__id=text)


def call_named(text: str) -> Q:
    """Return the condition that a call has this public id or Graph id, in any case."""
    by_id = Q(graph_id_folded__in=_folded(text))
    key = _uuid(text)
    return by_id | Q(public_id=key) if key else by_id


def calls_found(text: str, rows: QuerySet[Call]) -> QuerySet[Call]:
    """Return the calls with this public id, Graph id or chain; if there are none, those with such a caller."""
    by_id = call_named(text) | Q(chain_id=text)
    return rows.filter(by_id if Call.objects.filter(by_id).exists() else calling(text))


def notifications_found(text: str, rows: QuerySet[Notification]) -> QuerySet[Notification]:
    """Return the notifications about the call with this Graph id, and the one with this message id."""
    delivered = Notification.objects.filter(message_id=text).exclude(message_id="").values_list("pk", flat=True)
    return rows.filter(of_call(text) | Q(pk__in=list(delivered[:FEW])))


def of_call(text: str) -> Q:
    """Return the condition that a notification is about the call with this Graph id, stored or not."""
    keys = _folded(text)
    return Notification.about(keys, list(Call.objects.filter(graph_id_folded__in=keys).values_list("pk", flat=True)))


def of_chain(text: str) -> Q:
    """Return the condition that a notification is about a call of this chain."""
    calls = Call.objects.filter(chain_id=text).values_list("graph_id_folded", "pk")[:FEW]
    return Notification.about([key for key, _ in calls], [number for _, number in calls])


def attempts_found(text: str, rows: QuerySet[RejectAttempt]) -> QuerySet[RejectAttempt]:
    """Return the attempts on this call, with this id or request id, or by a person with this name."""
    asked = AuditEntry.objects.filter(Q(request_id=text) | Q(client_request_id=text)).exclude(attempt_id="")
    ids = [id for text_id in [text, *asked.values_list("attempt_id", flat=True)[:FEW]] if (id := _uuid(text_id))]
    by_id = Q(pk__in=ids) | Q(call__in=Call.objects.filter(call_named(text)).values("pk"))
    found = RejectAttempt.objects.filter(by_id).exists()
    return rows.filter(by_id if found else Q(actor_name__iexact=text))


def _uuid(text: str) -> uuid.UUID | None:
    try:
        return uuid.UUID(text)
    except ValueError:
        return None
