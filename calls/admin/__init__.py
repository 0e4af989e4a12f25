"""The admin site: read-only pages of evidence for auditors, and accounts whose changes are audited.

Lists must stay fast with millions of rows: no counts, no DISTINCT, no query per row, keyset pagination.
"""

from django.contrib import admin
from django.utils.translation import gettext_lazy as _

from calls.admin import accounts, attempts, calls, entries, notifications, sign_in

__all__ = ["accounts", "attempts", "calls", "entries", "notifications", "sign_in"]

admin.site.site_header = admin.site.site_title = _("Calls Dashboard: evidence and accounts")
admin.site.index_title = _("What happened, and who may do what")
admin.site.enable_nav_sidebar = False
admin.site.login_form = sign_in.EvidenceSignInForm
