"""Formatting of values in the admin's lists and pages."""

import json
from collections.abc import Iterable
from contextlib import suppress
from datetime import datetime
from typing import Any

from django.contrib.auth.models import User
from django.db import models
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils import timezone
from django.utils.dateparse import parse_datetime
from django.utils.html import format_html, format_html_join
from django.utils.http import urlencode
from django.utils.safestring import SafeString
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from calls.audit.messages import details_of, sentence
from calls.audit.verify.tolerant_read import UnreadableValue, read_rows
from calls.models import AuditEntry, RejectAttempt

TIMELINE_LIMIT = 200  # audit entries shown on the page of one call
NOTHING = "–"


def moment(at: datetime | UnreadableValue | None, precision: str = "milliseconds") -> str:
    """Return the time in the current zone, by default to the millisecond, to be compared with other systems' logs."""
    if isinstance(at, UnreadableValue):
        return str(at)
    if at is None:
        return NOTHING
    with suppress(OverflowError):  # the first and the last representable day have no local time in some zones
        at = timezone.localtime(at)
    return at.isoformat(" ", precision)


def pretty(text: str) -> SafeString:
    """Return JSON indented, and any other text unchanged, in a <pre> element."""
    with suppress(ValueError):
        text = json.dumps(json.loads(text), indent=2, ensure_ascii=False)
    return format_html("<pre>{}</pre>", text.encode("utf-8", "backslashreplace").decode())


def link(label: Any, model: type[models.Model], **query: Any) -> SafeString:
    """Return a link to the model's list, filtered by the query parameters."""
    address = reverse(f"admin:calls_{model._meta.model_name}_changelist")
    return format_html('<a href="{}?{}">{}</a>', address, urlencode(query), label)


def person(party: Any) -> str:
    """Return the name and id of a caller or target as it is stored in a call."""
    if not isinstance(party, dict):
        return NOTHING
    name, id = party.get("name") or "", party.get("id") or ""
    return f"{name} ({id})" if name and id else str(name or id or NOTHING)


def answer(row: AuditEntry | RejectAttempt) -> str:
    """Return Graph's status and code."""
    return " ".join(str(word) for word in (row.graph_status, row.graph_code) if word) or NOTHING


def timeline(entries: models.QuerySet[AuditEntry], began: datetime | None) -> str:
    """Return a table of entries in the order of the chain, each with the seconds since `began`."""
    found = read_rows(entries.select_related("personal").order_by("id")[:TIMELINE_LIMIT])
    lines = [
        {
            "entry": entry,
            "moment": moment(entry.at),
            "seconds": seconds_since(began, entry.at),
            "sentence": sentence(entry),
        }
        for entry in found
    ]
    return render_to_string("admin/calls/timeline.html", {"lines": lines, "cut": len(found) == TIMELINE_LIMIT})


def watching(entry: AuditEntry) -> SafeString | str:
    """Return the users who were connected while a call rang, with links and whether they had the board in view."""
    # Entries have account numbers only, because names could not be erased from the chained details.
    details = details_of(entry)
    connected, visible = (_numbers(details.get(name)) for name in ("connected_accounts", "visible_accounts"))
    names = dict(User.objects.filter(pk__in=connected).values_list("pk", "username"))
    lines = [
        (
            link(names.get(number) or gettext("account %(id)s") % {"id": number}, AuditEntry, who=number),
            gettext("board in view") if number in visible else gettext("board not in view"),
        )
        for number in connected
    ]
    return format_html_join("", "<div>{}, {}</div>", lines) or NOTHING


def _numbers(value: Any) -> list[int]:
    values = value if isinstance(value, list) else []
    return [number for number in values if isinstance(number, int) and 0 < number < 2**31]


def seconds_since(began: datetime | UnreadableValue | None, at: datetime | UnreadableValue) -> str:
    """Return the signed seconds between the times, empty when one of them is absent or unreadable."""
    if not isinstance(began, datetime) or not isinstance(at, datetime):
        return ""
    return f"{(at - began).total_seconds():+.3f}"


def every_field(fieldsets: Any) -> tuple[str, ...]:
    """Return the fields of all fieldsets, each once."""
    return tuple(dict.fromkeys(name for _title, options in fieldsets for name in options["fields"]))


TIMING = {
    "received_at": _("Graph told of the call"),
    "first_sent_at": _("first sent to this person"),
    "first_sent_not_before": _("first sent to this person, not before"),
    "came_at": _("first come to the page, says the browser"),
    "shown_at": _("first shown, says the browser"),
    "clicked_at": _("the click arrived"),
    "asked_at": _("Graph was asked"),
    "answered_at": _("Graph answered"),
    "ended_at": _("Graph told of the end"),
}


def timing_of(entries: models.QuerySet[AuditEntry]) -> SafeString | str:
    """Return the time of each step of a decision, and the seconds since the first, from all its entries."""
    return timing(read_rows(entries.order_by("id")[:TIMELINE_LIMIT]))


def timing(entries: Iterable[AuditEntry]) -> SafeString | str:
    """Return the time of each step, and the seconds since the first, from the details of these entries."""
    times: dict[str, Any] = {}
    for entry in entries:
        details = details_of(entry)
        seen = details.pop("seen_as_reported_by_browser", None)
        for name, value in {**(seen if isinstance(seen, dict) else {}), **details}.items():
            if name in TIMING and name not in times and isinstance(value, str):
                times[name] = _read(value)
    steps = [(words, times[name]) for name, words in TIMING.items() if times.get(name)]
    began = steps[0][1] if steps else None
    rows = [(words, moment(at), f"{(at - began).total_seconds():+.3f}") for words, at in steps]
    return format_html_join("", "<div>{}: {} ({} s)</div>", rows) or NOTHING


def _read(text: str) -> datetime | None:
    with suppress(ValueError):
        parsed = parse_datetime(text)
        return parsed if parsed and timezone.is_aware(parsed) else None
    return None
