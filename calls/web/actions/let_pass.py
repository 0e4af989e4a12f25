"""`POST /calls/<key>/pass/`: let a call pass."""

import uuid

from django.utils.translation import gettext as _

from calls.decisions.decision_request import read_seen
from calls.decisions.let_pass import let_call_pass
from calls.runtime import runtime
from calls.timestamps import iso
from calls.web.actions.action import action_view, decision_request, record_refusal, run_to_completion
from calls.web.actions.replies import Reply
from calls.web.actions.request_user import ActionRequest
from calls.web.stack.content_types import is_json, read_json


@action_view(then="board")
async def let_pass(request: ActionRequest, public_id: uuid.UUID) -> Reply:
    """Let the call pass: 200, also when it already was; 403; 404; 409 already decided; 410 gone; 503 not recorded."""
    document = (read_json(request.http_request) or {}) if is_json(request.http_request) else {}
    decision = decision_request(request, public_id, read_seen(document.get("seen")))
    if not request.may_decide:
        await record_refusal(request, "call.let_pass_not_allowed", [decision])
        return Reply(403, "not_allowed", _("Your account may watch calls but not let them pass for others."))
    running = runtime.running()
    result = await run_to_completion(
        let_call_pass(decision, request.actor, thread=running.threads.decisions, change_bus=running.change_bus)
    )
    message = _("Let pass: it is silent for everybody now, and can still be rejected.")
    if not result.newly:
        message = _("%(by)s had already let it pass.") % {"by": result.by}
    facts = {"by": result.by, "at": iso(result.at), "call_key": str(result.public_id), "graph_id": result.graph_id}
    return Reply(200, "let_pass", message, facts)
