"""How auditors narrow a list: one form of words and times, and a few questions with fixed answers. No script needed."""

import uuid
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import reduce
from operator import or_
from typing import Any

from django.conf import settings
from django.contrib import admin
from django.contrib.admin.views.main import ChangeList
from django.db.models import Exists, Model, OuterRef, Q, QuerySet, Value
from django.db.models.functions import Coalesce
from django.http import HttpRequest
from django.utils import timezone
from django.utils.dateparse import parse_date, parse_datetime
from django.utils.translation import gettext_lazy as _

from calls import history, hours
from calls.audit import folded
from calls.graph.vocabulary import CallState, RejectReason
from calls.models import AuditEntry, AuditPersonal, Call, Notification, RejectAttempt
from calls.sentences import SENTENCES

Outcome = RejectAttempt.Outcome
FEW = 5_000  # entries that are collected and sorted in no time
TEXT, TIME = "search", "datetime-local"  # types of an <input>


@dataclass(frozen=True, slots=True)
class Blank:
    """One blank of the form: its name in the address, its label, and the condition that a filled-in value makes.

    The condition raises ValueError for a value that means nothing.
    """

    name: str
    label: Any
    condition: Callable[[str], Q]
    type: str = TEXT


def moment(text: str) -> datetime:
    """Return the time written as ISO 8601, in the current time zone when it names none; raise ValueError otherwise."""
    parsed = parse_datetime(text)
    if parsed is None:
        day = parse_date(text)
        if day is None:
            raise ValueError(text)
        parsed = datetime(day.year, day.month, day.day)
    return parsed if timezone.is_aware(parsed) else timezone.make_aware(parsed)


def span(field: str) -> tuple[Blank, Blank]:
    """Return the blanks for a span of time; the minute named as its end belongs to it."""
    return (
        Blank("from", _("From"), lambda text: Q(**{f"{field}__gte": moment(text)}), TIME),
        Blank("to", _("To, inclusive"), lambda text: Q(**{f"{field}__lt": _end_of(text)}), TIME),
    )


def _end_of(text: str) -> datetime:
    end = moment(text)
    return end + (timedelta(minutes=1) if "T" in text or " " in text else timedelta(days=1))


class NarrowFilter(admin.ListFilter):
    """A form in the filter column that is sent by GET, so that what it shows can be bookmarked and sent to somebody."""

    title = _("Narrow down")
    template = "admin/calls/narrow.html"
    blanks: tuple[Blank, ...] = ()

    def __init__(
        self, request: HttpRequest, params: dict[str, list[str]], model: type[Model], model_admin: admin.ModelAdmin
    ) -> None:
        super().__init__(request, params, model, model_admin)
        self.errors: set[str] = set()
        for name in (blank.name for blank in self.blanks):
            value = params.pop(name, [""])[-1].strip().replace("\x00", "")
            if value:
                self.used_parameters[name] = value

    def expected_parameters(self) -> list[str | None]:
        """Return the names of the blanks."""
        return [blank.name for blank in self.blanks]

    def has_output(self) -> bool:
        """Return True: the form is always there."""
        return True

    def queryset(self, request: HttpRequest, queryset: QuerySet) -> QuerySet:
        """Return what every filled-in blank lets through; nothing when one of them makes no sense."""
        for blank in self.blanks:
            if value := str(self.used_parameters.get(blank.name, "")):
                try:
                    queryset = queryset.filter(blank.condition(value))
                except (ValueError, OverflowError):
                    self.errors.add(blank.name)
        return queryset.none() if self.errors else queryset

    def choices(self, changelist: ChangeList) -> Iterator[dict[str, Any]]:
        """Yield the form's blanks as filled in, and what else is in the address and must stay there."""
        own = self.expected_parameters()
        others = {name: values for name, values in changelist.filter_params.items() if name not in own}
        yield {
            "blanks": [
                {
                    "blank": blank,
                    "value": self.used_parameters.get(blank.name, ""),
                    "wrong": blank.name in self.errors,
                }
                for blank in self.blanks
            ],
            "others": [(name, value) for name, values in others.items() for value in values],
            "clear": changelist.get_query_string(remove=list(self.used_parameters)),
            "zone": timezone.get_current_timezone_name(),
        }


