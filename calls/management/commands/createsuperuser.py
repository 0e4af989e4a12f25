"""Django's `createsuperuser`, with an audit entry."""

from typing import Any

from django.contrib.auth.management.commands import createsuperuser
from django.contrib.auth.models import User
from django.db import transaction

from calls.audit import chain
from calls.audit.actor import shell_user


class Command(createsuperuser.Command):
    """Creates the account and records it."""

    def handle(self, *args: Any, **options: Any) -> None:
        """Create the account, then append `account.created` for it."""
        newest = User.objects.order_by("-pk").values_list("pk", flat=True).first() or 0
        super().handle(*args, **options)
        for user in User.objects.filter(pk__gt=newest, is_superuser=True):
            with transaction.atomic():
                details = {"account_id": str(user.pk), "changed": {"is_superuser": [False, True]}}
                chain.append("account.created", actor=shell_user(), note=user.username, details=details)
