"""The auditors' admin: everything can be looked up, nothing can be changed, by nobody; and accounts, with a record.

Lists must stay quick with millions of rows: no exact counts, no DISTINCT, no query per row.
"""

import json
from calendar import monthrange
from collections.abc import Iterable
from contextlib import suppress
from datetime import datetime
from typing import Any, NoReturn

from django.contrib import admin
from django.contrib.admin.forms import AdminAuthenticationForm
from django.contrib.admin.views.main import ChangeList
from django.contrib.auth.admin import GroupAdmin, UserAdmin
from django.contrib.auth.models import Group, Permission, User
from django.core.exceptions import PermissionDenied
from django.core.paginator import Paginator
from django.db import models, transaction
from django.forms import ModelForm
from django.http import HttpRequest, HttpResponse
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.functional import cached_property
from django.utils.html import format_html, format_html_join
from django.utils.http import urlencode
from django.utils.safestring import SafeString
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from calls import admin_filters, audit, roles, signins
from calls.models import AuditCheckpoint, AuditEntry, Call, Notification, RejectAttempt
from calls.sentences import sentence

admin.site.site_header = admin.site.site_title = _("Calls Dashboard: evidence and accounts")
admin.site.index_title = _("What happened, and who may do what")
admin.site.enable_nav_sidebar = False


class AdmittingForm(AdminAuthenticationForm):
    """The admin's sign-in form, which lets in whoever is in a group that reads the evidence."""

    def confirm_login_allowed(self, user: User) -> None:
        """Raise ValidationError for people the admin site is not for."""
        roles.admit(user)
        super().confirm_login_allowed(user)


admin.site.login_form = AdmittingForm

COUNT_LIMIT = 10_000  # rows that can be paged through; older ones are reached by dates and filters
STORY_LIMIT = 200  # audit entries shown on the page of one call
NOTHING = "–"


# Lists and pages of evidence ------------------------------------------------------------------------------------------


class BoundedPaginator(Paginator):
    """Pages through the newest rows and counts no further, because an exact count reads the whole table."""

    @cached_property
    def count(self) -> int:
        """Return the number of rows, at most COUNT_LIMIT."""
        return min(self._counted, COUNT_LIMIT)

    @property
    def exceeded(self) -> bool:
        """Return whether there are more rows than can be paged through."""
        return self._counted > COUNT_LIMIT

    @cached_property
    def _counted(self) -> int:
        rows: models.QuerySet = self.object_list  # type: ignore[assignment]  # the admin pages through nothing else
        return rows.order_by().values("pk")[: COUNT_LIMIT + 1].count()


class EvidenceChangeList(ChangeList):
    """A list with a drill-down by date that is worked out from the calendar instead of being read from the table."""

    def drilldown(self) -> dict[str, Any]:
        """Return the way back and the choices one level below the chosen year, month or day."""
        field = self.date_hierarchy
        year, month, day = (self._chosen(f"{field}__{part}") for part in ("year", "month", "day"))
        if year and month and day:
            return {"back": self._link("F Y", year, month), "choices": [self._link("j F", year, month, day)]}
        if year and month:
            days = range(1, monthrange(year, month)[1] + 1)
            return {"back": self._link("Y", year), "choices": [self._link("j", year, month, each) for each in days]}
        if year:
            return {"back": self._link("", None), "choices": [self._link("F", year, each) for each in range(1, 13)]}
        return {"back": None, "choices": [self._link("Y", each) for each in self._years()]}

    def _chosen(self, name: str) -> int | None:
        value = str(self.params.get(name, ""))
        return int(value) if value.isdecimal() else None

    def _link(self, form: str, year: int | None, month: int | None = None, day: int | None = None) -> dict[str, str]:
        parts = {"year": year, "month": month, "day": day}
        shown = date_format(datetime(year, month or 1, day or 1), form) if year else gettext("All dates")
        return {
            "title": shown,
            "link": self.get_query_string({f"{self.date_hierarchy}__{part}": value for part, value in parts.items()}),
        }

    def _years(self) -> Iterable[int]:
        moments = self.model._default_manager.order_by(self.date_hierarchy).values_list(self.date_hierarchy, flat=True)
        first, last = moments.first(), moments.last()
        if first is None or last is None:
            return []
        return range(timezone.localtime(first).year, timezone.localtime(last).year + 1)