def either(*ways: tuple[type[Model], str, str]) -> Q:
    """Return the condition that an entry, or the personal values of it, have this value in this column, for any way.

    An OR across two tables keeps databases from using any index, and collecting and sorting all entries of somebody
    busy takes seconds; so a few indexed looks tell first which ways lead anywhere, and whether to few entries or many.
    """
    found = {way: count for way in ways if (count := _up_to_many(way))}
    if not found:
        return Q(pk__in=[])
    if len(found) == 1 or max(found.values()) > FEW:
        conditions = [_condition(way, many=count > FEW) for way, count in found.items()]
        return reduce(or_, conditions)
    first, *others = (model._default_manager.filter(**{column: value}) for model, column, value in found)
    return Q(pk__in=first.order_by().values("pk").union(*(other.order_by().values("pk") for other in others)))


def _up_to_many(way: tuple[type[Model], str, str]) -> int:
    model, column, value = way
    return model._default_manager.filter(**{column: value}).order_by().values("pk")[: FEW + 1].count()


def _condition(way: tuple[type[Model], str, str], *, many: bool) -> Q:
    model, column, value = way
    if model is AuditEntry:
        return Q(**{column: value})
    rows = AuditPersonal.objects.filter(**{column: value})
    # Of many, the newest are found sooner by looking at one entry after the other than by collecting them all.
    return Q(Exists(rows.filter(entry=OuterRef("pk")))) if many else Q(pk__in=rows.order_by().values("pk"))


def _acted(text: str) -> Q:
    return either((AuditEntry, "actor_id", text), (AuditPersonal, "actor_folded", folded(text)))


def _called(text: str) -> Q:
    return either((AuditPersonal, "caller_folded", folded(text)), (AuditPersonal, "caller_id", text))


def _about_call(text: str) -> Q:
    return Q(call_key=text.lower()) | Q(graph_id=text)


def _of_bulk(text: str) -> Q:
    return Q(bulk_id=uuid.UUID(text))


def _answered(text: str) -> Q:
    return Q(graph_status=int(text)) if text.isdecimal() and len(text) == 3 else Q(graph_code=text)


def named(text: str) -> Q:
    """Return the condition that an entry names this person, caller, call, chain, attempt or request, in full."""
    ids = ("call_key", "graph_id", "chain_id", "attempt_id", "request_id", "client_request_id")
    names = {"actor_folded": folded(text), "caller_folded": folded(text), "caller_id": text}
    ways = [(AuditEntry, column, text) for column in ids]
    return either(*ways, *((AuditPersonal, column, value) for column, value in names.items()))


def _among(actions: list[str], entries: QuerySet[AuditEntry]) -> QuerySet[AuditEntry]:
    """Return the entries with these actions; of many the newest are found without collecting all of them first."""
    if any(_up_to_many((AuditEntry, "action", action)) > FEW for action in actions):
        return entries.alias(act=Coalesce("action", Value(""))).filter(act__in=actions)
    return entries.filter(action__in=actions)


class NarrowEntries(NarrowFilter):
    """Audit entries by who, caller, call, chain, attempt, Graph's code and time."""

    blanks = (
        *span("at"),
        Blank("who", _("Who (whole name or account number)"), _acted),
        Blank("caller", _("Caller (whole name or id)"), _called),
        Blank(
            "caller_part",
            _("Caller (part of the name; quick within a span of time)"),
            lambda text: Q(personal__caller_folded__contains=folded(text)),
        ),
        Blank("about", _("Call (key or Graph id)"), _about_call),
        Blank("chain", _("Call chain"), lambda text: Q(chain_id=text)),
        Blank("attempt", _("Attempt"), lambda text: Q(attempt_id=text.lower())),
        Blank("code", _("Graph's status or code"), _answered),
        Blank("bulk", _("Bulk (several calls rejected at once)"), _of_bulk),
        Blank("request", _("Graph's or our request id"), lambda text: Q(request_id=text) | Q(client_request_id=text)),
    )


