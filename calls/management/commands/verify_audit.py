"""`manage.py verify_audit`: verify the audit history; exit code 0 intact, 1 broken, 2 not provable either way."""

import sys
from argparse import ArgumentTypeError
from typing import Any

from django.core.management.base import BaseCommand, CommandParser
from django.db import DatabaseError, transaction

from calls.audit import chain
from calls.audit.actor import shell_user
from calls.audit.verify import verification
from calls.audit.verify.finding_messages import details_of, in_english


def anchor(text: str) -> verification.Anchor:
    """Parse an anchor printed by an earlier run. Raises ArgumentTypeError."""
    try:
        return verification.Anchor.parse(text)
    except ValueError as error:
        raise ArgumentTypeError(str(error)) from None


class Command(BaseCommand):
    """Verifies the whole history and prints the findings."""

    help = (
        "Prove the audit history. Exit code 0: intact. 1: broken, the first broken entry is named. "
        "2: cannot be proved either way, for instance because the signing key is missing."
    )
    requires_system_checks: list[str] = []  # invalid settings for Graph must not prevent a verification

    def add_arguments(self, parser: CommandParser) -> None:
        """Offer --record and --anchor."""
        parser.add_argument("--record", action="store_true", help="append the result as an audit entry of its own")
        parser.add_argument(
            "--anchor",
            type=anchor,
            action="append",
            default=[],
            metavar="COUNT:HASH",
            help="an anchor printed by an earlier run and kept elsewhere; the history must still contain it",
        )

    def handle(self, *args: Any, **options: Any) -> None:
        """Exit with the verdict as exit code."""
        try:
            found = self._verify(options["anchor"])
        except DatabaseError as error:
            self.stderr.write(self.style.ERROR(f"Not provable: the audit tables cannot be read ({error})."))
            sys.exit(verification.Verdict.UNPROVED)
        self._report(found)
        if options["record"]:
            self._record(found)
        sys.exit(found.verdict)

    def _verify(self, anchors: list[verification.Anchor]) -> verification.Verification:
        found, interactive = verification.Verification(), self.stderr.isatty()
        for found in verification.verify(*anchors):
            if interactive and found.entries and not found.finished_at:
                self.stderr.write(f"\r{found.entries:,} entries proved so far", ending="")
        if interactive and found.entries:
            self.stderr.write("")
        return found

    def _report(self, found: verification.Verification) -> None:
        for fault in found.faults:
            self.stderr.write(self.style.ERROR(in_english(fault)))
        for finding in [*found.warnings, *found.notices]:
            self.stderr.write(self.style.WARNING(in_english(finding)))
        self.stdout.write(SUMMARIES[found.verdict].format(extent=_extent(found)))
        if found.entries and not found.faults:
            self.stdout.write(f"Anchor: {found.anchor}")

    def _record(self, found: verification.Verification) -> None:
        try:
            with transaction.atomic():
                entry = chain.append("audit.verified", actor=shell_user(), details=details_of(found))
        except DatabaseError as error:
            self.stderr.write(self.style.ERROR(f"The result could not be recorded: {error}"))
        else:
            self.stdout.write(f"Recorded as audit entry #{entry.pk}.")


SUMMARIES = {
    verification.Verdict.INTACT: "Intact: {extent}.",
    verification.Verdict.BROKEN: "Broken: {extent}.",
    verification.Verdict.UNPROVED: "Not provable either way: {extent}.",
}


def _extent(found: verification.Verification) -> str:
    if not found.entries:
        return "no entry proved" if found.faults else "the history is empty"
    text = f"{found.entries - found.removed:,} entries hang together, up to #{found.last_id}"
    if found.removed:
        text += f"; retention removed the {found.removed:,} before them"
    if found.erased:
        text += f"; retention erased the personal values of {found.erased:,}"
    return text
