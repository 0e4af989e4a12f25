"""How a call goes on by itself: left ringing, given up by its caller, or answered by the bot and talked through."""

from collections.abc import Callable
from dataclasses import dataclass

from calls.simulator.calls import SimulatedCall

Later = Callable[[float, Callable[[], object]], object]


@dataclass(frozen=True, slots=True)
class Behaviour:
    """What happens to a call unless somebody decides first; seconds count from its first notification."""

    lapses: bool = False
    hangs_up_after: float | None = None
    answered_after: float | None = None
    transferred_after: float | None = None
    over_after: float | None = None

    def begin(self, call: SimulatedCall, later: Later) -> None:
        """Put what the call will do on the timetable."""
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
    """Return the behaviour of a caller who loses patience after so many seconds."""
    return Behaviour(lapses=True, hangs_up_after=after)


def answered(after: float, *, talks_for: float) -> Behaviour:
    """Return the behaviour of a call which the bot answers after so many seconds, and which lasts some more."""
    return Behaviour(lapses=True, answered_after=after, over_after=after + talks_for)


def transferred(answered_after: float, *, after: float) -> Behaviour:
    """Return the behaviour of a call which is answered and then leaves the bot for somebody else."""
    return Behaviour(lapses=True, answered_after=answered_after, transferred_after=answered_after + after)
