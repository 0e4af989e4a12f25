"""The audit history: entries and signed checkpoints."""

from collections.abc import Callable
from typing import Any

from django.contrib import admin
from django.core.exceptions import PermissionDenied
from django.db import models
from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.urls import URLPattern, path
from django.utils.html import format_html_join
from django.utils.safestring import SafeString
from django.utils.translation import gettext_lazy as _

from calls.admin import export_view, filter_form, filters, format, search, verify_view
from calls.admin.evidence import EvidenceAdmin
from calls.audit import chain
from calls.audit.messages import sentence
from calls.audit.verify.tolerant_read import READ_ERRORS
from calls.models import AuditCheckpoint, AuditEntry, Call


@admin.register(AuditEntry)
class AuditEntryAdmin(EvidenceAdmin):
    """Every audit entry."""

    list_display = ("moment", "what_happened", "action", "reason", "answer", "related")
    list_filter = (
        filters.OutcomeFilter,
        filters.HoursFilter,
        filter_form.EntryFormFilter,
        filters.ReasonFilter,
        filters.ActionFilter,
    )
    search_fields = ("graph_id",)  # shows the search box; `find` does the search
    search_help_text = _("Whole name of a person or caller; whole id of a caller, call, chain, attempt or request")
    find = staticmethod(search.entries_found)
    date_hierarchy = "at"
    fieldsets = (
        (None, {"fields": ("what_happened", "exact_time", "action", "related")}),
        (_("Who"), {"fields": ("actor_name", "actor_id", "address")}),
        (_("Call"), {"fields": ("caller_name", "caller_id", "call_key", "graph_id", "chain_id", "tenant_id")}),
        (_("Decision"), {"fields": ("attempt_id", "reason", "note")}),
        (_("Graph's answer"), {"fields": ("graph_status", "graph_code", "words", "request_id", "client_request_id")}),
        (_("Details"), {"fields": ("timing", "watching", "details_shown")}),
        (_("Proof"), {"fields": ("genuine", "hash", "previous_hash", "key_id", "signature", "commitments_shown")}),
    )
    readonly_fields = format.every_field(fieldsets)

    def get_urls(self) -> list[URLPattern]:
        """Return the pages of an evidence list, and those of the export and the verification."""
        own = {"export": export_view.export, "verify": verify_view.verify}
        pages = [path(f"{name}/", self._guarded(view), name=f"calls_auditentry_{name}") for name, view in own.items()]
        return [*pages, *super().get_urls()]

    def _guarded(self, view: Callable[[admin.ModelAdmin, HttpRequest], HttpResponseBase]) -> Callable[..., Any]:
        """Return the view, restricted to users who may view the entries."""

        def guarded(request: HttpRequest) -> HttpResponseBase:
            if not self.has_view_permission(request):
                raise PermissionDenied
            return view(self, request)

        return self.admin_site.admin_view(guarded)

    def get_queryset(self, request: HttpRequest) -> models.QuerySet[AuditEntry]:
        """Return the entries with their personal values."""
        return super().get_queryset(request).select_related("personal")

    @admin.display(description=_("at"))
    def moment(self, entry: AuditEntry) -> str:
        """Return the time of the entry."""
        return format.moment(entry.at)

    @admin.display(description=_("at"))
    def exact_time(self, entry: AuditEntry) -> str:
        """Return the time to the microsecond, in the current time zone and in UTC."""
        return f"{format.moment(entry.at, 'microseconds')} = {entry.at:%Y-%m-%dT%H:%M:%S.%fZ}"

    @admin.display(description=_("what happened"))
    def what_happened(self, entry: AuditEntry) -> str:
        """Return the entry as a sentence."""
        return sentence(entry)

    @admin.display(description=_("Graph's answer"))
    def answer(self, entry: AuditEntry) -> str:
        """Return Graph's status and code."""
        return format.answer(entry)

    @admin.display(description=_("all entries of the"))
    def related(self, entry: AuditEntry) -> SafeString | str:
        """Return links to all entries of the same attempt, bulk, call, chain and person, and to the call."""
        about: list[tuple[Any, type[models.Model], dict[str, Any]]] = [
            (_("attempt"), AuditEntry, {"attempt": entry.attempt_id}),
            (_("bulk"), AuditEntry, {"bulk": entry.bulk_id}),
            (_("call"), AuditEntry, {"about": entry.call_key}),
            (_("chain"), AuditEntry, {"chain": entry.chain_id}),
            (_("person"), AuditEntry, {"who": entry.actor_id}),
            (_("open the call"), Call, {"call": entry.call_key}),
        ]
        links = [(format.link(label, model, **query),) for label, model, query in about if all(query.values())]
        return format_html_join(" · ", "{}", links) or format.NOTHING

    @admin.display(description=_("actor"))
    def actor_name(self, entry: AuditEntry) -> str:
        """Return the actor's name."""
        return _personal(entry, "actor_name")

    @admin.display(description=_("address"))
    def address(self, entry: AuditEntry) -> str:
        """Return the address of the request."""
        return _personal(entry, "address")

    @admin.display(description=_("caller"))
    def caller_name(self, entry: AuditEntry) -> str:
        """Return the caller's name."""
        return _personal(entry, "caller_name")

    @admin.display(description=_("caller id"))
    def caller_id(self, entry: AuditEntry) -> str:
        """Return the caller's id in Graph."""
        return _personal(entry, "caller_id")

    @admin.display(description=_("note"))
    def note(self, entry: AuditEntry) -> str:
        """Return the note."""
        return _personal(entry, "note")

    @admin.display(description=_("in their own words"))
    def words(self, entry: AuditEntry) -> str:
        """Return the quoted words of Graph's answer or of the request."""
        return _personal(entry, "words")

    @admin.display(description=_("step by step"))
    def timing(self, entry: AuditEntry) -> SafeString | str:
        """Return the time of each step of the decision that this entry has."""
        return format.timing([entry])

    @admin.display(description=_("who had the board open while it rang"))
    def watching(self, entry: AuditEntry) -> SafeString | str:
        """Return the current names of the accounts that were connected while the call rang."""
        return format.watching(entry)

    @admin.display(description=_("details"))
    def details_shown(self, entry: AuditEntry) -> SafeString:
        """Return the chained details as JSON."""
        return format.pretty(entry.details)

    @admin.display(description=_("commitments to personal values"))
    def commitments_shown(self, entry: AuditEntry) -> SafeString:
        """Return the salted digests of the personal values as JSON."""
        return format.pretty(entry.commitments)

    @admin.display(description=_("content and signature"))
    def genuine(self, entry: AuditEntry) -> str:
        """Return whether the entry's content and signature are valid; `verify_audit` checks its place in the chain."""
        verdicts = {
            True: _("hold; that nothing before it was removed is proved by “manage.py verify_audit”"),
            False: _("DO NOT HOLD: this entry was changed"),
            None: _("cannot be checked: signed with another key than the one configured"),
        }
        try:
            genuine = chain.is_genuine(entry)
        except READ_ERRORS:
            genuine = False
        return str(verdicts[genuine])


def _personal(entry: AuditEntry, name: str) -> str:
    return getattr(getattr(entry, "personal", None), name, "") or format.NOTHING  # retention may have erased it


@admin.register(AuditCheckpoint)
class AuditCheckpointAdmin(EvidenceAdmin):
    """Every signed checkpoint."""

    list_display = ("moment", "kind", "entries", "last_id", "last_hash")
    fields = readonly_fields = ("moment", "kind", "entries", "last_id", "last_hash", "key_id", "signature")
    date_hierarchy = "at"

    @admin.display(description=_("at"))
    def moment(self, checkpoint: AuditCheckpoint) -> str:
        """Return the time of the checkpoint."""
        return format.moment(checkpoint.at)
