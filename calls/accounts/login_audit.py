"""Audit entries for sign-ins, failed sign-ins and sign-outs: receivers of the signals of `django.contrib.auth`."""

from datetime import timedelta

from django.conf import settings
from django.contrib.auth.models import AbstractBaseUser, User
from django.contrib.auth.signals import user_logged_in, user_logged_out, user_login_failed
from django.db import transaction
from django.dispatch import receiver
from django.http import HttpRequest
from django.utils import timezone

from calls.accounts import failed_logins, roles
from calls.audit import chain
from calls.audit.actor import Actor


def actor_of(user: AbstractBaseUser, request: HttpRequest | None = None) -> Actor:
    """Return the user as an audit actor: the account's id and name, and the address of the request."""
    return Actor(id=str(user.pk), name=user.get_username()[:150], address=address_of(request))


def address_of(request: HttpRequest | None) -> str:
    """Return the client's address, at most 64 characters; empty when unknown."""
    return (request.META.get("REMOTE_ADDR") or "")[:64] if request else ""


@receiver(user_logged_in)
def record_sign_in(request: HttpRequest | None, user: User, **kwargs: object) -> None:
    """Append `account.signed_in`, after an entry for the unrecorded failures from the same address.

    Also fixes the end of the session: `SESSION_COOKIE_AGE` seconds from now.
    """
    roles.open_admin_site(user)
    if request is not None and hasattr(request, "session"):
        # An absolute time: a number of seconds would start again each time the session is saved.
        request.session.set_expiry(timezone.now() + timedelta(seconds=settings.SESSION_COOKIE_AGE))
    actor = actor_of(user, request)
    if held := failed_logins.COUNTER.take_pending(actor.address):
        _append("account.sign_in_failed", Actor(id="", name="", address=actor.address), attempts=held)
    _append("account.signed_in", actor)


@receiver(user_logged_out)
def record_sign_out(request: HttpRequest | None, user: AbstractBaseUser | None, **kwargs: object) -> None:
    """Append `account.signed_out`, unless nobody was signed in."""
    if user is not None:
        _append("account.signed_out", actor_of(user, request))


@receiver(user_login_failed)
def record_failed_sign_in(credentials: dict[str, str], request: HttpRequest | None = None, **kwargs: object) -> None:
    """Append `account.sign_in_failed`, at most once per address and minute."""
    address = address_of(request)
    attempts = failed_logins.COUNTER.count(address)
    if attempts is not None:
        name = str(credentials.get("username", ""))
        _append("account.sign_in_failed", Actor(id="", name=name, address=address), attempts=attempts)


def _append(action: str, actor: Actor, **details: object) -> None:
    with transaction.atomic():
        chain.append(action, actor=actor, details=details)
