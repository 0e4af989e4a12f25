"""An incoming notification with its request's metadata, and the columns that are written for it."""

from dataclasses import dataclass
from datetime import datetime

from calls.db.sql import Columns
from calls.graph.fields import clean
from calls.graph.payloads import GraphNotification
from calls.ingest.call_state import FOLDED_FIELDS
from calls.models import Call, Notification


@dataclass(frozen=True, slots=True)
class Arrival:
    """One notification with its request's metadata: verified tenant, time of receipt, Graph's tracing headers."""

    notification: GraphNotification
    tenant_id: str
    received_at: datetime
    message_id: str = ""
    chain_id: str = ""
    scenario_id: str = ""


@dataclass(frozen=True, slots=True)
class NotificationRow:
    """The values of a notification's row."""

    call_id: str | None
    call_pk: int | None
    received_at: datetime
    change_type: str
    resource: str
    resource_type: str
    tenant_id: str
    message_id: str
    chain_id: str
    scenario_id: str
    body: str
    digest: str
    problem: str


NOTIFICATION_COLUMNS = Columns(Notification, NotificationRow.__slots__)
# Columns that are never set when a call begins: inserting them would cost every new call for nothing.
SET_LATER = {"id", "asked_at", "let_pass_at", "let_pass_by_id", "let_pass_by", "watched_at"}
NEW_CALL_COLUMNS = Columns(Call, [column.name for column in Call._meta.concrete_fields if column.name not in SET_LATER])
FOLDED_COLUMNS = Columns(Call, [*FOLDED_FIELDS, "version", "updated_at"])


def row_of(arrival: Arrival, problem: str, call_pk: int | None) -> NotificationRow:
    """Return the row of an arrival; `problem` says why it was not applied to its call, empty if it was."""
    notification = arrival.notification
    return NotificationRow(
        call_id=notification.graph_id_folded or None,
        call_pk=call_pk,
        received_at=arrival.received_at,
        change_type=clean(notification.change_type, 64),
        resource=clean(notification.resource, 500),
        resource_type=clean(notification.resource_type, 200),
        tenant_id=arrival.tenant_id,
        message_id=arrival.message_id,
        chain_id=arrival.chain_id,
        scenario_id=arrival.scenario_id,
        body=notification.body,
        digest=notification.digest,
        problem=problem,
    )
