"""Limits audit entries about failed sign-ins to one per address and minute; the rest are counted."""

import ipaddress
import threading
import time
from collections import OrderedDict

from django.db import DatabaseError, transaction

from calls.audit import chain
from calls.audit.actor import Actor

MAX_ADDRESSES = 10_000  # then the least recently used address is forgotten


class FailedLoginCounter:
    """Counts failed sign-ins per address and decides which of them get an audit entry. Thread-safe, in memory.

    Audit entries cannot be deleted, so an outsider must not be able to create them without limit.
    """

    def __init__(self, seconds: float = 60.0) -> None:
        self._seconds = seconds
        self._lock = threading.Lock()
        self._windows: OrderedDict[str, tuple[float, int]] = OrderedDict()  # when each began, failures without entry

    def count(self, address: str) -> int | None:
        """Count a failure; return how many failures to record now, or None when no entry is due yet."""
        now, source = time.monotonic(), _network_of(address)
        with self._lock:
            opened, pending = self._windows.pop(source, (None, 0))
            due = opened is None or now - opened >= self._seconds
            self._windows[source] = (now, 0) if opened is None or due else (opened, pending + 1)
            while len(self._windows) > MAX_ADDRESSES:
                self._windows.popitem(last=False)
        return pending + 1 if due else None

    def take_pending(self, address: str) -> int:
        """Return how many failures of this address have no entry yet, and reset the count."""
        source = _network_of(address)
        with self._lock:
            opened, pending = self._windows.get(source, (0.0, 0))
            if pending:
                self._windows[source] = (opened, 0)
        return pending

    def take_expired(self) -> dict[str, int]:
        """Remove the addresses whose minute is over; return the failures without an entry by address."""
        now = time.monotonic()
        with self._lock:
            over = {source: held for source, (opened, held) in self._windows.items() if now - opened >= self._seconds}
            for source in over:
                del self._windows[source]
        return {source: held for source, held in over.items() if held}

    def restore(self, counts: dict[str, int]) -> None:
        """Add counts back that `take_expired` returned and that could not be recorded."""
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
        # A household or a rented machine has a whole /64, so counting single addresses would limit nothing.
        return str(ipaddress.ip_network((parsed, 64), strict=False))
    return str(getattr(parsed, "ipv4_mapped", None) or parsed)


COUNTER = FailedLoginCounter()


def record_expired(counter: FailedLoginCounter = COUNTER) -> int:
    """Append one entry for each address with unrecorded failures whose minute is over; return how many entries.

    Raises django.db.DatabaseError; the counts are kept then.
    """
    counts = counter.take_expired()
    try:
        with transaction.atomic():
            for address, held in counts.items():
                actor = Actor(id="", name="", address=address[:64])
                chain.append("account.sign_in_failed", actor=actor, details={"attempts": held})
    except DatabaseError:
        counter.restore(counts)
        raise
    return len(counts)
