"""`/calls/`: the history page, its filters and its pagination. The filters are query parameters of the page's URL."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Any
from urllib.parse import urlencode
from uuid import UUID

from django import forms
from django.conf import settings
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db.models import Exists, OuterRef, Prefetch, Q, QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from calls.audit import retention
from calls.graph.payloads import fold_id
from calls.graph.vocabulary import Direction
from calls.models import Call, RejectAttempt
from calls.web.pages.access import calls_page
from calls.web.pages.labels import DIRECTIONS, STATES, CallSummary, summarize

PAGE_SIZE = 50
ANY = ("", _("any"))
MAX_ID = 2**63 - 1  # of a 64-bit primary key

DECISIONS = {
    "decided": _("decided"),
    "passed": _("let pass"),
    "undecided": _("not decided"),
    "missed": _("missed: nobody decided in time"),
    "unseen": _("rang unseen: nobody had the board in view"),
}


class DayField(forms.DateField):
    """An optional day from 2000 to 2999."""

    def __init__(self, **options: Any) -> None:
        widget = forms.DateInput(format="%Y-%m-%d", attrs={"type": "date"})
        super().__init__(required=False, widget=widget, input_formats=["%Y-%m-%d"], **options)
        # `date.min` and `date.max` overflow when they are converted to some time zones.
        self.validators += [MinValueValidator(date(2000, 1, 1)), MaxValueValidator(date(2999, 12, 31))]


class Filters(forms.Form):
    """The filters in the query string. An invalid one shows an error and is not applied."""

    q = forms.CharField(label=_("Caller, called or id"), max_length=200, required=False, strip=True)
    state = forms.ChoiceField(label=_("State"), choices=[ANY, *STATES.items()], required=False)
    direction = forms.ChoiceField(label=_("Direction"), choices=[ANY, *DIRECTIONS.items()], required=False)
    decision = forms.ChoiceField(label=_("Decision"), choices=[ANY, *DECISIONS.items()], required=False)
    since = DayField(label=_("From"))
    until = DayField(label=_("To"))
    before = forms.IntegerField(min_value=1, max_value=MAX_ID, required=False, widget=forms.HiddenInput)

    def __init__(self, address: Mapping[str, Any]) -> None:
        super().__init__(address, prefix=None)
        for name, field in self.fields.items():
            style = "form-select" if isinstance(field, forms.ChoiceField) else "form-control"
            field.widget.attrs["class"] = style + (" is-invalid" if name in self.errors else "")

    def clean_q(self) -> str:
        """Return the search text without NUL, which PostgreSQL refuses."""
        return self.cleaned_data["q"].replace("\x00", "")

    @property
    def applied(self) -> dict[str, Any]:
        """The valid filters that are set, by name."""
        self.is_valid()
        return {name: value for name, value in self.cleaned_data.items() if value not in ("", None)}

    @property
    def narrowing(self) -> bool:
        """Whether any filter but the page's position is set."""
        return bool(self.applied.keys() - {"before"})

    def address(self, **changed: object) -> str:
        """Return the query string of these filters with some of them changed; None removes one."""
        return urlencode({name: value for name, value in {**self.applied, **changed}.items() if value is not None})


@dataclass(frozen=True, slots=True)
class Page:
    """One page of calls, newest first, and the query strings of the next older and of the newest page."""

    rows: list[CallSummary]
    older: str | None
    newest: str | None


@calls_page
def history(request: HttpRequest) -> HttpResponse:
    """Return one page of the calls that match the filters in the URL, newest first."""
    filters = Filters(request.GET)
    context = {"filters": filters, "page": read_page(filters), "time_zone": settings.TIME_ZONE}
    context["kept"] = retention.describe("calls", "notifications")
    return render(request, "calls/history.html", context)


def read_page(filters: Filters) -> Page:
    """Return the page of calls that the filters select. Runs two queries."""
    # Keyset pagination: a page starts below an id and costs the same at every depth. Nothing is counted.
    attempts = Prefetch("attempts", queryset=RejectAttempt.objects.order_by("-requested_at"))
    found = list(matching(filters.applied).prefetch_related(attempts).order_by("-id")[: PAGE_SIZE + 1])
    calls = found[:PAGE_SIZE]
    return Page(
        rows=[summarize(call) for call in calls],
        older=filters.address(before=calls[-1].pk) if len(found) > PAGE_SIZE else None,
        newest=filters.address(before=None) if "before" in filters.applied else None,
    )


def matching(applied: dict[str, Any]) -> QuerySet[Call]:
    """Return the calls that match all applied filters, unordered."""
    calls = Call.objects.all()
    for name in ("state", "direction"):
        if name in applied:
            calls = calls.filter(**{name: applied[name]})
    if "q" in applied:
        calls = calls.filter(_text(applied["q"]))
    if "decision" in applied:
        calls = calls.filter(_decision(applied["decision"]))
    if "since" in applied:
        calls = calls.filter(received_at__gte=_midnight(applied["since"]))
    if "until" in applied:
        calls = calls.filter(received_at__lt=_midnight(applied["until"]) + timedelta(days=1))
    if "before" in applied:
        calls = calls.filter(pk__lt=applied["before"])
    return calls


def _text(text: str) -> Q:
    found = Q()
    for column in ("source__name", "source__id", "targets__0__name", "targets__0__id", "graph_id", "chain_id"):
        for spelling in _spellings(text):
            found |= Q(**{f"{column}__icontains": spelling})
    return found | Q(graph_id_folded=fold_id(text)) | _key(text)


def _key(text: str) -> Q:
    try:
        return Q(public_id=UUID(text))
    except ValueError:
        return Q()


def _spellings(text: str) -> set[str]:
    """Return the spellings to search for."""
    # `icontains` ignores the case of ASCII letters only on SQLite, so other letters are tried in each case.
    return {text} if text.isascii() else {text, text.lower(), text.upper(), text.title(), text.capitalize()}


def _decision(decision: str) -> Q:
    tried = RejectAttempt.objects.filter(call=OuterRef("pk"))
    held = Exists(tried.exclude(outcome=RejectAttempt.Outcome.REFUSED))
    conditions: dict[str, Q] = {
        "decided": Q(held),
        "passed": Q(let_pass_at__isnull=False) & ~Q(held),
        "undecided": Q(let_pass_at=None) & ~Q(held),
        "missed": Q(missed_at__isnull=False, let_pass_at=None),
        "unseen": unseen() & Q(~Exists(tried)),
    }
    return conditions[decision]


def unseen() -> Q:
    """Return the condition that a call ended or lapsed and nobody had the board in view while it rang.

    Reject attempts are not considered; `labels.rang_unseen` considers them too.
    """
    over = Q(ended_at__isnull=False) | Q(missed_at__isnull=False)
    rang = Q(deadline__isnull=False, established_at=None) & ~Q(direction=Direction.OUTGOING)
    return over & rang & Q(watched_at=None, let_pass_at=None)


def _midnight(day: date) -> datetime:
    return timezone.make_aware(datetime.combine(day, time.min))
