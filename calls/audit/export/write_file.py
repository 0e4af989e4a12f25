"""Exports of chosen audit entries as streamed CSV or JSON Lines files that end with a seal.

The seal has the number of rows, the digest of the preceding bytes, the state of the chain, and a signature. An export
appends two audit entries, one before the first row is sent and one before the seal.
"""

import csv
import hashlib
import io
import json
import uuid
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from django.db import transaction
from django.db.models import Q, QuerySet, Subquery
from django.utils import timezone, translation
from django.utils.translation import gettext

from calls.audit import chain, signing
from calls.audit.actor import Actor
from calls.audit.messages import sentence
from calls.audit.verify.tolerant_read import READ_ERRORS, read_rows
from calls.models import AuditEntry

FORMAT_VERSION = "calls-dashboard-audit-export/1"
BATCH = 1_000
SEAL = "#seal"
UNREADABLE_HASH = "unreadable"  # in place of the hash of an entry that cannot be read
BOM = "\ufeff"
# Spreadsheets compute a cell that begins with one of these, also after spaces.
FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")
COLUMNS = (
    "id",
    "at",
    "what_happened",
    "action",
    "actor_id",
    *chain.PERSONAL_FIELDS,
    "call_key",
    "graph_id",
    "chain_id",
    "tenant_id",
    "attempt_id",
    "reason",
    "graph_status",
    "graph_code",
    "request_id",
    "client_request_id",
    "details",
    "previous_hash",
    "hash",
)


@dataclass(frozen=True, slots=True)
class FileFormat:
    """A file format: media type, and functions for the head, an entry, an unreadable entry, and the seal."""

    media_type: str
    head: Callable[[dict[str, object]], str]
    line: Callable[[AuditEntry], str]
    unreadable: Callable[[int], str]
    seal: Callable[[dict[str, object]], str]


class Export:
    """One running export."""

    def __init__(
        self, name: str, entries: QuerySet[AuditEntry], *, actor: Actor, chosen: Mapping[str, list[str]]
    ) -> None:
        """Append the entry `audit.export_started`. Raises django.db.DatabaseError; there is no export then."""
        self.id, self.format, self._actor = str(uuid.uuid4()), FORMATS[name], actor
        self.file_name = f"audit-{timezone.now():%Y%m%d-%H%M%S}-{self.id[:8]}.{name}"
        self._details: dict[str, object] = {"export": self.id, "format": name}
        self._chosen = dict(chosen)
        with transaction.atomic():
            head = chain.locked_head()
            self._chain = {"entries": head.entries, "last_id": head.last_id, "last_hash": head.last_hash}
            chain.append("audit.export_started", actor=actor, words=self._words(), details=self._details)
        # Ordered by time, as the indexes of the entries are, so that each batch continues from the previous one's end.
        self._entries = entries.order_by("at", "id").filter(id__lte=head.last_id).select_related("personal")
        self._language = translation.get_language() or "en"

    def pieces(self) -> Iterator[bytes]:
        """Yield the file in pieces. The last one is the seal; its entry is committed before it is yielded."""
        digest, rows, remaining = hashlib.sha256(), 0, self._entries
        piece = self.format.head({"export": self.id, "format": FORMAT_VERSION, "chosen": self._chosen}).encode()
        while piece:
            digest.update(piece)
            yield piece
            batch = read_rows(remaining[:BATCH])
            rows, remaining = rows + len(batch), self._after(batch)
            with translation.override(self._language):
                piece = "".join(map(self._line, batch)).encode()
        yield self._seal(rows, digest.hexdigest()).encode()

    def _line(self, entry: AuditEntry) -> str:
        try:
            return self.format.line(entry)
        except READ_ERRORS:  # a changed row must not end the export; the file names it instead
            return self.format.unreadable(entry.pk)

    def _words(self) -> str:
        """Return the filters of the export as text."""
        # Filters can contain names of people, so they are stored as erasable words and not in the chained details.
        return ", ".join(f"{name}={value}" for name, values in self._chosen.items() for value in values)

    def _after(self, batch: list[AuditEntry]) -> QuerySet[AuditEntry]:
        if not batch:
            return self._entries.none()
        last, at = batch[-1], batch[-1].at
        if not isinstance(at, datetime):  # an unreadable time: leave the comparison to the database
            at = Subquery(AuditEntry.objects.filter(pk=last.pk).values("at"))
        return self._entries.filter(Q(at__gt=at) | Q(at=at, id__gt=last.pk), at__gte=at)

    def _seal(self, rows: int, digest: str) -> str:
        seal = {"export": self.id, "format": FORMAT_VERSION, "rows": rows, "sha256": digest, **self._chain}
        seal |= {"sealed_at": _utc_text(timezone.now()), "key_id": signing.key_id()}
        with transaction.atomic():
            details = {**self._details, "rows": rows, "sha256": digest}
            chain.append("audit.exported", actor=self._actor, words=self._words(), details=details)
        return self.format.seal({**seal, "signature": signing.sign(seal_text(seal))})