class ReadOnly:
    """Refuses every change, to superusers as well."""

    def has_add_permission(self, request: HttpRequest, obj: models.Model | None = None) -> bool:
        """Return False."""
        return False

    def has_change_permission(self, request: HttpRequest, obj: models.Model | None = None) -> bool:
        """Return False."""
        return False

    def has_delete_permission(self, request: HttpRequest, obj: models.Model | None = None) -> bool:
        """Return False."""
        return False


class EvidenceAdmin(ReadOnly, admin.ModelAdmin):
    """What all pages of evidence have in common."""

    actions = None
    paginator = BoundedPaginator
    show_full_result_count = False
    empty_value_display = NOTHING
    show_facets = admin.ShowFacets.NEVER
    list_per_page = 50
    list_max_show_all = 0
    sortable_by = ("moment",)
    change_list_template = "admin/calls/evidence_list.html"
    change_form_template = "admin/calls/evidence_page.html"

    def get_changelist(self, request: HttpRequest, **kwargs: Any) -> type[ChangeList]:
        """Return the list that needs no scan to offer dates."""
        return EvidenceChangeList

    def changelist_view(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        """Return the list; refuse anything sent to it."""
        _refuse_writing(request)
        return super().changelist_view(request, extra_context)

    def changeform_view(
        self, request: HttpRequest, object_id: Any = None, form_url: str = "", extra_context: Any = None
    ) -> HttpResponse:
        """Return the page of one row; refuse anything sent to it."""
        _refuse_writing(request)
        return super().changeform_view(request, object_id, form_url, extra_context)

    def history_view(self, request: HttpRequest, object_id: str, extra_context: Any = None) -> NoReturn:
        """Refuse: rows that never change have no history of changes, and an empty page would look like one."""
        raise PermissionDenied


def _refuse_writing(request: HttpRequest) -> None:
    if request.method not in ("GET", "HEAD"):
        raise PermissionDenied


class EvidenceInline(ReadOnly, admin.TabularInline):
    """Rows that belong to the one on the page."""

    extra = 0
    show_change_link = True
    can_delete = False


def _moment(at: datetime | None) -> str:
    """Return the time to the millisecond: what auditors compare with other systems' logs."""
    return timezone.localtime(at).isoformat(" ", "milliseconds") if at else NOTHING


def _pretty(text: str) -> SafeString:
    with suppress(ValueError):  # what is not JSON is shown as it is
        text = json.dumps(json.loads(text), indent=2, ensure_ascii=False)
    return format_html("<pre>{}</pre>", text.encode("utf-8", "backslashreplace").decode())


def _link(label: Any, model: type[models.Model], **query: Any) -> SafeString:
    address = reverse(f"admin:calls_{model._meta.model_name}_changelist")
    return format_html('<a href="{}?{}">{}</a>', address, urlencode(query), label)


def _person(party: Any) -> str:
    if not isinstance(party, dict):
        return NOTHING
    name, id = party.get("name") or "", party.get("id") or ""
    return f"{name} ({id})" if name and id else str(name or id or NOTHING)


def _answer(row: AuditEntry | RejectAttempt) -> str:
    return " ".join(str(word) for word in (row.graph_status, row.graph_code) if word) or NOTHING


def _story(entries: models.QuerySet[AuditEntry], began: datetime | None) -> str:
    """Return a table of entries in the order of the chain, each with the seconds since `began`."""
    found = list(entries.select_related("personal").order_by("id")[:STORY_LIMIT])
    lines = [
        {
            "entry": entry,
            "moment": _moment(entry.at),
            "seconds": f"{(entry.at - began).total_seconds():+.3f}" if began else "",
            "sentence": sentence(entry),
        }
        for entry in found
    ]
    return render_to_string("admin/calls/story.html", {"lines": lines, "cut": len(found) == STORY_LIMIT})


def _every_field(fieldsets: Any) -> tuple[str, ...]:
    return tuple(dict.fromkeys(name for _title, options in fieldsets for name in options["fields"]))


@admin.register(AuditEntry)
class AuditEntryAdmin(EvidenceAdmin):
    """Who decided, when, why, and what Graph said."""

    list_display = ("moment", "told", "action", "reason", "answer", "related")
    list_filter = (
        admin_filters.NarrowEntries,
        admin_filters.OutcomeFilter,
        admin_filters.ReasonFilter,
        admin_filters.ActionFilter,
    )
    search_fields = (
        "personal__actor_name",
        "personal__caller_name",
        "personal__caller_id",
        "call_key",
        "graph_id",
        "chain_id",
        "attempt_id",
        "request_id",
        "client_request_id",
    )
    search_help_text = _("Part of a person's or caller's name, of a call's, chain's or attempt's id, of a request id")
    date_hierarchy = "at"
    fieldsets = (
        (None, {"fields": ("told", "moment", "action", "related")}),
        (_("Who"), {"fields": ("actor_name", "actor_id", "address")}),
        (_("Call"), {"fields": ("caller_name", "caller_id", "call_key", "graph_id", "chain_id", "tenant_id")}),
        (_("Decision"), {"fields": ("attempt_id", "reason", "note")}),
        (_("Graph's answer"), {"fields": ("graph_status", "graph_code", "request_id", "client_request_id")}),
        (_("Details"), {"fields": ("details_shown",)}),
        (_("Proof"), {"fields": ("genuine", "hash", "previous_hash", "key_id", "signature", "commitments_shown")}),
    )
    readonly_fields = _every_field(fieldsets)

    def get_queryset(self, request: HttpRequest) -> models.QuerySet[AuditEntry]:
        """Return the entries with their personal values."""
        return super().get_queryset(request).select_related("personal")

    @admin.display(description=_("at"), ordering="id")
    def moment(self, entry: AuditEntry) -> str:
        """Return when."""
        return _moment(entry.at)

    @admin.display(description=_("what happened"))
    def told(self, entry: AuditEntry) -> str:
        """Return the entry as a sentence."""
        return sentence(entry)

    @admin.display(description=_("Graph's answer"))
    def answer(self, entry: AuditEntry) -> str:
        """Return Graph's status and code."""
        return _answer(entry)

    @admin.display(description=_("all entries of the"))
    def related(self, entry: AuditEntry) -> SafeString | str:
        """Return one link each to all entries of the same attempt, call, chain and person, and to the call itself."""
        about = [
            (_("attempt"), AuditEntry, {"attempt": entry.attempt_id}),
            (_("call"), AuditEntry, {"about": entry.call_key}),
            (_("chain"), AuditEntry, {"chain": entry.chain_id}),
            (_("person"), AuditEntry, {"who": entry.actor_id}),
            (_("open the call"), Call, {"call": entry.call_key}),
        ]
        links = [(_link(label, model, **query),) for label, model, query in about if all(query.values())]
        return format_html_join(" · ", "{}", links) or NOTHING

    @admin.display(description=_("actor"))
    def actor_name(self, entry: AuditEntry) -> str:
        """Return who acted."""
        return _personal(entry, "actor_name")

    @admin.display(description=_("address"))
    def address(self, entry: AuditEntry) -> str:
        """Return where the request came from."""
        return _personal(entry, "address")

    @admin.display(description=_("caller"))
    def caller_name(self, entry: AuditEntry) -> str:
        """Return who called."""
        return _personal(entry, "caller_name")

    @admin.display(description=_("caller id"))
    def caller_id(self, entry: AuditEntry) -> str:
        """Return who called, as Graph identifies them."""
        return _personal(entry, "caller_id")

    @admin.display(description=_("note"))
    def note(self, entry: AuditEntry) -> str:
        """Return what was written beside the decision."""
        return _personal(entry, "note")

    @admin.display(description=_("details"))
    def details_shown(self, entry: AuditEntry) -> SafeString:
        """Return everything else that was recorded."""
        return _pretty(entry.details)

    @admin.display(description=_("commitments to personal values"))
    def commitments_shown(self, entry: AuditEntry) -> SafeString:
        """Return the salted digests that stand for personal values in the chain."""
        return _pretty(entry.commitments)

    @admin.display(description=_("content and signature"))
    def genuine(self, entry: AuditEntry) -> str:
        """Return whether this entry by itself is as it was written; its place in the chain takes `verify_audit`."""
        verdicts = {
            True: _("hold; that nothing before it was removed is proved by “manage.py verify_audit”"),
            False: _("DO NOT HOLD: this entry was changed"),
            None: _("cannot be checked: signed with another key than the one configured"),
        }
        return str(verdicts[audit.is_genuine(entry)])


def _personal(entry: AuditEntry, name: str) -> str:
    return getattr(getattr(entry, "personal", None), name, "") or NOTHING  # it may be erased, or lost


class NotificationInline(EvidenceInline):
    """What Graph said about the call."""

    model = Notification
    fields = readonly_fields = ("moment", "change_type", "resource_type", "message_id", "problem")
    ordering = ("id",)

    @admin.display(description=_("received"))
    def moment(self, notification: Notification) -> str:
        """Return when it arrived."""
        return _moment(notification.received_at)


class AttemptInline(EvidenceInline):
    """Who tried to reject the call."""

    model = RejectAttempt
    fields = readonly_fields = ("asked", "actor_name", "reason", "outcome", "graph_status", "graph_code", "note")
    ordering = ("requested_at",)

    @admin.display(description=_("requested"))
    def asked(self, attempt: RejectAttempt) -> str:
        """Return when it was asked for."""
        return _moment(attempt.requested_at)


@admin.register(Call)
class CallAdmin(EvidenceAdmin):
    """Every call, what Graph said about it and what people did about it."""

    list_display = ("moment", "caller_name", "state", "decision", "direction", "related")
    list_filter = (admin_filters.NarrowCalls, admin_filters.DecisionFilter, admin_filters.StateFilter)
    search_fields = ("source__name", "source__id", "graph_id", "chain_id", "key")
    search_help_text = _("Part of the caller's name or id, of the call's Graph id or key, of its chain")
    date_hierarchy = "received_at"
    inlines = (AttemptInline, NotificationInline)
    fieldsets = (
        (None, {"fields": ("caller", "called", "moment", "state", "decision", "related")}),
        (_("Story"), {"fields": ("story",)}),
        (
            _("Times"),
            {"fields": ("closes", "answered", "missed", "ended")},
        ),
        (_("Identity"), {"fields": ("key", "graph_id", "chain_id", "tenant_id", "policy_recording")}),
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
    readonly_fields = _every_field(fieldsets)

    def get_queryset(self, request: HttpRequest) -> models.QuerySet[Call]:
        """Return the calls with the attempts made on them."""
        return super().get_queryset(request).prefetch_related("attempts")

    @admin.display(description=_("received"), ordering="id")
    def moment(self, call: Call) -> str:
        """Return when Graph first told of the call."""
        return _moment(call.received_at)

    @admin.display(description=_("caller"))
    def caller(self, call: Call) -> str:
        """Return who called."""
        return _person(call.source)

    @admin.display(description=_("caller"))
    def caller_name(self, call: Call) -> str:
        """Return who called, as short as it can be said."""
        return call.caller_name or NOTHING

    @admin.display(description=_("called"))
    def called(self, call: Call) -> str:
        """Return who was called."""
        return ", ".join(_person(target) for target in call.targets) if call.targets else NOTHING

    @admin.display(description=_("decision"))
    def decision(self, call: Call) -> str:
        """Return what people made of the call."""
        made = [f"{attempt.actor_name}: {attempt.get_outcome_display()}" for attempt in call.attempts.all()]
        if made:
            return ", ".join(made)
        return gettext("undecided: nobody chose in time") if call.missed_at else NOTHING

    @admin.display(description=_("more"))
    def related(self, call: Call) -> SafeString:
        """Return links to the audit entries of the call and of its chain, and to its notifications."""
        links = [
            (_link(_("audit entries"), AuditEntry, about=call.key),),
            (_link(_("notifications"), Notification, call_id=call.graph_key),),
        ]
        if call.chain_id:
            links.append((_link(_("calls of this chain"), Call, chain=call.chain_id),))
        return format_html_join(" · ", "{}", links)

    @admin.display(description=_("audit entries"))
    def story(self, call: Call) -> str:
        """Return the call's audit entries as sentences."""
        return _story(AuditEntry.objects.filter(call_key=str(call.key)), call.received_at)

    @admin.display(description=_("deadline"))
    def closes(self, call: Call) -> str:
        """Return until when it could be rejected."""
        return _moment(call.deadline)

    @admin.display(description=_("answered"))
    def answered(self, call: Call) -> str:
        """Return when it was answered."""
        return _moment(call.established_at)

    @admin.display(description=_("missed"))
    def missed(self, call: Call) -> str:
        """Return when it was found that nobody had decided."""
        return _moment(call.missed_at)

    @admin.display(description=_("ended"))
    def ended(self, call: Call) -> str:
        """Return when it ended."""
        return _moment(call.ended_at)

    @admin.display(description=_("caller and targets"))
    def source_shown(self, call: Call) -> SafeString:
        """Return both ends as they were understood."""
        return _pretty(json.dumps({"source": call.source, "targets": call.targets}))


@admin.register(Notification)
class NotificationAdmin(EvidenceAdmin):
    """What arrived, as it arrived."""

    list_display = ("moment", "change_type", "resource", "problem", "related")
    list_filter = (admin_filters.NarrowNotifications, admin_filters.ProblemFilter)
    search_fields = ("resource", "message_id", "chain_id", "scenario_id")
    search_help_text = _("Part of the resource, of the message id, of the chain or scenario id header")
    date_hierarchy = "received_at"
    fieldsets = (
        (None, {"fields": ("moment", "change_type", "resource", "resource_type", "problem", "related")}),
        (_("Delivery"), {"fields": ("tenant_id", "message_id", "chain_id", "scenario_id", "digest")}),
        (_("Body"), {"fields": ("body_shown",)}),
    )
    readonly_fields = _every_field(fieldsets)

    def get_queryset(self, request: HttpRequest) -> models.QuerySet[Notification]:
        """Return the notifications; a list needs no bodies."""
        return super().get_queryset(request).defer("body")

    @admin.display(description=_("received"), ordering="id")
    def moment(self, notification: Notification) -> str:
        """Return when it arrived."""
        return _moment(notification.received_at)

    @admin.display(description=_("call"))
    def related(self, notification: Notification) -> SafeString | str:
        """Return a link to the call it is about, which may never have been heard of."""
        return _link(notification.call_id, Call, call=notification.call_id) if notification.call_id else NOTHING

    @admin.display(description=_("body, secrets removed"))
    def body_shown(self, notification: Notification) -> SafeString:
        """Return the stored body."""
        return _pretty(notification.body)


@admin.register(RejectAttempt)
class RejectAttemptAdmin(EvidenceAdmin):
    """Every try to reject a call, with its timing."""

    list_display = ("moment", "actor_name", "caller_name", "reason", "outcome", "answer", "took")
    list_filter = (admin_filters.NarrowAttempts, "outcome", admin_filters.ReasonFilter)
    list_select_related = ("call",)
    search_fields = ("actor_name", "note", "request_id", "client_request_id", "call__graph_id")
    search_help_text = _("Part of a person's name, of a note, of a request id, of the call's Graph id")
    date_hierarchy = "requested_at"
    fieldsets = (
        (None, {"fields": ("actor_name", "caller", "reason", "note", "outcome", "related")}),
        (_("Story"), {"fields": ("story",)}),
        (_("Times"), {"fields": ("received", "moment", "settled", "took")}),
        (
            _("Graph's answer"),
            {"fields": ("graph_status", "graph_code", "graph_message", "request_id", "client_request_id")},
        ),
    )
    readonly_fields = _every_field(fieldsets)

    @admin.display(description=_("requested"), ordering="requested_at")
    def moment(self, attempt: RejectAttempt) -> str:
        """Return when it was asked for."""
        return _moment(attempt.requested_at)

    @admin.display(description=_("call received"))
    def received(self, attempt: RejectAttempt) -> str:
        """Return when the call began to ring."""
        return _moment(attempt.call.received_at)

    @admin.display(description=_("settled"))
    def settled(self, attempt: RejectAttempt) -> str:
        """Return when the outcome was known."""
        return _moment(attempt.settled_at)

    @admin.display(description=_("seconds from ring to click"))
    def took(self, attempt: RejectAttempt) -> str:
        """Return how long the decision took."""
        return f"{(attempt.requested_at - attempt.call.received_at).total_seconds():.1f}"

    @admin.display(description=_("caller"))
    def caller(self, attempt: RejectAttempt) -> str:
        """Return who called."""
        return _person(attempt.call.source)

    @admin.display(description=_("caller"))
    def caller_name(self, attempt: RejectAttempt) -> str:
        """Return who called, as short as it can be said."""
        return attempt.call.caller_name or NOTHING

    @admin.display(description=_("Graph's answer"))
    def answer(self, attempt: RejectAttempt) -> str:
        """Return Graph's status and code."""
        return _answer(attempt)

    @admin.display(description=_("more"))
    def related(self, attempt: RejectAttempt) -> SafeString:
        """Return links to the attempt's audit entries and to the call."""
        links = [
            (_link(_("audit entries"), AuditEntry, attempt=attempt.pk),),
            (_link(_("open the call"), Call, call=attempt.call.key),),
        ]
        return format_html_join(" · ", "{}", links)

    @admin.display(description=_("audit entries"))
    def story(self, attempt: RejectAttempt) -> str:
        """Return the attempt's audit entries as sentences, with the seconds since the call began to ring."""
        return _story(AuditEntry.objects.filter(attempt_id=str(attempt.pk)), attempt.call.received_at)


@admin.register(AuditCheckpoint)
class AuditCheckpointAdmin(EvidenceAdmin):
    """Signed statements about how long the history was."""

    list_display = ("moment", "entries", "last_id", "last_hash")
    fields = readonly_fields = ("moment", "entries", "last_id", "last_hash", "key_id", "signature")
    date_hierarchy = "at"

    @admin.display(description=_("at"), ordering="id")
    def moment(self, made: AuditCheckpoint) -> str:
        """Return when."""
        return _moment(made.at)


# Accounts -------------------------------------------------------------------------------------------------------------

SECRET_FIELDS = frozenset({"password", "password1", "password2", "usable_password", "set_usable_password"})
PERSONAL_FIELDS = frozenset({"username", "first_name", "last_name", "email"})

Changes = dict[str, list[Any]]


class RecordedAdmin(admin.ModelAdmin):
    """Writes an audit entry, in the same transaction, for whatever is done to an account or a group."""

    subject = ""

    def save_related(self, request: HttpRequest, form: ModelForm, formsets: Any, change: bool) -> None:
        """Save what belongs to the row, then record what was changed by now."""
        super().save_related(request, form, formsets, change)
        changes = {**_changes(form), **self.settle(form.instance)}
        if changes or not change:
            self.record(request, form.instance, "changed" if change else "created", changes)

    def settle(self, obj: Any) -> Changes:
        """Bring what follows from the row's new values up to date; return what that changed."""
        return {}

    def delete_model(self, request: HttpRequest, obj: Any) -> None:
        """Record, then delete."""
        self.record(request, obj, "deleted")
        super().delete_model(request, obj)

    def delete_queryset(self, request: HttpRequest, queryset: models.QuerySet) -> None:
        """Record and delete every row, or none."""
        with transaction.atomic():
            for obj in queryset:
                self.delete_model(request, obj)

    def record(self, request: HttpRequest, obj: Any, act: str, changes: Changes | None = None) -> None:
        """Append the entry. Personal values go where they can be erased one day; secrets go nowhere."""
        raise NotImplementedError


def _changes(form: ModelForm) -> Changes:
    """Return [old, new] of every changed field, without secrets."""
    return {
        name: [_plain(form.initial.get(name)), _plain(form.cleaned_data.get(name))]
        for name in form.changed_data
        if name not in SECRET_FIELDS
    }


def _plain(value: Any) -> Any:
    if isinstance(value, datetime):
        return value.isoformat()
    if isinstance(value, Permission):
        return value.codename
    if isinstance(value, (list, tuple, models.QuerySet)):
        return sorted(str(_plain(each)) for each in value)
    return value if isinstance(value, (bool, int, str, type(None))) else str(value)


admin.site.unregister(User)
admin.site.unregister(Group)


@admin.register(User)
class RecordedUserAdmin(RecordedAdmin, UserAdmin):
    """Django's own user admin, with a record. Who may enter the admin site follows from the groups."""

    readonly_fields = ("is_staff", "last_login", "date_joined")

    def settle(self, obj: User) -> Changes:
        """Open or close the admin site as the groups say."""
        before = obj.is_staff
        roles.keep_admin_site(obj)
        return {"is_staff": [before, obj.is_staff]} if before != obj.is_staff else {}

    def user_change_password(self, request: HttpRequest, id: str, form_url: str = "") -> HttpResponse:
        """Change somebody's password, and record that it was changed."""
        with transaction.atomic():
            before = User.objects.filter(pk=id).values_list("password", flat=True).first() if id.isdecimal() else None
            response = super().user_change_password(request, id, form_url)
            after = User.objects.filter(pk=id).first() if before is not None else None
            if after and after.password != before:
                self.record(request, after, "changed", {"password": []})
        return response

    def record(self, request: HttpRequest, obj: User, act: str, changes: Changes | None = None) -> None:
        """Append `account.<act>`; names and addresses of people go into the note."""
        plain, personal = {}, []
        for name, values in (changes or {}).items():
            if name in PERSONAL_FIELDS:
                personal.append(f"{name}: {values[0] or NOTHING} → {values[1] or NOTHING}")
            plain[name] = [] if name in PERSONAL_FIELDS else values
        audit.append(
            f"account.{act}",
            actor=signins.actor_of(request.user, request),  # type: ignore[arg-type]
            note="\n".join([obj.username, *personal]),
            details={"account_id": str(obj.pk), **({"changed": plain} if plain else {})},
        )


@admin.register(Group)
class RecordedGroupAdmin(RecordedAdmin, GroupAdmin):
    """Django's own group admin, with a record. The three groups that are roles keep their names."""

    fields = ("name", "permissions")

    def get_readonly_fields(self, request: HttpRequest, obj: Group | None = None) -> tuple[str, ...]:
        """Return the name where it means a role."""
        return ("name",) if obj and obj.name in roles.GROUPS else ()

    def has_delete_permission(self, request: HttpRequest, obj: Group | None = None) -> bool:
        """Return False for the groups that are roles."""
        return super().has_delete_permission(request, obj) and not (obj and obj.name in roles.GROUPS)

    def record(self, request: HttpRequest, obj: Group, act: str, changes: Changes | None = None) -> None:
        """Append `group.<act>`."""
        audit.append(
            f"group.{act}",
            actor=signins.actor_of(request.user, request),  # type: ignore[arg-type]
            details={"group": obj.name, **({"changed": changes} if changes else {})},
        )
