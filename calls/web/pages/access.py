"""The decorator of the pages that show calls: sign-in, permission, method and caching."""

from django.contrib.auth.decorators import login_required, permission_required
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from calls.accounts import roles


def calls_page(view):  # type: ignore[no-untyped-def]
    """Return the view for GET and HEAD by signed-in people with the permission to see calls; never cached."""
    allowed = login_required(permission_required(roles.SEE_BOARD, raise_exception=True)(view))
    return require_safe(never_cache(allowed))
