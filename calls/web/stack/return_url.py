"""The URL that an error page offers for another try."""

from urllib.parse import urlsplit

from django.http import HttpRequest
from django.utils.http import url_has_allowed_host_and_scheme


def page_before(request: HttpRequest) -> str:
    """Return the requested URL for GET and HEAD, else the referring page's; empty if that is on another host."""
    if request.method in {"GET", "HEAD"}:
        return request.get_full_path()
    sent_from = request.META.get("HTTP_REFERER", "")
    if not url_has_allowed_host_and_scheme(sent_from, {request.get_host()}, require_https=request.is_secure()):
        return ""
    address = urlsplit(sent_from)
    return address._replace(scheme="", netloc="", fragment="").geturl()
