"""Generates calls at random intervals, some at the same moment, with random behaviours."""

import random
import threading
from collections.abc import Callable
from functools import partial

from calls.simulator import behaviours
from calls.simulator.behaviours import Behaviour
from calls.simulator.people import EVERYBODY, Person
from calls.simulator.simulator import Simulator

RHYTHMS = {"busy": 9.0, "calm": 40.0}  # seconds between two arrivals, on average
AT_ONCE = (1, 1, 1, 1, 2, 2, 3)
MODALITIES = (("audio",), ("audio",), ("audio", "video"), ("audio", "video", "videoBasedScreenSharing"))
STORIES = ("policy-recording", "re-offer", "group-invite", "transfer-ok", "transfer-failed")
SHARE_OF_STORIES = 0.08
PACE_SECONDS = 2.5


class Callers:
    """Places calls until stopped, in a thread of its own. The same seed gives the same calls."""

    def __init__(self, simulator: Simulator, rhythm: str = "busy", seed: int | None = None) -> None:
        self._simulator = simulator
        self._gap = RHYTHMS[rhythm]
        self._chance = random.Random(seed)
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._ring_on, name="callers", daemon=True)

    def start(self) -> None:
        """Begin; the first call comes at once."""
        self._thread.start()

    def stop(self) -> None:
        """Place no more calls; those that ring continue."""
        self._stopping.set()
        self._thread.join()

    def _ring_on(self) -> None:
        while not self._stopping.is_set():
            for number in range(self._chance.choice(AT_ONCE)):
                self._simulator.timetable.after(number * 0.3, self.next_arrival())
            self._stopping.wait(self.pause())

    def pause(self) -> float:
        """Return the seconds until the next call: random, between a quarter and three times the average gap."""
        return min(max(self._chance.expovariate(1 / self._gap), self._gap / 4), self._gap * 3)

    def next_arrival(self) -> Callable[[], object]:
        """Return a function that places the next call: mostly one person, sometimes a scenario."""
        if self._chance.random() < SHARE_OF_STORIES:
            return partial(self._simulator.play, self._chance.choice(STORIES), pace=PACE_SECONDS)
        person = self._chance.choice(EVERYBODY)
        return partial(
            self._simulator.ring,
            person.name,
            kind=person.kind,
            caller_id=person.identifier,
            behaviour=self._behaviour(),
            modalities=_modalities(person, self._chance),
        )

    def _behaviour(self) -> Behaviour:
        window = self._simulator.answer_window
        early = self._chance.uniform(0.2, 0.7) * window
        kind = self._chance.random()
        if kind < 0.5:
            return behaviours.LEFT_RINGING
        if kind < 0.7:
            return behaviours.hanging_up(early)
        if kind < 0.95:
            return behaviours.answered(early, talks_for=self._chance.uniform(15, 90))
        return behaviours.transferred(early, after=self._chance.uniform(10, 30))


def _modalities(person: Person, chance: random.Random) -> tuple[str, ...]:
    return ("audio",) if person.kind == "phone" else chance.choice(MODALITIES)
