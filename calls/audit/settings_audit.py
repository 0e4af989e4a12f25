"""Settings that differ from the last start become an audit entry: their names, and digests instead of their values.

The digests are keyed with the audit signing key, so that nobody can guess a value by trying; two of them can be
compared as long as the key of the older one is at hand. Values stand there only of settings that could be told to
anybody and say what happens to calls and evidence: how long things are kept, what working hours are.
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

# What decides who gets in, whom the dashboard talks to and what it keeps. Processes that share a database may differ in
# the rest: where they listen, how much they log.
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
CONTAINING_PUBLIC_URL = ("ALLOWED_HOSTS", "CSRF_TRUSTED_ORIGINS")


def record_changes() -> list[str]:
    """Append an entry when settings are not as they were at the last start; return the names of those.

    The first start ever records all of them. Raises django.db.DatabaseError.
    """
    with transaction.atomic():
        chain.locked_head()  # two processes that start together record a change once
        told = _last_recorded()
        before = dict(told.get("digests", {}))
        changed = _changed_since(before)
        if changed:
            now = {name: _digest(name, settings.AUDIT_SIGNING_KEY) for name in NAMES}
            details = {
                "changed": changed,
                "values": {name: getattr(settings, name) for name in DISCLOSED},
                "were": {name: value for name, value in told.get("values", {}).items() if name in changed},
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
    """Return the names whose digests differ; under a key that is not at hand any more, no two can be compared."""
    used = str(before.get("AUDIT_SIGNING_KEY", signing.key_id()))
    key = signing.keys().get(used)
    changed = [name for name in NAMES if before.get(name) != _digest(name, key)] if key else []
    return changed if used == signing.key_id() else ["AUDIT_SIGNING_KEY", *changed]


def _digest(name: str, key: str) -> str:
    value = getattr(settings, name)
    if name in CONTAINING_PUBLIC_URL:
        own = urlsplit(settings.PUBLIC_URL)
        value = sorted(set(value) - {own.hostname, f"{own.scheme}://{own.netloc}"})
    text = f"setting\0{name}\0{value!r}"
    return hmac.digest(key.encode(), text.encode("utf-8", "replace"), "sha256").hex()[:32]
