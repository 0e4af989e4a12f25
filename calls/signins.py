"""Sign-ins, failed sign-ins and sign-outs become audit entries.

The one place where Django's signals are listened to: `django.contrib.auth` tells of sign-ins in no other way.
"""

import ipaddress
import threading
import time
from collections import OrderedDict

from django.contrib.auth.models import AbstractBaseUser, User
from django.contrib.auth.signals import user_logged_in, user_logged_out, user_login_failed
from django.db import transaction
from django.dispatch import receiver
from django.http import HttpRequest

from calls import audit, roles

MAX_ADDRESSES = 10_000


def actor_of(user: AbstractBaseUser, request: HttpRequest | None = None) -> audit.Actor:
    """Return the signed-in person as an audit actor: the account's id, its name, and where the request came from."""
    return audit.Actor(id=str(user.pk), name=user.get_username()[:150], address=address_of(request))


def address_of(request: HttpRequest | None) -> str:
    """Return the address the request came from, empty when unknown."""
    return (request.META.get("REMOTE_ADDR") or "")[:64] if request else ""


@receiver(user_logged_in)
def record_sign_in(request: HttpRequest | None, user: User, **kwargs: object) -> None:
    """Append `account.signed_in`, after the failures from the same address that were only counted until now."""
    roles.admit(user)
    actor = actor_of(user, request)
    if held := _gate.release(actor.address):
        _append("account.sign_in_failed", audit.Actor(id="", name="", address=actor.address), attempts=held)
    _append("account.signed_in", actor)


@receiver(user_logged_out)
def record_sign_out(request: HttpRequest | None, user: AbstractBaseUser | None, **kwargs: object) -> None:
    """Append `account.signed_out` when somebody was signed in."""
    if user is not None:
        _append("account.signed_out", actor_of(user, request))


class FailureGate:
    """Lets one failed sign-in per address and minute become an entry, which carries the count of those before.

    The history cannot be deleted, so nobody outside may be able to flood it. One household or machine commands a whole
    IPv6 /64, so that counts as one address.
    """

    def __init__(self, seconds: float = 60.0) -> None:
        self._seconds = seconds
        self._lock = threading.Lock()
        self._windows: OrderedDict[str, tuple[float, int]] = OrderedDict()

    def admit(self, address: str) -> int | None:
        """Return how many failures an entry now stands for, or None when this one is only counted."""
        now, source = time.monotonic(), _network_of(address)
        with self._lock:
            opened, held = self._windows.pop(source, (None, 0))
            admitted = opened is None or now - opened >= self._seconds
            self._windows[source] = (now, 0) if opened is None or admitted else (opened, held + 1)
            while len(self._windows) > MAX_ADDRESSES:
                self._windows.popitem(last=False)
        return held + 1 if admitted else None

    def release(self, address: str) -> int:
        """Return how many failures of this address no entry stands for yet, and forget them."""
        source = _network_of(address)
        with self._lock:
            opened, held = self._windows.get(source, (0.0, 0))
            if held:
                self._windows[source] = (opened, 0)
        return held


def _network_of(address: str) -> str:
    try:
        parsed = ipaddress.ip_address(address.partition("%")[0])
    except ValueError:
        return address
    if isinstance(parsed, ipaddress.IPv6Address) and not parsed.ipv4_mapped:
        return str(ipaddress.ip_network((parsed, 64), strict=False))
    return str(getattr(parsed, "ipv4_mapped", None) or parsed)


_gate = FailureGate()


@receiver(user_login_failed)
def record_failed_sign_in(credentials: dict[str, str], request: HttpRequest | None = None, **kwargs: object) -> None:
    """Append `account.sign_in_failed`, at most one per address and minute."""
    address = address_of(request)
    attempts = _gate.admit(address)
    if attempts is not None:
        name = str(credentials.get("username", ""))
        _append("account.sign_in_failed", audit.Actor(id="", name=name, address=address), attempts=attempts)


def _append(action: str, actor: audit.Actor, **details: object) -> None:
    with transaction.atomic():
        audit.append(action, actor=actor, details=details)
