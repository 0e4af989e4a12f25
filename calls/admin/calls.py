"""Calls, with their notifications and the attempts to reject them."""

import json
from typing import Any

from django.contrib import admin
from django.db import models
from django.forms import BaseInlineFormSet
from django.http import HttpRequest
from django.utils.html import format_html_join
from django.utils.safestring import SafeString
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from calls.admin import filter_form, filters, format, search
from calls.admin.evidence import EvidenceAdmin, EvidenceInline
from calls.models import AuditEntry, Call, Notification, RejectAttempt
from calls.web.pages import labels


class NotificationFormSet(BaseInlineFormSet):
    """The notifications about a call, selected through their indexes."""

    def __init__(self, *, instance: Call, queryset: models.QuerySet[Notification], **options: Any) -> None:
        heard = queryset.filter(Notification.about([instance.graph_id_folded], [instance.pk]))
        super().__init__(instance=instance, queryset=heard, **options)


class NotificationInline(EvidenceInline):
    """The notifications about the call."""

    model = Notification
    formset = NotificationFormSet
    fields = readonly_fields = ("moment", "change_type", "resource_type", "message_id", "problem")
    ordering = ("id",)

    @admin.display(description=_("received"))
    def moment(self, notification: Notification) -> str:
        """Return the time of arrival."""
        return format.moment(notification.received_at)


class AttemptInline(EvidenceInline):
    """The attempts to reject the call."""

    model = RejectAttempt
    fields = readonly_fields = ("requested", "actor_name", "reason", "outcome", "graph_status", "graph_code", "note")
    ordering = ("requested_at",)

    @admin.display(description=_("requested"))
    def requested(self, attempt: RejectAttempt) -> str:
        """Return the time of the request."""
        return format.moment(attempt.requested_at)


@admin.register(Call)
class CallAdmin(EvidenceAdmin):
    """Every call, with its notifications and decisions."""

    subjects = ("calls",)
    list_display = ("moment", "caller_name", "state", "decision", "direction", "related")
    list_filter = (filter_form.CallFormFilter, filters.HoursFilter, filters.DecisionFilter, filters.StateFilter)
    search_fields = ("graph_id",)  # shows the search box; `find` does the search
    search_help_text = _("The call's Graph id or key, or its chain; or a part of the caller's name, or the caller's id")
    find = staticmethod(search.calls_found)
    date_hierarchy = "received_at"
    inlines = (AttemptInline, NotificationInline)
    fieldsets = (
        (None, {"fields": ("caller", "called", "moment", "state", "decision", "related")}),
        (_("Story"), {"fields": ("story",)}),
        (
            _("Times"),
            {"fields": ("watched", "closes", "passed", "answered", "missed", "ended")},
        ),
        (_("Identity"), {"fields": ("public_id", "graph_id", "chain_id", "tenant_id", "policy_recording")}),
        (
            _("As Graph told it"),
            {
                "fields": (
                    "direction",
                    "modalities",
                    "result_code",
                    "result_subcode",
                    "result_message",
                    "version",
                    "source_shown",
                )
            },
        ),
    )
    readonly_fields = format.every_field(fieldsets)

    def get_queryset(self, request: HttpRequest) -> models.QuerySet[Call]:
        """Return the calls with their attempts prefetched."""
        return super().get_queryset(request).prefetch_related("attempts")

    @admin.display(description=_("received"))
    def moment(self, call: Call) -> str:
        """Return the time of the first notification about the call."""
        return format.moment(call.received_at)

    @admin.display(description=_("caller"))
    def caller(self, call: Call) -> str:
        """Return the caller's name and id."""
        return format.person(call.source)

    @admin.display(description=_("caller"))
    def caller_name(self, call: Call) -> str:
        """Return the caller's name, or the id of a caller without one."""
        return call.caller_name or format.NOTHING

    @admin.display(description=_("called"))
    def called(self, call: Call) -> str:
        """Return the names and ids of the targets."""
        return ", ".join(format.person(target) for target in call.targets) if call.targets else format.NOTHING

    @admin.display(description=_("decision"))
    def decision(self, call: Call) -> str:
        """Return the decisions on the call, or that nobody decided."""
        made = [f"{attempt.actor_name}: {attempt.get_outcome_display()}" for attempt in call.attempts.all()]
        if call.let_pass_at:
            made.append(f"{call.let_pass_by}: {gettext('let pass')}")
        if made:
            return ", ".join(made)
        if labels.rang_unseen(call):
            return gettext("rang unseen: nobody had the board in view")
        return gettext("undecided: nobody chose in time") if call.missed_at else format.NOTHING

    @admin.display(description=_("more"))
    def related(self, call: Call) -> SafeString:
        """Return links to the audit entries of the call and of its chain, and to its notifications."""
        links = [
            (format.link(_("audit entries"), AuditEntry, about=call.public_id),),
            (format.link(_("notifications"), Notification, call_id=call.graph_id_folded),),
        ]
        if call.chain_id:
            links.append((format.link(_("calls of this chain"), Call, chain=call.chain_id),))
        return format_html_join(" · ", "{}", links)

    @admin.display(description=_("audit entries"))
    def story(self, call: Call) -> str:
        """Return the call's audit entries as sentences."""
        return format.timeline(AuditEntry.objects.filter(call_key=str(call.public_id)), call.received_at)

    @admin.display(description=_("deadline"))
    def closes(self, call: Call) -> str:
        """Return the end of the time in which the call can be rejected."""
        return format.moment(call.deadline)

    @admin.display(description=_("first rang in front of somebody who may reject it"))
    def watched(self, call: Call) -> str:
        """Return when a user with the right to reject it first had the board in view while it rang."""
        return format.moment(call.watched_at)

    @admin.display(description=_("let pass"))
    def passed(self, call: Call) -> str:
        """Return when the call was let pass, and by which user."""
        return f"{format.moment(call.let_pass_at)} {call.let_pass_by}".strip()

    @admin.display(description=_("answered"))
    def answered(self, call: Call) -> str:
        """Return when the call was answered."""
        return format.moment(call.established_at)

    @admin.display(description=_("missed"))
    def missed(self, call: Call) -> str:
        """Return when the call was recorded as missed."""
        return format.moment(call.missed_at)

    @admin.display(description=_("ended"))
    def ended(self, call: Call) -> str:
        """Return when the call ended."""
        return format.moment(call.ended_at)

    @admin.display(description=_("caller and targets"))
    def source_shown(self, call: Call) -> SafeString:
        """Return the stored caller and targets as JSON."""
        return format.pretty(json.dumps({"source": call.source, "targets": call.targets}))
