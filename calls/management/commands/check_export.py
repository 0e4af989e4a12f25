"""`manage.py check_export`: verify an exported file; exit code 0 genuine, 1 not genuine, 2 not provable either way."""

import sys
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandParser
from django.db import DatabaseError

from calls.audit.export import verify_file
from calls.audit.verify.finding_messages import in_english
from calls.audit.verify.verification import Verdict

SUMMARIES = {
    Verdict.INTACT: "Genuine",
    Verdict.BROKEN: "Not genuine",
    Verdict.UNPROVED: "Not provable either way",
}
MOST_FAULTS = 20


class Command(BaseCommand):
    """Compares the file with its seal and each row with the history."""

    help = (
        "Check a file that was exported from the audit history. Exit code 0: it is as it was exported, and the history "
        "still says the same. 1: it was changed, cut off, or the history was. 2: cannot be proved either way."
    )
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: CommandParser) -> None:
        """Add the file."""
        parser.add_argument("file", type=Path)

    def handle(self, *args: Any, **options: Any) -> None:
        """Exit with the verdict as exit code."""
        try:
            found = verify_file.check(options["file"])
        except (OSError, DatabaseError) as error:
            self.stderr.write(self.style.ERROR(f"Not provable: {error}"))
            sys.exit(Verdict.UNPROVED)
        for fault in found.faults[:MOST_FAULTS]:
            self.stderr.write(self.style.ERROR(in_english(fault)))
        for warning in found.warnings:
            self.stderr.write(self.style.WARNING(in_english(warning)))
        text = f"{SUMMARIES[found.verdict]}: {found.rows:,} rows"
        if found.seal:
            text += f", exported when the chain had {found.seal.get('entries')} entries"
        if found.removed:
            text += f"; {found.removed:,} of them retention has removed from the history since"
        self.stdout.write(f"{text}.")
        sys.exit(found.verdict)
