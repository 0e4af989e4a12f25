"""`manage.py reapply`: apply the notifications that were kept but not applied, once the cause is fixed."""

from typing import Any

from django.core.management.base import BaseCommand

from calls.ingest.reapply import reapply


class Command(BaseCommand):
    """Applies stored notifications and prints those that still fail, with the reason. Safe to repeat."""

    help = "Apply notifications again that were stored but could not be applied to their call."

    def handle(self, *args: Any, **options: Any) -> None:
        """Apply them in the order of arrival."""
        applied = left = 0
        for notification, problem in reapply():
            applied, left = applied + (not problem), left + bool(problem)
            if problem:
                self.stdout.write(f"Notification {notification.pk}: {problem}")
        self.stdout.write(f"{applied} applied, {left} left as they were.")
