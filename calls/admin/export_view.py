"""The export of the audit entries that an auditor has filtered, as a streamed file."""

from django.contrib import messages
from django.contrib.admin import ModelAdmin
from django.contrib.admin.options import IncorrectLookupParameters
from django.core.exceptions import PermissionDenied
from django.db import DatabaseError
from django.http import HttpRequest, HttpResponseBase, HttpResponseRedirect, StreamingHttpResponse
from django.urls import reverse
from django.utils.translation import gettext

from calls.accounts.login_audit import actor_of
from calls.admin import streaming
from calls.audit.export import write_file


def export(model_admin: ModelAdmin, request: HttpRequest) -> HttpResponseBase:
    """Return the entries selected by the query parameters as a file; POST only, because an export is recorded."""
    form = request.POST.get("form", "")
    if request.method != "POST" or form not in write_file.FORMATS:
        raise PermissionDenied
    change_list = reverse("admin:calls_auditentry_changelist")
    try:
        chosen = model_admin.get_changelist_instance(request)
    except IncorrectLookupParameters:
        return HttpResponseRedirect(change_list)
    actor = actor_of(request.user, request)  # type: ignore[arg-type]
    try:
        running = write_file.Export(form, chosen.queryset, actor=actor, chosen=dict(request.GET.lists()))
    except DatabaseError:
        messages.error(request, gettext("The audit history cannot be written, so nothing was exported. Try again."))
        return HttpResponseRedirect(f"{change_list}?{request.GET.urlencode()}")
    response = StreamingHttpResponse(streaming.stream(running.pieces()), content_type=running.format.media_type)
    response.headers["Content-Disposition"] = f'attachment; filename="{running.file_name}"'
    return streaming.unbuffered(response)
