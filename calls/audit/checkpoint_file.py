"""A copy of the checkpoints in AUDIT_CHECKPOINT_FILE, out of reach of somebody who can rewrite the database.

One JSON document per line, in the order of creation; the file is only appended to.
"""

import json
import logging
import os
import threading
import time
from collections.abc import Iterator
from datetime import UTC
from pathlib import Path
from typing import Any

from django.conf import settings
from django.db import DatabaseError, connection
from django.utils.dateparse import parse_datetime

from calls import metrics
from calls.models import AuditCheckpoint

logger = logging.getLogger(__name__)

FIELDS = ("id", "kind", "at", "entries", "last_id", "last_hash", "key_id", "signature")
TAIL_BYTES = 4096  # longer than a line can be


class FileAhead(Exception):
    """The file has a newer checkpoint than the database, which was probably restored from a backup."""


def export_missing() -> str:
    """Append the missing checkpoints to AUDIT_CHECKPOINT_FILE, if it is set; return the problem, "" for none.

    Problems are logged and not raised, because decisions do not depend on the file.
    """
    path = settings.AUDIT_CHECKPOINT_FILE
    try:
        if path:
            write(path)
            metrics.CHECKPOINTS_KEPT.set(time.time())
    except (OSError, FileAhead, DatabaseError) as error:
        logger.error("Audit checkpoints could not be kept outside the database: %s", error)
        return str(error)
    return ""


class BackgroundExport:
    """Exports checkpoints in a thread of its own, so that a disk or share that hangs blocks nothing else."""

    def __init__(self) -> None:
        self._thread: threading.Thread | None = None
        self._started_at = 0.0
        self._problem = ""

    def start(self) -> None:
        """Start an export, unless the previous one is still running; then log an error."""
        if self._thread and self._thread.is_alive():
            logger.error("Audit checkpoints could not be kept outside the database: %s", self.problem)
            return
        self._started_at = time.monotonic()
        # A daemon thread, because a write to a share can block for ever and must not keep the process from exiting.
        self._thread = threading.Thread(target=self._export, name="checkpoint-export", daemon=True)
        self._thread.start()

    @property
    def problem(self) -> str:
        """The problem of the running or the last export, empty when there is none."""
        waited = time.monotonic() - self._started_at
        if self._thread and self._thread.is_alive() and waited > settings.CHECKPOINT_FILE_PATIENCE_SECONDS:
            return f"{settings.AUDIT_CHECKPOINT_FILE} has not answered for {waited:.0f} seconds."
        return self._problem

    def _export(self) -> None:
        try:
            self._problem = export_missing()
        finally:
            connection.close()


def write(path: str) -> int:
    """Append the checkpoints that the file lacks and return how many, after they were flushed to the disk.

    Raises OSError when the file cannot be written, FileAhead when it belongs to a longer history than the database's.
    """
    written_id, ends_with_line = _tail(path)
    newest = AuditCheckpoint.objects.order_by("-id").values_list("id", flat=True).first() or 0
    if written_id > newest:
        raise FileAhead(f"{path} has checkpoint #{written_id}; the newest one in the database is #{newest}.")
    fresh = list(AuditCheckpoint.objects.filter(id__gt=written_id).order_by("id"))
    if fresh:
        text = ("" if ends_with_line else "\n") + "".join(f"{_line(checkpoint)}\n" for checkpoint in fresh)
        _append(path, text.encode())
    return len(fresh)


def read(path: str) -> Iterator[tuple[int, AuditCheckpoint | None]]:
    """Yield each line's number and its checkpoint, None for a malformed line. Raises OSError."""
    with Path(path).open("rb") as file:
        for number, line in enumerate(file, start=1):
            if line.strip():
                yield number, _parse(line)


def _tail(path: str) -> tuple[int, bool]:
    """Return the id of the file's last checkpoint, 0 when it has none, and whether its last line is complete."""
    if not Path(path).exists():
        return 0, True
    with Path(path).open("rb") as file:
        file.seek(0, os.SEEK_END)
        file.seek(max(0, file.tell() - TAIL_BYTES))
        end = file.read()
    checkpoints = [checkpoint for line in end.splitlines() if (checkpoint := _parse(line))]
    return (checkpoints[-1].pk if checkpoints else 0), not end or end.endswith(b"\n")


def _append(path: str, text: bytes) -> None:
    with Path(path).open("ab") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())


def _line(checkpoint: AuditCheckpoint) -> str:
    at = checkpoint.at.astimezone(UTC).isoformat(timespec="microseconds")
    return json.dumps({name: getattr(checkpoint, name) for name in FIELDS} | {"at": at})


def _parse(line: bytes) -> AuditCheckpoint | None:
    try:
        document: dict[str, Any] = json.loads(line)
        values = {name: document[name] for name in FIELDS}
        values["at"] = parse_datetime(values["at"])
        numbers = all(isinstance(values[name], int) for name in ("id", "entries", "last_id"))
        texts = all(isinstance(values[name], str) for name in ("kind", "last_hash", "key_id", "signature"))
    except (ValueError, KeyError, TypeError):
        return None
    return AuditCheckpoint(**values) if numbers and texts and values["at"] and values["at"].tzinfo else None
