"""Faults of Graph and the identity service, set in advance."""

import threading
from dataclasses import dataclass, field
from typing import Literal

from calls.simulator.calls import fold

Shape = Literal["plain", "wrapped", "odata"]


@dataclass(slots=True)
class RejectFault:
    """How reject requests are answered for a while; a status in the 200s lets the reject happen after the delay."""

    status: int = 503
    code: str = ""
    message: str = "Simulated fault."
    shape: Shape = "plain"
    retry_after: float | None = None
    delay: float = 0.0
    drop: Literal["", "before", "after"] = ""
    times: int | None = None
    call_id: str = ""


@dataclass(slots=True)
class ServiceFault:
    """How another service answers for a while: a status instead of its answer, or its answer late."""

    status: int = 0
    delay: float = 0.0
    times: int | None = None


@dataclass(slots=True)
class Faults:
    """The faults that are set. Safe to change from any thread."""

    _rejects: list[RejectFault] = field(default_factory=list)
    token_service: ServiceFault = field(default_factory=ServiceFault)
    key_service: ServiceFault = field(default_factory=ServiceFault)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def reject(
        self,
        *,
        status: int = 503,
        code: str = "",
        message: str = "Simulated fault.",
        shape: Shape = "plain",
        retry_after: float | None = None,
        delay: float = 0.0,
        times: int | None = None,
        call_id: str = "",
    ) -> None:
        """Answer the next `times` reject requests (all, without it) in this way; orders are worked off in turn.

        `call_id` limits the order to one call, `delay` is in seconds, and so is `retry_after`, which may be fractional.
        """
        with self._lock:
            self._rejects.append(
                RejectFault(status, code, message, shape, retry_after, delay, "", times, fold(call_id))
            )

    def drop_reject(
        self, *, before: bool = False, after: bool = False, times: int | None = None, call_id: str = ""
    ) -> None:
        """Cut the connection of reject requests, before acting on them or after."""
        drop: Literal["before", "after"] = "before" if before and not after else "after"
        with self._lock:
            self._rejects.append(RejectFault(drop=drop, times=times, call_id=fold(call_id)))

    def token(self, *, status: int = 503, delay: float = 0.0, times: int | None = None) -> None:
        """Have the identity service answer the next `times` token requests (all, without it) with this status.

        Status 0 and a delay in seconds only slow it.
        """
        self.token_service = ServiceFault(status, delay, times)

    def keys(self, *, down: bool = True, delay: float = 0.0, times: int | None = None) -> None:
        """Take the publication of the callback signing keys down, or slow it by so many seconds."""
        self.key_service = ServiceFault(503 if down else 0, delay, times)

    def clear(self) -> None:
        """Remove every fault."""
        with self._lock:
            self._rejects.clear()
        self.token_service, self.key_service = ServiceFault(), ServiceFault()

    def next_reject(self, call_id: str = "") -> RejectFault | None:
        """Return the fault for the reject request that has arrived, None when there is none."""
        with self._lock:
            fault = next((fault for fault in self._rejects if fault.call_id in ("", fold(call_id))), None)
            if fault and _is_used_up(fault):
                self._rejects.remove(fault)
            return fault

    def next_token(self) -> ServiceFault:
        """Return the fault for the token request that has arrived."""
        with self._lock:
            fault = self.token_service
            if _is_used_up(fault):
                self.token_service = ServiceFault()
            return fault

    def next_publication(self) -> ServiceFault:
        """Return the fault for the request for metadata or keys that has arrived."""
        with self._lock:
            fault = self.key_service
            if _is_used_up(fault):
                self.key_service = ServiceFault()
            return fault


def _is_used_up(fault: RejectFault | ServiceFault) -> bool:
    """Count one use; return whether it was the last."""
    if fault.times is None:
        return False
    fault.times -= 1
    return fault.times <= 0
