"""The notifications received from Graph, as they are stored."""

from django.contrib import admin
from django.db import models
from django.http import HttpRequest
from django.utils.safestring import SafeString
from django.utils.translation import gettext_lazy as _

from calls.admin import filter_form, filters, format, search
from calls.admin.evidence import EvidenceAdmin
from calls.models import Call, Notification


@admin.register(Notification)
class NotificationAdmin(EvidenceAdmin):
    """Every notification, with its stored body."""

    subjects = ("notifications",)
    list_display = ("moment", "change_type", "resource", "problem", "related")
    list_filter = (filter_form.NotificationFormFilter, filters.ProblemFilter)
    search_fields = ("message_id",)
    search_help_text = _("The call's Graph id, or the message id")
    find = staticmethod(search.notifications_found)
    date_hierarchy = "received_at"
    fieldsets = (
        (None, {"fields": ("moment", "change_type", "resource", "resource_type", "problem", "related")}),
        (_("Delivery"), {"fields": ("tenant_id", "message_id", "chain_id", "scenario_id", "digest")}),
        (_("Body"), {"fields": ("body_shown",)}),
    )
    readonly_fields = format.every_field(fieldsets)

    def get_queryset(self, request: HttpRequest) -> models.QuerySet[Notification]:
        """Return the notifications without their bodies, which lists do not show."""
        return super().get_queryset(request).defer("body")

    @admin.display(description=_("received"))
    def moment(self, notification: Notification) -> str:
        """Return the time of arrival."""
        return format.moment(notification.received_at)

    @admin.display(description=_("call"))
    def related(self, notification: Notification) -> SafeString | str:
        """Return a link to the list filtered by the notification's call, which may not be stored."""
        return (
            format.link(notification.call_id, Call, call=notification.call_id)
            if notification.call_id
            else format.NOTHING
        )

    @admin.display(description=_("body, secrets removed"))
    def body_shown(self, notification: Notification) -> SafeString:
        """Return the stored body."""
        return format.pretty(notification.body)
