"""`/preferences/` and `/i18n/setlang/`: read and change the signed-in user's preferences."""

from django.conf import settings
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.utils.translation import gettext as _
from django.views import i18n
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from calls.accounts.preferences import InvalidPreference, save_preferences
from calls.web.actions.replies import Reply, as_json
from calls.web.stack.content_types import is_json, read_json
from calls.web.stack.preferences_middleware import preferences_of, set_language_cookie


@require_http_methods(["GET", "HEAD", "POST"])
@never_cache
def preferences(request: HttpRequest) -> HttpResponse:
    """Return all preferences as JSON, after storing those that were posted: 200; 401; 422 for an invalid one."""
    if not request.user.is_authenticated:
        return as_json(Reply(401, "signed_out", _("You are signed out. Sign in again.")))
    if request.method != "POST":
        return JsonResponse(preferences_of(request)["preferences"])
    changes = read_json(request) if is_json(request) else None
    if changes is None:
        return as_json(Reply(422, "bad_request", _("Preferences are sent as a JSON object.")))
    try:
        document = save_preferences(request.user.pk, changes)
    except InvalidPreference as error:
        message = _("There is no preference “%(name)s” with that value.") % {"name": error.name[:50]}
        return as_json(Reply(422, "unknown_preference", message, {"name": error.name[:50]}))
    response = JsonResponse(document)
    if "language" in changes:
        set_language_cookie(response, document.get("language"))
    return response


def set_language(request: HttpRequest) -> HttpResponse:
    """Set the language cookie as Django does, and store the language as the signed-in user's preference."""
    code = request.POST.get("language", "")
    if request.method == "POST" and request.user.is_authenticated and code in dict(settings.LANGUAGES):
        save_preferences(request.user.pk, {"language": code})
    return i18n.set_language(request)