def _calling(text: str) -> Q:
    return Q(source__name__icontains=text) | Q(source__id=text)


def _call_named(text: str) -> Q:
    by_id = Q(graph_id=text) | Q(graph_key=text.lower())
    try:
        return by_id | Q(key=uuid.UUID(text))
    except ValueError:
        return by_id


class NarrowCalls(NarrowFilter):
    """Calls by time, caller and chain."""

    blanks = (
        *span("received_at"),
        Blank("caller", _("Caller (part of the name, or the whole id)"), _calling),
        Blank("chain", _("Call chain"), lambda text: Q(chain_id=text)),
        Blank("call", _("Call (key or Graph id)"), _call_named),
    )


class NarrowNotifications(NarrowFilter):
    """Notifications by time, call and chain."""

    blanks = (
        *span("received_at"),
        Blank("call_id", _("Call (Graph id)"), lambda text: Q(call_id=text.lower())),
        Blank("chain", _("Chain id header"), lambda text: Q(chain_id=text)),
    )


class NarrowAttempts(NarrowFilter):
    """Reject attempts by time, who and Graph's code."""

    blanks = (
        *span("requested_at"),
        Blank("who", _("Who (name or account number)"), lambda text: Q(actor_id=text) | Q(actor_name__iexact=text)),
        Blank("bulk", _("Bulk (several calls rejected at once)"), _of_bulk),
        Blank("code", _("Graph's status or code"), _answered),
    )


class WordFilter(admin.SimpleListFilter):
    """Rows by one column whose words are known beforehand, so nothing is read to list them."""

    words: tuple[str, ...] = ()

    def lookups(self, request: HttpRequest, model_admin: admin.ModelAdmin) -> list[tuple[str, Any]]:
        """Return the words as they are stored."""
        return [(str(word), str(word)) for word in self.words]

    def queryset(self, request: HttpRequest, queryset: QuerySet) -> QuerySet:
        """Return the rows with the chosen word."""
        return queryset.filter(**{str(self.parameter_name): self.value()}) if self.value() else queryset


class ActionFilter(WordFilter):
    """Audit entries by action."""

    title, parameter_name, words = _("action"), "action", tuple(SENTENCES)


class ReasonFilter(WordFilter):
    """Audit entries or attempts by the reason given to the caller."""

    title, parameter_name, words = _("reason"), "reason", tuple(RejectReason)


class StateFilter(WordFilter):
    """Calls by state."""

    title, parameter_name, words = _("state"), "state", tuple(CallState)


OUTCOMES = {
    "rejected": (_("rejected: accepted or confirmed by Graph"), ["reject.accepted", "reject.confirmed"]),
    "refused": (_("refused by Graph"), ["reject.refused"]),
    "in_vain": (
        _("in vain: too late, caller gone, decided before"),
        [
            "reject.too_late",
            "reject.caller_left",
            "reject.ended_elsewhere",
            "reject.gone",
            "reject.decided_by_another",
            "call.let_pass_in_vain",
        ],
    ),
    "not_known": (_("not known or not proved"), ["reject.unknown", "reject.ended_unproved"]),
    "turned_away": (
        _("turned away: no right, bad request, failed sign-in"),
        [
            "reject.not_allowed",
            "reject.bad_request",
            "call.let_pass_not_allowed",
            "call.note_not_allowed",
            "account.sign_in_failed",
        ],
    ),
    "undecided": (_("undecided: nobody chose in time"), ["call.missed"]),
}


