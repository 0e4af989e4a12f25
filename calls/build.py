"""The identity of the running build, by which open pages notice that a new version was deployed."""

import hashlib
from functools import cache
from pathlib import Path

from django.conf import settings

PARTS = ("callsdashboard", "calls", "templates", "static")
KINDS = {".py", ".html", ".js", ".css", ".svg", ".mo"}


@cache
def identity() -> str:
    """Return 12 hexadecimal characters of a hash over the program's files; computed once per process."""
    digest = hashlib.sha256()
    for part in PARTS:
        for path in sorted((Path(settings.BASE_DIR) / part).rglob("*")):
            if path.suffix in KINDS and path.is_file():
                digest.update(f"{path.relative_to(settings.BASE_DIR)}\0".encode())
                digest.update(path.read_bytes())
    return digest.hexdigest()[:12]
