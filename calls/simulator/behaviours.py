"""What a simulated call does by itself: ring until the window ends, hang up, be answered or transferred."""

from collections.abc import Callable
from dataclasses import dataclass

from calls.simulator.calls import SimulatedCall

Later = Callable[[float, Callable[[], object]], object]


@dataclass(frozen=True, slots=True)
class Behaviour:
    """What happens to a call that is not rejected; seconds count from its first notification."""

    lapses: bool = False
    hangs_up_after: float | None = None
    answered_after: float | None = None
    transferred_after: float | None = None
    over_after: float | None = None

    def begin(self, call: SimulatedCall, later: Later) -> None:
        """Schedule the call's steps with `later(seconds, step)`."""
        acts = (
            (call.window if self.lapses else None, call.expire),
            (self.hangs_up_after, call.give_up),
            (self.answered_after, call.answer),
            (self.transferred_after, call.transfer),
            (self.over_after, call.hang_up),
        )
        for seconds, act in acts:
            if seconds is not None:
                later(seconds, act)


STILL = Behaviour()
LEFT_RINGING = Behaviour(lapses=True)


def hanging_up(after: float) -> Behaviour:
    """Return the behaviour of a caller who hangs up after `after` seconds."""
    return Behaviour(lapses=True, hangs_up_after=after)


def answered(after: float, *, talks_for: float) -> Behaviour:
    """Return the behaviour of a call answered after `after` seconds that then lasts `talks_for` seconds."""
    return Behaviour(lapses=True, answered_after=after, over_after=after + talks_for)


def transferred(answered_after: float, *, after: float) -> Behaviour:
    """Return the behaviour of a call transferred away `after` seconds after it was answered."""
    return Behaviour(lapses=True, answered_after=answered_after, transferred_after=answered_after + after)
