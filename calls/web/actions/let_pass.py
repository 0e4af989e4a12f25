"""`POST /calls/<key>/pass/`: somebody lets a call pass, for everybody."""

import uuid

from django.utils.translation import gettext as _

from calls.decisions import let_pass as letting_pass
from calls.decisions.decision_request import read_seen
from calls.runtime import runtime
from calls.timestamps import iso
from calls.web.actions.action import Asked, act, carry_out, click_on, read_json, record_refusal
from calls.web.actions.replies import Reply
from calls.web.stack.content_types import is_json


@act(then="board")
async def let_pass(asked: Asked, public_id: uuid.UUID) -> Reply:
    """Let the call pass: 200, also when somebody did before; 404; 409 decided already; 410 gone."""
    document = (read_json(asked.request) or {}) if is_json(asked.request) else {}
    click = click_on(asked, public_id, read_seen(document.get("seen")))
    if not asked.may_decide:
        await record_refusal(asked, "call.let_pass_not_allowed", [click])
        return Reply(403, "not_allowed", _("Your account may watch calls but not let them pass for others."))
    running = runtime.running()
    passed = await carry_out(
        letting_pass.let_pass(click, asked.actor, thread=running.threads.decisions, change_bus=running.change_bus)
    )
    message = _("Let pass: it is silent for everybody now, and can still be rejected.")
    if not passed.now:
        message = _("%(by)s had already let it pass.") % {"by": passed.by}
    facts = {"by": passed.by, "at": iso(passed.at), "call_key": str(passed.public_id), "graph_id": passed.graph_id}
    return Reply(200, "let_pass", message, facts)
