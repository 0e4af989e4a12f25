"""The simulator's own certificate authority, kept in its directory so that a restart is trusted as well."""

from dataclasses import dataclass
from pathlib import Path

import trustme

NAMES = ("localhost", "127.0.0.1", "::1")


@dataclass(frozen=True, slots=True)
class Certificates:
    """PEM files: the authority to trust, and the server's key with its chain."""

    authority: Path
    server: Path


def certificates(directory: Path) -> Certificates:
    """Return the certificates kept in `directory`, making them the first time."""
    kept = Certificates(authority=directory / "ca.pem", server=directory / "server.pem")
    if not (kept.authority.exists() and kept.server.exists()):
        _make(kept)
    return kept


def _make(kept: Certificates) -> None:
    authority = trustme.CA(organization_name="Calls Dashboard simulator")
    certificate = authority.issue_cert(*NAMES)
    kept.server.touch(mode=0o600)
    certificate.private_key_and_cert_chain_pem.write_to_path(str(kept.server))
    authority.cert_pem.write_to_path(str(kept.authority))
