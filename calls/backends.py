"""The name under which sessions of earlier versions remember how somebody signed in."""

from typing import Any

from django.contrib.auth.backends import BaseBackend, ModelBackend
from django.contrib.auth.models import User


class AccountBackend(BaseBackend):
    """Keeps people signed in whose session names this class; to be removed in the release after this one.

    It checks no password and grants no permission: Django's own backend, which is listed first, does both.
    """

    def get_user(self, user_id: Any) -> User | None:
        """Return the account with this number, None when it may not sign in or there is none."""
        return ModelBackend().get_user(user_id)
