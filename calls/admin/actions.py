"""What auditors start from the list of entries and what takes its time: exports, and the proof of the whole history.

Both are streamed, so that memory stays small and a browser shows that something goes on. Under ASGI only asynchronous
iterators are streamed; the work itself is done in the request's own thread, with its own connection.
"""

from collections.abc import AsyncIterator, Generator, Iterator
from typing import TypeVar

from asgiref.sync import sync_to_async
from django.contrib import messages
from django.contrib.admin import ModelAdmin
from django.contrib.admin.options import IncorrectLookupParameters
from django.core.exceptions import PermissionDenied
from django.db import DatabaseError, transaction
from django.http import HttpRequest, HttpResponse, HttpResponseBase, HttpResponseRedirect, StreamingHttpResponse
from django.shortcuts import render
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils import translation
from django.utils.formats import number_format
from django.utils.html import format_html
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from calls.accounts.login_audit import actor_of
from calls.admin import format
from calls.audit import chain
from calls.audit.actor import Actor
from calls.audit.export import write_file
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

T = TypeVar("T")


def export(model_admin: ModelAdmin, request: HttpRequest) -> HttpResponseBase:
    """Return the entries that the filters in the address let through, as a file; only POST, for it leaves an entry."""
    form = request.POST.get("form", "")
    if request.method != "POST" or form not in write_file.FORMATS:
        raise PermissionDenied
    listed = reverse("admin:calls_auditentry_changelist")
    try:
        chosen = model_admin.get_changelist_instance(request)
    except IncorrectLookupParameters:
        return HttpResponseRedirect(listed)
    actor = actor_of(request.user, request)  # type: ignore[arg-type]
    try:
        begun = write_file.Export(form, chosen.queryset, actor=actor, chosen=dict(request.GET.lists()))
    except DatabaseError:
        messages.error(request, gettext("The audit history cannot be written, so nothing was exported. Try again."))
        return HttpResponseRedirect(f"{listed}?{request.GET.urlencode()}")
    response = StreamingHttpResponse(_stream(begun.pieces()), content_type=begun.format.media_type)
    response.headers["Content-Disposition"] = f'attachment; filename="{begun.file_name}"'
    return _unbuffered(response)


def verify(model_admin: ModelAdmin, request: HttpRequest) -> HttpResponseBase:
    """Return the page that offers a verification or, asked by POST, does one and shows how far it is."""
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
    return _unbuffered(StreamingHttpResponse(_stream(pieces)))


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
            told: dict[str, object] = {"problem": str(error)}
        else:
            told = {"found": found, "verdict": VERDICTS[found.verdict], "entry": entry}
            kinds = {"faults": found.faults, "warnings": found.warnings, "notices": found.notices}
            told |= {kind: [in_active_language(finding) for finding in findings] for kind, findings in kinds.items()}
        yield render_to_string("admin/calls/verified.html", told).encode()
    yield after.encode()


def _progress(found: verification.Verification) -> bytes:
    count = number_format(found.entries - found.removed, force_grouping=True)
    return format_html("<p>{}</p>\n", gettext("%(count)s entries proved so far") % {"count": count}).encode()


async def _stream(pieces: Iterator[T]) -> AsyncIterator[T]:
    """Yield what a synchronous iterator yields, worked out in the thread that belongs to the request."""
    try:
        while (piece := await sync_to_async(_next)(pieces)) is not None:
            yield piece
    finally:
        if isinstance(pieces, Generator):
            await sync_to_async(pieces.close)()


def _next(pieces: Iterator[T]) -> T | None:
    return next(pieces, None)


def _unbuffered(response: StreamingHttpResponse) -> HttpResponse | StreamingHttpResponse:
    response.headers["Cache-Control"] = "no-store"
    response.headers["X-Accel-Buffering"] = "no"  # a proxy in front should pass on each piece as it comes
    return response
