"""What stands in the cells of the auditors' lists and pages."""

import json
from contextlib import suppress
from datetime import datetime
from typing import Any

from django.db import models
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils import timezone
from django.utils.html import format_html
from django.utils.http import urlencode
from django.utils.safestring import SafeString

from calls.models import AuditEntry, RejectAttempt
from calls.sentences import sentence

STORY_LIMIT = 200  # audit entries shown on the page of one call
NOTHING = "–"


def moment(at: datetime | None) -> str:
    """Return the time to the millisecond: what auditors compare with other systems' logs."""
    return timezone.localtime(at).isoformat(" ", "milliseconds") if at else NOTHING


def pretty(text: str) -> SafeString:
    with suppress(ValueError):  # what is not JSON is shown as it is
        text = json.dumps(json.loads(text), indent=2, ensure_ascii=False)
    return format_html("<pre>{}</pre>", text.encode("utf-8", "backslashreplace").decode())


def link(label: Any, model: type[models.Model], **query: Any) -> SafeString:
    address = reverse(f"admin:calls_{model._meta.model_name}_changelist")
    return format_html('<a href="{}?{}">{}</a>', address, urlencode(query), label)


def person(party: Any) -> str:
    if not isinstance(party, dict):
        return NOTHING
    name, id = party.get("name") or "", party.get("id") or ""
    return f"{name} ({id})" if name and id else str(name or id or NOTHING)


def answer(row: AuditEntry | RejectAttempt) -> str:
    return " ".join(str(word) for word in (row.graph_status, row.graph_code) if word) or NOTHING


def story(entries: models.QuerySet[AuditEntry], began: datetime | None) -> str:
    """Return a table of entries in the order of the chain, each with the seconds since `began`."""
    found = list(entries.select_related("personal").order_by("id")[:STORY_LIMIT])
    lines = [
        {
            "entry": entry,
            "moment": moment(entry.at),
            "seconds": f"{(entry.at - began).total_seconds():+.3f}" if began else "",
            "sentence": sentence(entry),
        }
        for entry in found
    ]
    return render_to_string("admin/calls/story.html", {"lines": lines, "cut": len(found) == STORY_LIMIT})


def every_field(fieldsets: Any) -> tuple[str, ...]:
    return tuple(dict.fromkeys(name for _title, options in fieldsets for name in options["fields"]))
