"""List filters with fixed choices, which need no query."""

from typing import Any

from django.conf import settings
from django.contrib import admin
from django.db.models import Exists, Model, OuterRef, Q, QuerySet
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _

from calls import hours
from calls.admin import search
from calls.audit.actions import ACTIONS, GROUPS, in_group
from calls.graph.vocabulary import CallState, RejectReason
from calls.models import AuditEntry, Call, Notification, RejectAttempt
from calls.web.pages import history

Outcome = RejectAttempt.Outcome


class ValueFilter(admin.SimpleListFilter):
    """Rows by the value of a column with known values."""

    values: tuple[str, ...] = ()

    def lookups(self, request: HttpRequest, model_admin: admin.ModelAdmin) -> list[tuple[str, Any]]:
        """Return the values as they are stored."""
        return [(str(value), str(value)) for value in self.values]

    def queryset(self, request: HttpRequest, queryset: QuerySet) -> QuerySet:
        """Return the rows with the chosen value."""
        return queryset.filter(**{str(self.parameter_name): self.value()}) if self.value() else queryset


class ActionFilter(ValueFilter):
    """Audit entries by action."""

    title, parameter_name, values = _("action"), "action", tuple(ACTIONS)


class ReasonFilter(ValueFilter):
    """Audit entries or attempts by the reason given to the caller."""

    title, parameter_name, values = _("reason"), "reason", tuple(RejectReason)


class StateFilter(ValueFilter):
    """Calls by state."""

    title, parameter_name, values = _("state"), "state", tuple(CallState)


class HoursFilter(admin.SimpleListFilter):
    """Rows within or outside working hours."""

    title = _("working hours")
    parameter_name = "hours"

    def lookups(self, request: HttpRequest, model_admin: admin.ModelAdmin) -> list[tuple[str, Any]]:
        """Return both choices, with the configured hours and days."""
        configured = {"days": settings.WORKING_DAYS, "hours": settings.WORKING_HOURS}
        return [
            ("outside", _("outside %(hours)s on days %(days)s of the week") % configured),
            ("inside", _("within them")),
        ]

    def queryset(self, request: HttpRequest, queryset: QuerySet) -> QuerySet:
        """Return the rows within or outside working hours."""
        field, working = TIMES[queryset.model], hours.configured()
        conditions = {"outside": working.outside(field), "inside": working.inside(field)}
        chosen = conditions.get(self.value() or "")
        return queryset.filter(chosen) if chosen is not None else queryset


TIMES: dict[type[Model], str] = {AuditEntry: "at", Call: "received_at", RejectAttempt: "requested_at"}


class OutcomeFilter(admin.SimpleListFilter):
    """Audit entries by the outcome group of their action."""

    title = _("outcome")
    parameter_name = "outcome"

    def lookups(self, request: HttpRequest, model_admin: admin.ModelAdmin) -> list[tuple[str, Any]]:
        """Return the outcome groups."""
        return [(str(group), label) for group, label in GROUPS.items()]

    def queryset(self, request: HttpRequest, queryset: QuerySet[AuditEntry]) -> QuerySet[AuditEntry]:
        """Return the entries in the chosen group."""
        chosen = in_group(self.value() or "")
        return search.among(chosen, queryset) if chosen else queryset


class DecisionFilter(admin.SimpleListFilter):
    """Calls by decision; *undecided* is the choice that auditors use most."""

    title = _("decision")
    parameter_name = "decision"

    def lookups(self, request: HttpRequest, model_admin: admin.ModelAdmin) -> list[tuple[str, Any]]:
        """Return the kinds of decisions."""
        return [
            ("undecided", _("undecided: nobody chose in time")),
            ("unseen", _("rang unseen: nobody had the board in view")),
            ("passed", _("let pass")),
            ("rejected", _("rejected: accepted or confirmed by Graph")),
            ("attempted", _("tried to reject, without proof of success")),
            ("none", _("nobody tried to reject it")),
        ]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Call]) -> QuerySet[Call]:
        """Return the calls with the chosen kind of decision."""
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
    """Notifications by whether they were applied to a call."""

    title = _("whether it was applied")
    parameter_name = "applied"

    def lookups(self, request: HttpRequest, model_admin: admin.ModelAdmin) -> list[tuple[str, Any]]:
        """Return both choices."""
        return [("yes", _("applied")), ("no", _("not applied, for a reason that is noted"))]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Notification]) -> QuerySet[Notification]:
        """Return the notifications that were applied, or those that were not."""
        if self.value() == "yes":
            return queryset.filter(problem="")
        return queryset.exclude(problem="") if self.value() == "no" else queryset
