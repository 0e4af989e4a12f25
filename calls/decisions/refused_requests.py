"""Audit entries about requests that are refused before a decision: no permission, or a malformed request."""

import uuid
from collections.abc import Collection, Mapping

from django.db import transaction

from calls.audit import actions, chain
from calls.audit.actor import Actor
from calls.decisions.decision_request import DecisionRequest
from calls.models import Call


def record_refusal(
    action: str,
    requests: Collection[DecisionRequest],
    actor: Actor,
    details: Mapping[str, object],
    bulk_id: uuid.UUID | None = None,
    words: str = "",
    reason: str = "",
) -> None:
    """Append an entry for each known call of the requests, or one entry without a call when there is none.

    Raises django.db.DatabaseError.
    """
    with transaction.atomic():
        by_id = {request.public_id: request for request in requests}
        calls: list[Call | None] = [*Call.objects.filter(public_id__in=by_id)] or [None]
        for call in calls:
            merged = {**details, **by_id[call.public_id].details(call)} if call else details
            chain.append(action, actor=actor, call=call, reason=reason, words=words, details=merged, bulk_id=bulk_id)
    actions.action(action).count(len(calls))
