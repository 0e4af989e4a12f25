"""Keyset pagination for evidence lists, whose cost does not depend on the number of rows.

Rows are not counted, and the drill-down by date is computed from the calendar.
"""

from calendar import monthrange
from collections.abc import Iterable
from datetime import datetime
from typing import Any

from django.contrib.admin.options import IncorrectLookupParameters
from django.contrib.admin.views.main import ChangeList
from django.core.exceptions import ValidationError
from django.db.models import Model, Q, QuerySet
from django.db.models.expressions import Combinable
from django.http import HttpRequest
from django.utils import timezone
from django.utils.dateparse import parse_datetime
from django.utils.formats import date_format
from django.utils.translation import gettext

from calls.audit.verify.tolerant_read import read_rows

MOST_YEARS = 50  # offered; a changed row can have any date
FEW = 10  # rows read at each end of the table to find a readable time
OLDER, NEWER = "older_than", "newer_than"  # query parameters


class EvidenceChangeList(ChangeList):
    """A change list ordered by time, newest first."""

    def get_queryset(self, request: HttpRequest, exclude_parameters: list[str | None] | None = None) -> QuerySet:
        """Return all rows that match the filters, newest first, regardless of the page."""
        self.older_than, self.newer_than = (self._place(name) for name in (OLDER, NEWER))
        return super().get_queryset(request, exclude_parameters)

    def get_ordering(self, request: HttpRequest, queryset: QuerySet) -> list[str | Combinable]:
        """Return the only order: by time, newest first."""
        return [f"-{self.date_hierarchy}", "-pk"]

    def get_results(self, request: HttpRequest) -> None:
        """Read one page, and set the addresses of the newer and older pages that exist."""
        rows = self._read()
        shown, more = rows[: self.list_per_page], len(rows) > self.list_per_page
        if self.newer_than:
            shown.reverse()
        self.newer = self._link_to(NEWER, shown, more if self.newer_than else bool(self.older_than))
        self.older = self._link_to(OLDER, shown[::-1], more or bool(self.newer_than))
        self.newest = self.get_query_string() if self.older_than or self.newer_than else ""
        self.result_list: list[Model] = shown
        self.result_count, self.full_result_count = len(shown), None
        self.show_full_result_count = self.show_admin_actions = self.can_show_all = self.multi_page = False

    def _read(self) -> list[Model]:
        rows = self.queryset
        try:
            if self.newer_than:
                rows = rows.filter(self._beyond("gt", *self.newer_than)).reverse()
            elif self.older_than:
                rows = rows.filter(self._beyond("lt", *self.older_than))
            return read_rows(rows[: self.list_per_page + 1])
        except (ValueError, ValidationError) as error:
            raise IncorrectLookupParameters(error) from error

    def _beyond(self, side: str, at: datetime, pk: str) -> Q:
        # The first condition is implied by the second, but an index can use only the first.
        field = self.date_hierarchy
        return Q(**{f"{field}__{side}e": at}) & (Q(**{f"{field}__{side}": at}) | Q(**{field: at, f"pk__{side}": pk}))

    def _place(self, name: str) -> tuple[datetime, str] | None:
        """Remove a row's position from the query parameters and return it; None when they have none."""
        self.filter_params.pop(name, None)
        at, _, pk = str(self.params.pop(name, "")).partition("~")
        if not at:
            return None
        try:
            parsed = parse_datetime(at)
        except ValueError as error:
            raise IncorrectLookupParameters(error) from error
        if parsed is None or timezone.is_naive(parsed):
            raise IncorrectLookupParameters(at)
        return parsed, pk

    def _link_to(self, side: str, rows: list[Model], exists: bool) -> str:
        """Return the address of the page beyond the first of these rows with a readable time."""
        places = [(at, row.pk) for row in rows if isinstance(at := getattr(row, str(self.date_hierarchy)), datetime)]
        return self.get_query_string({side: f"{places[0][0].isoformat()}~{places[0][1]}"}) if places and exists else ""

    def drilldown(self) -> dict[str, Any]:
        """Return the link one level up and the links one level below the chosen year, month or day."""
        field = self.date_hierarchy
        year, month, day = (self._chosen(f"{field}__{part}") for part in ("year", "month", "day"))
        if year and month and day:
            return {"back": self._date_link("F Y", year, month), "choices": [self._date_link("j F", year, month, day)]}
        if year and month:
            days = range(1, monthrange(year, month)[1] + 1)
            choices = [self._date_link("j", year, month, each) for each in days]
            return {"back": self._date_link("Y", year), "choices": choices}
        if year:
            choices = [self._date_link("F", year, each) for each in range(1, 13)]
            return {"back": self._date_link("", None), "choices": choices}
        return {"back": None, "choices": [self._date_link("Y", each) for each in self._years()]}

    def _chosen(self, name: str) -> int | None:
        value = str(self.params.get(name, ""))
        return int(value) if value.isdecimal() else None

    def _date_link(
        self, form: str, year: int | None, month: int | None = None, day: int | None = None
    ) -> dict[str, str]:
        parts = {"year": year, "month": month, "day": day}
        shown = date_format(datetime(year, month or 1, day or 1), form) if year else gettext("All dates")
        return {
            "title": shown,
            "link": self.get_query_string({f"{self.date_hierarchy}__{part}": value for part, value in parts.items()}),
        }

    def _years(self) -> Iterable[int]:
        first, last = self._moment_at_the_end(""), self._moment_at_the_end("-")
        if first is None or last is None:
            return []
        this = timezone.localtime().year
        return range(max(_year_of(first), this - MOST_YEARS), min(_year_of(last), this + 1) + 1)

    def _moment_at_the_end(self, direction: str) -> datetime | None:
        """Return the first or the last time in the table, None when it is empty or unreadable."""
        field = str(self.date_hierarchy)
        rows = read_rows(self.model._default_manager.order_by(f"{direction}{field}").only("pk", field)[:FEW])
        return next((at for row in rows if isinstance(at := getattr(row, field), datetime)), None)


def _year_of(at: datetime) -> int:
    try:
        return timezone.localtime(at).year
    except OverflowError:
        return at.year