class HoursFilter(admin.SimpleListFilter):
    """Rows by whether they fall into working hours."""

    title = _("working hours")
    parameter_name = "hours"

    def lookups(self, request: HttpRequest, model_admin: admin.ModelAdmin) -> list[tuple[str, Any]]:
        """Return inside and outside, with what is meant by it."""
        meant = {"days": settings.WORKING_DAYS, "hours": settings.WORKING_HOURS}
        return [
            ("outside", _("outside %(hours)s on days %(days)s of the week") % meant),
            ("inside", _("within them")),
        ]

    def queryset(self, request: HttpRequest, queryset: QuerySet) -> QuerySet:
        """Return the rows inside or outside."""
        field, meant = TIMES[queryset.model], hours.configured()
        conditions = {"outside": meant.outside(field), "inside": meant.inside(field)}
        chosen = conditions.get(self.value() or "")
        return queryset.filter(chosen) if chosen is not None else queryset


TIMES: dict[type[Model], str] = {AuditEntry: "at", Call: "received_at", RejectAttempt: "requested_at"}


class OutcomeFilter(admin.SimpleListFilter):
    """Audit entries by how the thing ended."""

    title = _("outcome")
    parameter_name = "outcome"

    def lookups(self, request: HttpRequest, model_admin: admin.ModelAdmin) -> list[tuple[str, Any]]:
        """Return the kinds of outcome."""
        return [(name, label) for name, (label, _actions) in OUTCOMES.items()]

    def queryset(self, request: HttpRequest, queryset: QuerySet[AuditEntry]) -> QuerySet[AuditEntry]:
        """Return the entries with such an outcome."""
        chosen = OUTCOMES.get(self.value() or "")
        return _among(chosen[1], queryset) if chosen else queryset


class DecisionFilter(admin.SimpleListFilter):
    """Calls by what people made of them; *undecided* is the one auditors ask for most."""

    title = _("decision")
    parameter_name = "decision"

    def lookups(self, request: HttpRequest, model_admin: admin.ModelAdmin) -> list[tuple[str, Any]]:
        """Return the kinds of decision."""
        return [
            ("undecided", _("undecided: nobody chose in time")),
            ("unseen", _("rang unseen: nobody had the board in view")),
            ("passed", _("let pass")),
            ("rejected", _("rejected: accepted or confirmed by Graph")),
            ("attempted", _("tried to reject, without proof of success")),
            ("none", _("nobody tried to reject it")),
        ]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Call]) -> QuerySet[Call]:
        """Return the calls with such a decision."""
        attempts = RejectAttempt.objects.filter(call=OuterRef("pk"))
        rejected = Exists(attempts.filter(outcome__in=[Outcome.ACCEPTED, Outcome.CONFIRMED]))
        conditions = {
            "undecided": Q(missed_at__isnull=False, let_pass_at=None)
            & ~Exists(attempts.exclude(outcome=Outcome.REFUSED)),
            "unseen": history.unseen() & ~Exists(attempts),
            "passed": Q(let_pass_at__isnull=False),
            "rejected": Q(rejected),
            "attempted": Q(Exists(attempts)) & ~rejected,
            "none": ~Exists(attempts),
        }
        chosen = conditions.get(self.value() or "")
        return queryset.filter(chosen) if chosen is not None else queryset


class ProblemFilter(admin.SimpleListFilter):
    """Notifications by whether they could be applied to a call."""

    title = _("whether it was applied")
    parameter_name = "applied"

    def lookups(self, request: HttpRequest, model_admin: admin.ModelAdmin) -> list[tuple[str, Any]]:
        """Return yes and no."""
        return [("yes", _("applied")), ("no", _("not applied, for a reason that is noted"))]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Notification]) -> QuerySet[Notification]:
        """Return the notifications that were, or were not, applied."""
        if self.value() == "yes":
            return queryset.filter(problem="")
        return queryset.exclude(problem="") if self.value() == "no" else queryset
