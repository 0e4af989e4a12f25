"""Which program is served: pages compare it with what they were made by, and know when there is a new version."""

import hashlib
from functools import cache
from pathlib import Path

from django.conf import settings

PARTS = ("callsdashboard", "calls", "templates", "static")
KINDS = {".py", ".html", ".js", ".css", ".svg", ".mo"}


@cache
def identity() -> str:
    """Return twelve characters that differ when a file of the program or of its pages differs; read once a process."""
    digest = hashlib.sha256()
    for part in PARTS:
        for path in sorted((Path(settings.BASE_DIR) / part).rglob("*")):
            if path.suffix in KINDS and path.is_file():
                digest.update(f"{path.relative_to(settings.BASE_DIR)}\0".encode())
                digest.update(path.read_bytes())
    return digest.hexdigest()[:12]
