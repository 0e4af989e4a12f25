"""`manage.py retention`: delete rows older than the retention periods, or count them."""

from typing import Any

from django.core.management.base import BaseCommand, CommandParser

from calls.audit import checkpoint_file, retention
from calls.audit.actor import shell_user


class Command(BaseCommand):
    """Runs retention, as a running dashboard does once a day."""

    help = (
        "Remove what RETENTION_DAYS_NOTIFICATIONS, _CALLS, _PERSONAL and _AUDIT say is too old. "
        "A running dashboard does this by itself once a day."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        """Add --dry-run."""
        parser.add_argument("--dry-run", action="store_true", help="only say how many rows would be removed")

    def handle(self, *args: Any, **options: Any) -> None:
        """Run retention, or print what a run would delete."""
        for subject in retention.SUBJECTS:
            kept = f"{subject.days} days" if subject.days else "for ever"
            self.stdout.write(f"{subject.name}: kept {kept}")
        if options["dry_run"]:
            self._print("Would be removed", retention.preview())
            return
        self._print("Removed", list(retention.run(shell_user()))[-1])
        checkpoint_file.export_missing()

    def _print(self, verb: str, rows: dict[str, int]) -> None:
        text = ", ".join(f"{count:,} {name}" for name, count in rows.items())
        self.stdout.write(f"{verb}: {text or 'nothing, everything is kept for ever'}.")
