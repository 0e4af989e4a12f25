"""`manage.py reapply`: apply the notifications that were kept but not applied, once their cause is mended."""

from typing import Any

from django.core.management.base import BaseCommand

from calls.ingest.reapply import reapply


class Command(BaseCommand):
    """Applies what can be applied and says what still cannot, and why. Safe to repeat."""

    help = "Apply notifications again that were stored but could not be applied to their call."

    def handle(self, *args: Any, **options: Any) -> None:
        """Go through them in the order they arrived."""
        applied = left = 0
        for notification, problem in reapply():
            applied, left = applied + (not problem), left + bool(problem)
            if problem:
                self.stdout.write(f"Notification {notification.pk}: {problem}")
        self.stdout.write(f"{applied} applied, {left} left as they were.")
