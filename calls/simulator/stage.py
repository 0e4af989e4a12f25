"""What scenarios are made of: the stage they play on, and the collections that hold them by name."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from calls.simulator import behaviours
from calls.simulator.behaviours import Behaviour
from calls.simulator.calls import SimulatedCall
from calls.simulator.service import Service


@dataclass(slots=True)
class Stage:
    """What a scenario plays on: the simulator, the calls made so far, and the seconds between two steps."""

    simulator: Service
    pace: float = 0.0
    calls: list[SimulatedCall] = field(default_factory=list)

    def ring(
        self, caller: str, *, behaviour: Behaviour = behaviours.LEFT_RINGING, silent: bool = False, **about: Any
    ) -> SimulatedCall:
        """Make a call and return it; with `silent` its first notification is not sent yet."""
        call = self.simulator.prepare(caller, **about)
        self.calls.append(call)
        behaviour.begin(call, self.simulator.timetable.after)
        if not silent:
            call.ring()
        return call

    def pause(self) -> None:
        """Wait `pace` seconds, or less when the simulator stops."""
        self.simulator.stopping.wait(self.pace)


@dataclass(frozen=True, slots=True)
class Scenario:
    """A named sequence of steps, and one sentence that describes it."""

    name: str
    story: str
    play: Callable[[Stage], None]


class Scenarios(dict[str, Scenario]):
    """Scenarios by name, in the order in which they are listed."""

    def add(self, name: str) -> Callable[[Callable[[Stage], None]], Callable[[Stage], None]]:
        """Add the decorated function as the scenario `name`; its docstring describes it."""

        def enlist(play: Callable[[Stage], None]) -> Callable[[Stage], None]:
            self[name] = Scenario(name, (play.__doc__ or "").strip(), play)
            return play

        return enlist
