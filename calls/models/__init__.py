"""The models: notifications, calls, reject attempts, audit entries, user preferences and presence."""

from calls.models.attempt import OUTCOMES, SETTLED_BY_END, RejectAttempt
from calls.models.audit import (
    AppendOnlyError,
    AppendOnlyModel,
    AppendOnlyQuerySet,
    AuditCheckpoint,
    AuditEntry,
    AuditHead,
    AuditPersonal,
)
from calls.models.call import ANSWERED_STATES, Call, CallQuerySet
from calls.models.notification import Notification
from calls.models.people import EntraAccount, Preferences, Presence

__all__ = [
    "ANSWERED_STATES",
    "AppendOnlyError",
    "AppendOnlyModel",
    "AppendOnlyQuerySet",
    "AuditCheckpoint",
    "AuditEntry",
    "AuditHead",
    "AuditPersonal",
    "Call",
    "CallQuerySet",
    "EntraAccount",
    "OUTCOMES",
    "Notification",
    "Preferences",
    "Presence",
    "RejectAttempt",
    "SETTLED_BY_END",
]
