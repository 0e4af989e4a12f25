"""Audit entries for settings that changed since the last start.

An entry has keyed digests of all audited settings, and the values of those that are not secret.
"""

import hmac
import json
from typing import Any
from urllib.parse import urlsplit

from django.conf import settings
from django.db import transaction

from calls.audit import chain, signing
from calls.audit.actor import SYSTEM
from calls.models import AuditEntry

# Settings of access, of connections and of retention. Listening address and log level are left out, because processes
# that share a database may differ in them.
NAMES = (
    "SECRET_KEY",
    "DEBUG",
    "ALLOWED_HOSTS",
    "CSRF_TRUSTED_ORIGINS",
    "GRAPH_APP_ID",
    "GRAPH_TENANT_ID",
    "GRAPH_TENANTS",
    "GRAPH_CLIENT_SECRET",
    "GRAPH_CLIENT_CERTIFICATE",
    "GRAPH_BASE_URL",
    "GRAPH_CALLS_PATH",
    "GRAPH_AUTHORITY",
    "GRAPH_CALLBACK_METADATA_URL",
    "GRAPH_CALLBACK_ISSUERS",
    "GRAPH_CALLBACK_URI",
    "GRAPH_CA_BUNDLE",
    "GRAPH_TENANT_MISMATCH",
    "AUDIT_SIGNING_KEY_FALLBACKS",
    "AUDIT_CHECKPOINT_FILE",
    "RETENTION_DAYS_NOTIFICATIONS",
    "RETENTION_DAYS_CALLS",
    "RETENTION_DAYS_PERSONAL",
    "RETENTION_DAYS_AUDIT",
    "WORKING_DAYS",
    "WORKING_HOURS",
    "CALL_ANSWER_WINDOW_SECONDS",
    "ENTRA_SIGN_IN",
    "TIME_ZONE",
    "REDIS_URL",
)
# Settings whose values are recorded in plain text, because they are not secret and govern calls and evidence.
DISCLOSED = (
    "DEBUG",
    "ENTRA_SIGN_IN",
    "GRAPH_TENANT_MISMATCH",
    "RETENTION_DAYS_NOTIFICATIONS",
    "RETENTION_DAYS_CALLS",
    "RETENTION_DAYS_PERSONAL",
    "RETENTION_DAYS_AUDIT",
    "WORKING_DAYS",
    "WORKING_HOURS",
    "CALL_ANSWER_WINDOW_SECONDS",
    "TIME_ZONE",
)
# Lists that contain the host of PUBLIC_URL, which may differ between the processes that share a database.
CONTAINING_PUBLIC_URL = ("ALLOWED_HOSTS", "CSRF_TRUSTED_ORIGINS")


def record_changes() -> list[str]:
    """Append an entry if settings differ from the last start and return their names; the first start records all.

    Raises django.db.DatabaseError.
    """
    with transaction.atomic():
        chain.locked_head()  # so that of two processes starting at once only one records a change
        recorded = _last_recorded()
        before = dict(recorded.get("digests", {}))
        changed = _changed_since(before)
        if changed:
            now = {name: _digest(name, settings.AUDIT_SIGNING_KEY) for name in NAMES}
            details = {
                "changed": changed,
                "values": {name: getattr(settings, name) for name in DISCLOSED},
                "were": {name: value for name, value in recorded.get("values", {}).items() if name in changed},
                "digests": {**now, "AUDIT_SIGNING_KEY": signing.key_id()},
            }
            action = "settings.changed" if before else "settings.recorded"
            chain.append(action, actor=SYSTEM, details=details)
    return changed


def _last_recorded() -> dict[str, Any]:
    actions = ("settings.changed", "settings.recorded")
    newest = AuditEntry.objects.filter(action__in=actions).order_by("-id").values_list("details", flat=True).first()
    return dict(json.loads(newest)) if newest else {}


def _changed_since(before: dict[str, Any]) -> list[str]:
    """Return the names of the settings whose digests differ.

    Digests made with a key that is no longer configured cannot be compared; then only the key counts as changed.
    """
    used = str(before.get("AUDIT_SIGNING_KEY", signing.key_id()))
    key = signing.keys().get(used)
    changed = [name for name in NAMES if before.get(name) != _digest(name, key)] if key else []
    return changed if used == signing.key_id() else ["AUDIT_SIGNING_KEY", *changed]


def _digest(name: str, key: str) -> str:
    value = getattr(settings, name)
    if name in CONTAINING_PUBLIC_URL:
        own = urlsplit(settings.PUBLIC_URL)
        value = sorted(set(value) - {own.hostname, f"{own.scheme}://{own.netloc}"})
    # Keyed, so that a short secret cannot be found by hashing guesses.
    text = f"setting\0{name}\0{value!r}"
    return hmac.digest(key.encode(), text.encode("utf-8", "replace"), "sha256").hex()[:32]
