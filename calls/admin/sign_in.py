"""The sign-in form of the admin site."""

from django.contrib.admin.forms import AdminAuthenticationForm
from django.contrib.auth.models import User

from calls.accounts import roles


class EvidenceSignInForm(AdminAuthenticationForm):
    """Admits members of the groups that may read the evidence."""

    def confirm_login_allowed(self, user: User) -> None:
        """Raise ValidationError for users without access to the admin site."""
        roles.open_admin_site(user)
        super().confirm_login_allowed(user)
