"""Who an account's number stands for, as every request of somebody who is signed in asks."""

from typing import Any

from django.contrib.auth.backends import ModelBackend
from django.contrib.auth.models import User

from calls.rows import Statement, reading, run


def row_of(user_id: Any) -> Statement:
    """Return the statement that reads the account with this number."""
    return reading(User, "id = %s", [user_id])


class AccountBackend(ModelBackend):
    """Django's own accounts, looked up without composing a query: a click waits for this."""

    def get_user(self, user_id: Any) -> User | None:
        """Return the account with this number, None when it may not sign in or there is none."""
        for user in run(row_of(user_id))[0]:
            if self.user_can_authenticate(user):
                return user
        return None
