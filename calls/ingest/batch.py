"""The calls of one transaction in memory, and what its notifications change on them."""

import logging
from datetime import datetime, timedelta

from django.conf import settings

from calls.graph.payloads import Subject
from calls.ingest.call_state import Change, fold
from calls.ingest.incoming import Arrival
from calls.models import Call

logger = logging.getLogger(__name__)


class Batch:
    """The calls of one transaction, by what its notifications did: new, changed, ended, no longer missed."""

    def __init__(self, locked: list[Call]) -> None:
        self._calls = {call.graph_id_folded: call for call in locked}
        self._window = timedelta(seconds=settings.CALL_ANSWER_WINDOW_SECONDS)
        self.locked = {call.pk for call in locked}
        self.new: list[Call] = []
        self.changed: dict[str, Call] = {}
        self.ended: list[Call] = []
        self.withdrawn: list[Call] = []

    def apply(self, arrival: Arrival) -> str:
        """Apply one notification to its call, in memory; return the problem that prevented it, empty if none did."""
        notification = arrival.notification
        if notification.subject is not Subject.CALL:
            return "" if notification.graph_id_folded else "It names no call."
        if not notification.graph_id_folded:
            return "Its call id cannot be stored."
        call = self._calls.get(notification.graph_id_folded) or self._begin(arrival)
        if call.tenant_id != arrival.tenant_id:
            return f"The call belongs to tenant {call.tenant_id}."
        try:
            change = fold(call, notification.facts, arrival.received_at, self._window)
        except Exception as error:  # a bug of ours must not lose the notification: the row stays for `reapply`
            logger.exception("A notification about call %s could not be applied.", call.graph_id)
            return f"A fault of ours: {type(error).__name__}"
        self._collect(call, change, arrival.received_at)
        return ""

    def pk_of(self, arrival: Arrival) -> int | None:
        """Return the primary key of an arrival's call, None if there is no such call."""
        call = self._calls.get(arrival.notification.graph_id_folded)
        return call.pk if call else None

    def _begin(self, arrival: Arrival) -> Call:
        call = Call(
            graph_id_folded=arrival.notification.graph_id_folded,
            graph_id=arrival.notification.graph_id,
            tenant_id=arrival.tenant_id,
            received_at=arrival.received_at,
            updated_at=arrival.received_at,
        )
        self._calls[call.graph_id_folded] = call
        self.new.append(call)
        return call

    def _collect(self, call: Call, change: Change, received_at: datetime) -> None:
        # Once per batch: several notifications of one batch make one new version. New calls start at version 1.
        if change.changed and call.pk and call.graph_id_folded not in self.changed:
            call.become_newer(received_at)
            self.changed[call.graph_id_folded] = call
        if change.ended:
            self.ended.append(call)
        if change.missed_withdrawn:
            self.withdrawn.append(call)
