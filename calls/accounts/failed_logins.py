"""Failed sign-ins, counted per address and minute until an audit entry stands for them."""

import ipaddress
import threading
import time
from collections import OrderedDict

from django.db import DatabaseError, transaction

from calls.audit import chain
from calls.audit.actor import Actor

MAX_ADDRESSES = 10_000


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

    def expired(self) -> dict[str, int]:
        """Return how many failures no entry stands for, by address, where a minute has passed; and forget them."""
        now = time.monotonic()
        with self._lock:
            over = {source: held for source, (opened, held) in self._windows.items() if now - opened >= self._seconds}
            for source in over:
                del self._windows[source]
        return {source: held for source, held in over.items() if held}

    def put_back(self, counts: dict[str, int]) -> None:
        """Take counts that could not be recorded, for the next time."""
        with self._lock:
            for source, held in counts.items():
                opened, since = self._windows.get(source, (float("-inf"), 0))
                self._windows[source] = (opened, since + held)


def _network_of(address: str) -> str:
    try:
        parsed = ipaddress.ip_address(address.partition("%")[0])
    except ValueError:
        return address
    if isinstance(parsed, ipaddress.IPv6Address) and not parsed.ipv4_mapped:
        return str(ipaddress.ip_network((parsed, 64), strict=False))
    return str(getattr(parsed, "ipv4_mapped", None) or parsed)


GATE = FailureGate()


def record_expired(gate: FailureGate = GATE) -> int:
    """Append an entry for each address whose failures were only counted for a minute; return how many entries.

    Raises django.db.DatabaseError, and then counts on.
    """
    counts = gate.expired()
    try:
        with transaction.atomic():
            for address, held in counts.items():
                actor = Actor(id="", name="", address=address[:64])
                chain.append("account.sign_in_failed", actor=actor, details={"attempts": held})
    except DatabaseError:
        gate.put_back(counts)
        raise
    return len(counts)
