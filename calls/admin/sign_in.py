"""Signing in to the admin site."""

from django.contrib.admin.forms import AdminAuthenticationForm
from django.contrib.auth.models import User

from calls.accounts import roles


class EvidenceSignInForm(AdminAuthenticationForm):
    """The admin's sign-in form, which lets in whoever is in a group that reads the evidence."""

    def confirm_login_allowed(self, user: User) -> None:
        """Raise ValidationError for people the admin site is not for."""
        roles.admit(user)
        super().confirm_login_allowed(user)