def seal_text(seal: Mapping[str, object]) -> str:
    """Return the text that a seal's signature covers."""
    unsigned = {name: value for name, value in seal.items() if name != "signature"}
    return "export:" + json.dumps(unsigned, sort_keys=True, separators=(",", ":"))


def _utc_text(at: datetime) -> str:
    return at.astimezone(UTC).isoformat(timespec="microseconds").replace("+00:00", "Z")


# JSON Lines -----------------------------------------------------------------------------------------------------------


def _json_line(entry: AuditEntry) -> str:
    """Return the entry as a line, with all fields that its hash and commitments are computed from."""
    document: dict[str, Any] = {
        name: getattr(entry, name) for name in ("id", *chain.CHAINED_FIELDS, "hash", "signature")
    }
    document["at"], document["what_happened"] = _utc_text(entry.at), sentence(entry)
    personal = getattr(entry, "personal", None)
    if personal is not None:
        document["personal"] = {name: value for name in chain.PERSONAL_FIELDS if (value := getattr(personal, name))}
        document["salts"] = personal.salts
    return _json(document)


def _json_unreadable(primary_key: int) -> str:
    return _json({"id": primary_key, "what_happened": gettext("This entry cannot be read."), "hash": UNREADABLE_HASH})


def _json(document: Mapping[str, object]) -> str:
    return json.dumps(document, ensure_ascii=False).encode("utf-8", "backslashreplace").decode() + "\n"


# CSV ------------------------------------------------------------------------------------------------------------------


def _csv_row(cells: list[object]) -> str:
    text = io.StringIO()
    csv.writer(text, quoting=csv.QUOTE_ALL).writerow([safe_cell(cell) for cell in cells])
    return text.getvalue().encode("utf-8", "backslashreplace").decode()


def safe_cell(value: object) -> str:
    """Return the value as text, with an apostrophe before anything that a spreadsheet would compute."""
    text = "" if value is None else str(value).replace("\0", "")
    return f"'{text}" if text.startswith(FORMULA) or text.lstrip().startswith(FORMULA) else text


def _csv_line(entry: AuditEntry) -> str:
    personal = getattr(entry, "personal", None)
    special = {"at": _utc_text(entry.at), "what_happened": sentence(entry)}
    special |= {name: getattr(personal, name, "") for name in chain.PERSONAL_FIELDS}
    return _csv_row([special[name] if name in special else getattr(entry, name) for name in COLUMNS])


def _csv_unreadable(primary_key: int) -> str:
    cells = {"id": primary_key, "what_happened": gettext("This entry cannot be read."), "hash": UNREADABLE_HASH}
    return _csv_row([cells.get(name, "") for name in COLUMNS])


FORMATS = {
    "csv": FileFormat(
        media_type="text/csv; charset=utf-8",
        head=lambda head: BOM + _csv_row(list(COLUMNS)),
        line=_csv_line,
        unreadable=_csv_unreadable,
        seal=lambda seal: _csv_row([SEAL, json.dumps(seal)]),
    ),
    "jsonl": FileFormat(
        media_type="application/x-ndjson; charset=utf-8",
        head=_json,
        line=_json_line,
        unreadable=_json_unreadable,
        seal=lambda seal: _json({"seal": seal}),
    ),
}
