"""Base classes of the evidence pages: read-only, with lists that stay fast."""

from typing import Any, NoReturn

from django.contrib import admin
from django.contrib.admin.views.main import ChangeList
from django.core.exceptions import PermissionDenied, ValidationError
from django.db import models
from django.http import HttpRequest, HttpResponse
from django.utils.text import capfirst

from calls.admin import format
from calls.admin.paging import EvidenceChangeList
from calls.audit import retention
from calls.audit.verify.tolerant_read import read_rows


class ReadOnly:
    """Denies adding, changing and deleting, also to superusers."""

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
    """The list and the pages of one kind of evidence; `date_hierarchy` names the column that orders the list."""

    subjects: tuple[str, ...] = ("audit", "personal")  # whose retention periods the list shows
    actions = None
    show_full_result_count = False
    empty_value_display = format.NOTHING
    show_facets = admin.ShowFacets.NEVER
    list_per_page = 50
    list_max_show_all = 0
    sortable_by = ()
    change_list_template = "admin/calls/evidence_list.html"
    change_form_template = "admin/calls/evidence_page.html"

    def get_changelist(self, request: HttpRequest, **kwargs: Any) -> type[ChangeList]:
        """Return the change list that neither counts rows nor scans the table."""
        return EvidenceChangeList

    def get_search_results(
        self, request: HttpRequest, queryset: models.QuerySet, search_term: str
    ) -> tuple[models.QuerySet, bool]:
        """Return the rows that match the search box, without duplicates."""
        text = search_term.strip().replace("\x00", "")
        return (self.find(text, queryset) if text else queryset), False

    @staticmethod
    def find(text: str, rows: models.QuerySet) -> models.QuerySet:
        """Return the rows that match the text, through indexes. Lists with a search box override this."""
        raise NotImplementedError

    def get_object(self, request: HttpRequest, object_id: str, from_field: str | None = None) -> models.Model | None:
        """Return the row, even with unreadable values; None when it does not exist."""
        try:
            found = read_rows(self.get_queryset(request).filter(pk=self.opts.pk.to_python(object_id)))
        except (ValidationError, ValueError):
            return None
        return found[0] if found else None

    def changelist_view(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        """Return the list; deny every writing request."""
        refuse_writing(request)
        context = {"title": capfirst(self.opts.verbose_name_plural), "kept": retention.describe(*self.subjects)}
        return super().changelist_view(request, {**context, **(extra_context or {})})

    def changeform_view(
        self, request: HttpRequest, object_id: Any = None, form_url: str = "", extra_context: Any = None
    ) -> HttpResponse:
        """Return the page of one row; deny every writing request."""
        refuse_writing(request)
        return super().changeform_view(request, object_id, form_url, extra_context)

    def history_view(self, request: HttpRequest, object_id: str, extra_context: Any = None) -> NoReturn:
        """Raise PermissionDenied."""
        # An empty page would look as if these rows could change.
        raise PermissionDenied


def refuse_writing(request: HttpRequest) -> None:
    """Raise PermissionDenied unless the method is GET or HEAD."""
    if request.method not in ("GET", "HEAD"):
        raise PermissionDenied


class EvidenceInline(ReadOnly, admin.TabularInline):
    """Evidence rows that are related to the one on the page."""

    template = "admin/calls/evidence_inline.html"
    extra = 0
    can_delete = False
