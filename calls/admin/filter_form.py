"""List filters that are forms in the filter column, sent by GET so that a filtered list has an address."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.contrib import admin
from django.contrib.admin.views.main import ChangeList
from django.db.models import Model, Q, QuerySet
from django.http import HttpRequest
from django.utils import timezone
from django.utils.dateparse import parse_date, parse_datetime
from django.utils.translation import gettext_lazy as _

from calls.admin import search

TEXT, TIME = "search", "datetime-local"  # types of an <input>


@dataclass(frozen=True, slots=True)
class FilterField:
    """One field of the form: its query parameter, its label and the condition for a value.

    `condition` raises ValueError or OverflowError for an invalid value.
    """

    name: str
    label: Any
    condition: Callable[[str], Q]
    type: str = TEXT


def moment(text: str) -> datetime:
    """Parse a date or time in ISO 8601, by default in the current time zone. Raises ValueError."""
    parsed = parse_datetime(text)
    if parsed is None:
        day = parse_date(text)
        if day is None:
            raise ValueError(text)
        parsed = datetime(day.year, day.month, day.day)
    return parsed if timezone.is_aware(parsed) else timezone.make_aware(parsed)


def span(field: str) -> tuple[FilterField, FilterField]:
    """Return the fields for the start and the end of a period, both inclusive: whole days, or whole minutes."""
    return (
        FilterField("from", _("From"), lambda text: Q(**{f"{field}__gte": moment(text)}), TIME),
        FilterField("to", _("To, inclusive"), lambda text: Q(**{f"{field}__lt": _end_of(text)}), TIME),
    )


def _end_of(text: str) -> datetime:
    end = moment(text)
    return end + (timedelta(minutes=1) if "T" in text or " " in text else timedelta(days=1))


class FormFilter(admin.ListFilter):
    """A list filter with several fields, whose conditions are combined with AND."""

    title = _("Narrow down")
    template = "admin/calls/filter_form.html"
    fields: tuple[FilterField, ...] = ()

    def __init__(
        self, request: HttpRequest, params: dict[str, list[str]], model: type[Model], model_admin: admin.ModelAdmin
    ) -> None:
        super().__init__(request, params, model, model_admin)
        self.errors: set[str] = set()
        for name in (field.name for field in self.fields):
            value = params.pop(name, [""])[-1].strip().replace("\x00", "")
            if value:
                self.used_parameters[name] = value

    def expected_parameters(self) -> list[str | None]:
        """Return the query parameters of the fields."""
        return [field.name for field in self.fields]

    def has_output(self) -> bool:
        """Return True: the form is always shown."""
        return True

    def queryset(self, request: HttpRequest, queryset: QuerySet) -> QuerySet:
        """Return the rows that match every filled-in field; none when a value is invalid."""
        for field in self.fields:
            if value := str(self.used_parameters.get(field.name, "")):
                try:
                    queryset = queryset.filter(field.condition(value))
                except (ValueError, OverflowError):
                    self.errors.add(field.name)
        return queryset.none() if self.errors else queryset

    def choices(self, changelist: ChangeList) -> Iterator[dict[str, Any]]:
        """Yield the template's context: the fields with their values, and the other query parameters to keep."""
        own = self.expected_parameters()
        others = {name: values for name, values in changelist.filter_params.items() if name not in own}
        yield {
            "fields": [
                {
                    "field": field,
                    "value": self.used_parameters.get(field.name, ""),
                    "wrong": field.name in self.errors,
                }
                for field in self.fields
            ],
            "others": [(name, value) for name, values in others.items() for value in values],
            "clear": changelist.get_query_string(remove=list(self.used_parameters)),
            "zone": timezone.get_current_timezone_name(),
        }


class EntryFormFilter(FormFilter):
    """Audit entries by time, actor, caller, call, chain, attempt, bulk, request and Graph's code."""

    fields = (
        *span("at"),
        FilterField("who", _("Who (whole name or account number)"), search.acted),
        FilterField("caller", _("Caller (whole name or id)"), search.called),
        FilterField("caller_part", _("Caller (part of the name)"), search.called_partly),
        FilterField("about", _("Call (key or Graph id)"), search.about_call),
        FilterField("chain", _("Call chain"), lambda text: Q(chain_id=text)),
        FilterField("attempt", _("Attempt"), lambda text: Q(attempt_id=text.lower())),
        FilterField("code", _("Graph's status or code"), search.answered),
        FilterField("bulk", _("Bulk (several calls rejected at once)"), search.of_bulk),
        FilterField(
            "request", _("Graph's or our request id"), lambda text: Q(request_id=text) | Q(client_request_id=text)
        ),
    )


class CallFormFilter(FormFilter):
    """Calls by time, caller, chain and id."""

    fields = (
        *span("received_at"),
        FilterField(
            "caller", _("Caller (part of the name, or the whole id; quick within a span of time)"), search.calling
        ),
        FilterField("chain", _("Call chain"), lambda text: Q(chain_id=text)),
        FilterField("call", _("Call (key or Graph id)"), search.call_named),
    )


class NotificationFormFilter(FormFilter):
    """Notifications by time, call and chain."""

    fields = (
        *span("received_at"),
        FilterField("call_id", _("Call (Graph id)"), search.of_call),
        FilterField("chain", _("Call chain"), search.of_chain),
    )


class AttemptFormFilter(FormFilter):
    """Reject attempts by time, actor, bulk and Graph's code."""

    fields = (
        *span("requested_at"),
        FilterField(
            "who", _("Who (name or account number)"), lambda text: Q(actor_id=text) | Q(actor_name__iexact=text)
        ),
        FilterField("code", _("Graph's status or code"), search.answered),
        FilterField("bulk", _("Bulk (several calls rejected at once)"), search.of_bulk),
    )
