"""The page that verifies the whole audit history and shows its progress while it streams."""

from collections.abc import Iterator

from django.contrib.admin import ModelAdmin
from django.db import DatabaseError, transaction
from django.http import HttpRequest, HttpResponseBase, StreamingHttpResponse
from django.shortcuts import render
from django.template.loader import render_to_string
from django.utils import translation
from django.utils.formats import number_format
from django.utils.html import format_html
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from calls.accounts.login_audit import actor_of
from calls.admin import format, streaming
from calls.audit import chain
from calls.audit.actor import Actor
from calls.audit.messages import sentence
from calls.audit.verify import verification
from calls.audit.verify.finding_messages import details_of, in_active_language
from calls.audit.verify.tolerant_read import read_rows
from calls.models import AuditEntry

FIRST_PROGRESS, PROGRESS_EVERY = 1_000, 20_000  # entries
RECENT = 5
PLACE = "<!-- what is found -->"
VERDICTS = {
    verification.Verdict.INTACT: _("Intact"),
    verification.Verdict.BROKEN: _("Broken"),
    verification.Verdict.UNPROVED: _("Not provable either way"),
}


def verify(model_admin: ModelAdmin, request: HttpRequest) -> HttpResponseBase:
    """Return the page of verifications; on POST run one and stream its progress into the page."""
    recent = AuditEntry.objects.filter(action="audit.verified").select_related("personal").order_by("-at", "-id")
    context = {
        **model_admin.admin_site.each_context(request),
        "title": gettext("Verify the audit history"),
        "opts": model_admin.opts,
        "recent": [
            (format.moment(entry.at, "seconds"), entry.pk, sentence(entry)) for entry in read_rows(recent[:RECENT])
        ],
        "place": PLACE if request.method == "POST" else "",
    }
    if request.method != "POST":
        return render(request, "admin/calls/verify.html", context)
    page = render_to_string("admin/calls/verify.html", context, request)
    actor = actor_of(request.user, request)  # type: ignore[arg-type]
    pieces = _verify(page, actor, translation.get_language() or "en")
    return streaming.unbuffered(StreamingHttpResponse(streaming.stream(pieces)))


def _verify(page: str, actor: Actor, language: str) -> Iterator[bytes]:
    before, _place, after = page.partition(PLACE)
    yield before.encode()
    found = verification.Verification()
    with translation.override(language):
        try:
            for found in verification.verify():
                begun = found.entries == FIRST_PROGRESS or found.entries % PROGRESS_EVERY == 0
                if begun and not found.finished_at:
                    yield _progress(found)
            with transaction.atomic():
                entry = chain.append("audit.verified", actor=actor, details=details_of(found))
        except DatabaseError as error:
            result: dict[str, object] = {"problem": str(error)}
        else:
            result = {"found": found, "verdict": VERDICTS[found.verdict], "entry": entry}
            kinds = {"faults": found.faults, "warnings": found.warnings, "notices": found.notices}
            result |= {kind: [in_active_language(finding) for finding in findings] for kind, findings in kinds.items()}
        yield render_to_string("admin/calls/verified.html", result).encode()
    yield after.encode()


def _progress(found: verification.Verification) -> bytes:
    count = number_format(found.entries - found.removed, force_grouping=True)
    return format_html("<p>{}</p>\n", gettext("%(count)s entries proved so far") % {"count": count}).encode()
