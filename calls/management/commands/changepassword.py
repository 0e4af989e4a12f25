"""Django's `changepassword`, with an audit entry."""

from typing import Any

from django.contrib.auth.management.commands import changepassword
from django.contrib.auth.models import User
from django.db import transaction

from calls.audit import chain
from calls.audit.actor import shell_user


class Command(changepassword.Command):
    """Changes the password and records the change."""

    def handle(self, *args: Any, **options: Any) -> str:
        """Change the password, then append `account.changed`."""
        before = dict(User.objects.values_list("pk", "password"))
        message = super().handle(*args, **options)
        for user in User.objects.filter(username=options["username"] or shell_user().name):
            if user.password != before.get(user.pk):
                with transaction.atomic():
                    details = {"account_id": str(user.pk), "changed": {"password": []}}
                    chain.append("account.changed", actor=shell_user(), note=user.username, details=details)
        return str(message)
