"""The attempts to reject calls, with their timing and Graph's answers."""

from django.contrib import admin
from django.utils.html import format_html_join
from django.utils.safestring import SafeString
from django.utils.translation import gettext_lazy as _

from calls.admin import filter_form, filters, format, search
from calls.admin.evidence import EvidenceAdmin
from calls.models import AuditEntry, Call, RejectAttempt


@admin.register(RejectAttempt)
class RejectAttemptAdmin(EvidenceAdmin):
    """Every attempt to reject a call, with its timing."""

    subjects = ("calls",)
    list_display = ("moment", "actor_name", "caller_name", "reason", "outcome", "answer", "took")
    list_filter = (filter_form.AttemptFormFilter, filters.HoursFilter, "outcome", filters.ReasonFilter)
    list_select_related = ("call",)
    search_fields = ("id",)
    search_help_text = _("The call's Graph id or key; the id of the attempt or of a request; a person's whole name")
    find = staticmethod(search.attempts_found)
    date_hierarchy = "requested_at"
    fieldsets = (
        (None, {"fields": ("actor_name", "caller", "reason", "note", "outcome", "related")}),
        (_("Story"), {"fields": ("story",)}),
        (_("Times"), {"fields": ("timing", "settled", "took")}),
        (
            _("Graph's answer"),
            {"fields": ("graph_status", "graph_code", "graph_message", "request_id", "client_request_id")},
        ),
    )
    readonly_fields = format.every_field(fieldsets)

    @admin.display(description=_("requested"))
    def moment(self, attempt: RejectAttempt) -> str:
        """Return the time of the request."""
        return format.moment(attempt.requested_at)

    @admin.display(description=_("step by step"))
    def timing(self, attempt: RejectAttempt) -> SafeString | str:
        """Return the time of each step from the call's arrival to its end."""
        return format.timing_of(AuditEntry.objects.filter(attempt_id=str(attempt.pk)))

    @admin.display(description=_("settled"))
    def settled(self, attempt: RejectAttempt) -> str:
        """Return the time at which the outcome was known."""
        return format.moment(attempt.settled_at)

    @admin.display(description=_("seconds from ring to click"))
    def took(self, attempt: RejectAttempt) -> str:
        """Return the seconds from the call's arrival to the request."""
        return format.seconds_since(attempt.call.received_at, attempt.requested_at).removeprefix("+")

    @admin.display(description=_("caller"))
    def caller(self, attempt: RejectAttempt) -> str:
        """Return the caller's name and id."""
        return format.person(attempt.call.source)

    @admin.display(description=_("caller"))
    def caller_name(self, attempt: RejectAttempt) -> str:
        """Return the caller's name, or the id of a caller without one."""
        return attempt.call.caller_name or format.NOTHING

    @admin.display(description=_("Graph's answer"))
    def answer(self, attempt: RejectAttempt) -> str:
        """Return Graph's status and code."""
        return format.answer(attempt)

    @admin.display(description=_("more"))
    def related(self, attempt: RejectAttempt) -> SafeString:
        """Return links to the attempt's audit entries and to the call."""
        links = [
            (format.link(_("audit entries"), AuditEntry, attempt=attempt.pk),),
            (format.link(_("open the call"), Call, call=attempt.call.public_id),),
        ]
        if attempt.bulk_id:
            links.append((format.link(_("everything of this bulk"), AuditEntry, bulk=attempt.bulk_id),))
        return format_html_join(" · ", "{}", links)

    @admin.display(description=_("audit entries"))
    def story(self, attempt: RejectAttempt) -> str:
        """Return the attempt's audit entries as sentences, with the seconds since the call's arrival."""
        return format.timeline(AuditEntry.objects.filter(attempt_id=str(attempt.pk)), attempt.call.received_at)
