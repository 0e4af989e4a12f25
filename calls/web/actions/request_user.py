"""The user of an action request: account, permission and audit actor."""

from dataclasses import dataclass
from datetime import datetime

from django.contrib.auth.models import User
from django.http import HttpRequest

from calls.accounts import roles
from calls.accounts.login_audit import actor_of
from calls.audit.actor import Actor
from calls.runtime import runtime


@dataclass(frozen=True, slots=True)
class ActionRequest:
    """A signed-in user's request for an action on calls, with the user's permission to decide at that time."""

    http_request: HttpRequest
    user: User
    may_decide: bool
    actor: Actor
    received_at: datetime


async def load_action_request(http_request: HttpRequest, received_at: datetime) -> ActionRequest | None:
    """Load the session, user and permissions of the request; return None when nobody is signed in.

    Raises django.db.DatabaseError.
    """
    # Runs in the decisions thread: its open connection saves connecting, and none is held while Graph is asked.
    return await runtime.running().threads.decisions.run(_load, http_request, received_at)


def _load(http_request: HttpRequest, received_at: datetime) -> ActionRequest | None:
    user = http_request.user
    if not user.is_authenticated:
        return None
    return ActionRequest(http_request, user, user.has_perm(roles.REJECT), actor_of(user, http_request), received_at)
