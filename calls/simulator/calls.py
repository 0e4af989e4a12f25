"""One simulated call: its state, and the notifications it posts to the webhook."""

import threading
import time
import uuid
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from calls.graph.vocabulary import CallState
from calls.simulator import bodies

HUNG_UP = (200, 4521, "The other side ended the call. DiagCode: 0#4521.@")
CALL_ENDED = (200, 5003, "The call ended. DiagCode: 0#5003.@")
TRANSFERRED = (200, 7015, "The call was transferred. DiagCode: 0#7015.@")
NOT_ANSWERED = (408, 10057, "Nobody answered. DiagCode: 408#10057.@")
TRANSFER_FAILED = {"code": 500, "subcode": 7117, "message": "The transfer failed. DiagCode: 500#7117.@"}

RECORDING_WINDOW_SECONDS = 5.0  # https://learn.microsoft.com/graph/api/call-answer: policy-based recording

Deliver = Callable[["SimulatedCall", dict[str, Any], str], int]


def fold(call_id: str) -> str:
    """Return the id without hyphens and in lower case, since Graph spells one id in several ways."""
    return call_id.replace("-", "").lower()


@dataclass(slots=True)
class SimulatedCall:
    """A call to the bot. Every method posts what Graph would post, and may be called from any thread."""

    id: str
    era: bodies.Era
    source: dict[str, Any]
    target: dict[str, Any]
    chain_id: str
    tenant_id: str
    modalities: tuple[str, ...]
    deliver: Deliver
    answer_window: float = 15.0
    more: dict[str, Any] = field(default_factory=dict)
    state: str = CallState.INCOMING
    rejected: bool = False
    rang_at: float = field(default_factory=time.time)
    deliveries: list[int] = field(default_factory=list)
    _sent: list[tuple[dict[str, Any], str]] = field(default_factory=list)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    @property
    def is_over(self) -> bool:
        """Whether Graph answers 404 for the call: it has ended, or was rejected and is about to end."""
        return self.rejected or self.state == CallState.TERMINATED

    @property
    def rings(self) -> bool:
        """Whether it can still be answered or rejected."""
        return self.state == CallState.INCOMING and not self.rejected

    @property
    def is_recorded(self) -> bool:
        """Whether the bot is called to record somebody else's call."""
        return "observedParticipantId" in self.more.get("incomingContext", {})

    @property
    def window(self) -> float:
        """The seconds within which it must be answered or rejected."""
        return min(self.answer_window, RECORDING_WINDOW_SECONDS) if self.is_recorded else self.answer_window

    def entity(self) -> dict[str, Any]:
        """Return the call as `GET` shows it."""
        return {
            "@odata.type": bodies.CALL_TYPE,
            "id": self.id,
            "state": self.state,
            "direction": "incoming",
            "callChainId": self.chain_id,
            "tenantId": self.tenant_id,
            "source": self.source,
            "targets": [self.target],
            "requestedModalities": list(self.modalities),
            **self.more,
        }

    def incoming(self) -> dict[str, Any]:
        """Return the call's first notification."""
        return bodies.incoming(
            call_id=self.id,
            era=self.era,
            source=self.source,
            target=self.target,
            chain_id=self.chain_id,
            tenant_id=self.tenant_id,
            modalities=self.modalities,
            more=self.more,
        )

    def ring(self) -> None:
        """Post that the call rings."""
        self.post(self.incoming())

    def post(self, body: dict[str, Any], *, message_id: str | None = None) -> int:
        """Post a body about this call; return the status it was answered with, 0 when there was no answer."""
        sent = body, message_id or str(uuid.uuid4())
        status = self.deliver(self, *sent)
        self._sent.append(sent)
        self.deliveries.append(status)
        return status

    def repeat(self) -> int:
        """Post the last message once more, under the same message id."""
        body, message_id = self._sent[-1]
        return self.post(body, message_id=message_id)

    def say(self, state: str, **more: Any) -> int:
        """Set the state, without checking the one before, and post it."""
        self.state = state
        return self.post(bodies.state_change(self.id, self.era, state, **more))

    def reject(self) -> bool:
        """Reject the call; return False when it no longer rings."""
        with self._lock:
            if not self.rings:
                return False
            self.rejected = True
            return True

    def end_rejected(self) -> None:
        """Post the end that follows a reject, which has neither a state nor a result."""
        self.state = CallState.TERMINATED
        self.post(bodies.deleted(self.id, self.era))

    def answer(self) -> None:
        """Answer: post establishing, then established again with each detail that becomes known."""
        if not self._move(CallState.ESTABLISHING):
            return
        self.say(CallState.ESTABLISHING)
        self.say(CallState.ESTABLISHED)
        self.say(CallState.ESTABLISHED, mediaState={"audio": "active"})
        self.say(CallState.ESTABLISHED, chatInfo={"threadId": f"19:{self.chain_id}@unq.gbl.spaces", "messageId": "0"})
        self.roster()

    def roster(self, *others: dict[str, Any]) -> int:
        """Post the roster: the bot, the caller and any others."""
        return self.post(bodies.roster(self.id, self.era, [self.target, self.source, *others]))

    def give_up(self) -> None:
        """Hang up as the caller, if it still rings."""
        if self.rings:
            self._end(HUNG_UP)

    def vanish(self) -> None:
        """End the call at Graph without a notification."""
        self.state = CallState.TERMINATED

    def tell_end(self) -> None:
        """Post the end of a call that vanished."""
        self.post(bodies.deleted(self.id, self.era, HUNG_UP))

    def hang_up(self) -> None:
        """Hang up as the caller, answered or not."""
        self._end(HUNG_UP if self.state == CallState.INCOMING else CALL_ENDED)

    def expire(self) -> None:
        """End the call as not answered in time."""
        if self.rings:
            self._end(NOT_ANSWERED)

    def transfer(self, *, succeed: bool = True) -> None:
        """Transfer the answered call: it ends for the bot, or goes back to established when that fails."""
        if self.is_over or self.rings:
            return
        self.say(CallState.TRANSFERRING)
        if succeed:
            self.say(CallState.TRANSFER_ACCEPTED)
            self._end(TRANSFERRED)
        else:
            self.say(CallState.ESTABLISHED, resultInfo=TRANSFER_FAILED)

    def _move(self, state: CallState) -> bool:
        with self._lock:
            if not self.rings:
                return False
            self.state = state
            return True

    def _end(self, result: tuple[int, int, str]) -> None:
        with self._lock:
            if self.is_over:
                return
            self.state = CallState.TERMINATED
        self.post(bodies.deleted(self.id, self.era, result))
