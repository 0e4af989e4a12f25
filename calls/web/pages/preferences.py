"""`/preferences/`: how the signed-in person likes their pages; and the language buttons, which choose one of them."""

from django.conf import settings
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods
from django.views.i18n import set_language as choose_in_browser

from calls.accounts import preferences as chosen
from calls.web.actions.action import read_json
from calls.web.actions.replies import Reply, as_json
from calls.web.stack.content_types import is_json
from calls.web.stack.preferences_middleware import keep_language, preferences_of


@require_http_methods(["GET", "HEAD", "POST"])
@never_cache
def preferences(request: HttpRequest) -> HttpResponse:
    """Answer all preferences, after storing those that were posted: 200; 401; 422 when one of them means nothing."""
    if not request.user.is_authenticated:
        return as_json(Reply(401, "signed_out", _("You are signed out. Sign in again.")))
    if request.method != "POST":
        return JsonResponse(preferences_of(request)["preferences"])
    wanted = read_json(request) if is_json(request) else None
    if wanted is None:
        return as_json(Reply(422, "bad_request", _("Preferences are sent as a JSON object.")))
    try:
        document = chosen.choose(request.user.pk, wanted)
    except chosen.NotToBeChosen as error:
        message = _("There is no preference “%(name)s” with that value.") % {"name": error.name[:50]}
        return as_json(Reply(422, "unknown_preference", message, {"name": error.name[:50]}))
    response = JsonResponse(document)
    if "language" in wanted:
        keep_language(response, document.get("language"))
    return response


def set_language(request: HttpRequest) -> HttpResponse:
    """Choose a language for this browser, and for the person's other ones when somebody is signed in."""
    code = request.POST.get("language", "")
    if request.method == "POST" and request.user.is_authenticated and code in dict(settings.LANGUAGES):
        chosen.choose(request.user.pk, {"language": code})
    return choose_in_browser(request)
