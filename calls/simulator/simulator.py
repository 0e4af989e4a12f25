"""The simulator as tests, demo and training use it: the service, and the scenarios it can be asked to play."""

import secrets

from starlette.routing import Route

from calls.simulator import control
from calls.simulator.calls import SimulatedCall
from calls.simulator.scenarios import SCENARIOS
from calls.simulator.service import Service
from calls.simulator.stage import Stage


class Simulator(Service):
    """Graph and the identity service on this machine, started and stopped as a context manager."""

    _password: str

    def start(self) -> None:
        """Serve, in a thread, and return when requests are answered and other processes can find the simulator."""
        self._password = secrets.token_urlsafe(24)
        super().start()
        control.keep(self.directory, self.url, self.authority, self._password)

    def stop(self) -> None:
        """Stop serving; calls that still ring are left as they are."""
        control.drop(self.directory)
        super().stop()

    def play(self, name: str, *, pace: float = 0.0) -> list[SimulatedCall]:
        """Play a scenario with so many seconds between its acts; return its calls once it is played.

        Raises KeyError for an unknown name. A call that still rings then lapses by itself when its window closes.
        """
        stage = Stage(self, pace)
        SCENARIOS[name].play(stage)
        return stage.calls

    def _routes(self) -> list[Route]:
        return [*control.routes(self._password, self._begin), *super()._routes()]

    def _begin(self, name: str, pace: float) -> None:
        self.timetable.after(0, lambda: self.play(name, pace=pace))
