"""`manage.py simulator`: run a Graph simulator in the foreground, or play a scenario in a running one."""

import argparse
import signal
import threading
from pathlib import Path
from types import FrameType
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from calls.simulator import SCENARIOS, Simulator, control
from calls.simulator.callers import RHYTHMS, Callers

PACE_SECONDS = 2.0


class Command(BaseCommand):
    """Runs a simulator until Ctrl-C, or plays a scenario in a running one."""

    help = "Play Microsoft Graph, the identity service and callers on this machine. For training and tests only."
    requires_system_checks: list[str] = []  # a dashboard that has no settings yet needs a simulator

    def add_arguments(self, parser: argparse.ArgumentParser) -> None:
        """Declare the options."""
        parser.add_argument(
            "action",
            nargs="?",
            choices=("run", "play"),
            default="run",
            help="run a simulator, or play in a running one",
        )
        parser.add_argument("scenario", nargs="?", help="what to play; see --list")
        parser.add_argument("--list", action="store_true", help="list the scenarios and end")
        parser.add_argument("--port", type=int, default=8443, help="port of the simulator (default 8443)")
        parser.add_argument(
            "--webhook",
            default=f"http://127.0.0.1:{settings.PORT}/api/calls",
            help="where notifications are posted (default: the dashboard on this machine)",
        )
        parser.add_argument("--rhythm", choices=(*RHYTHMS, "off"), default="calm", help="how often somebody calls")
        parser.add_argument("--directory", type=Path, default=settings.VAR_DIR / "simulator", help="keys and address")
        parser.add_argument("--pace", type=float, default=PACE_SECONDS, help="play: seconds between two acts")

    def handle(self, *args: Any, **options: Any) -> None:
        """List the scenarios, play one, or run a simulator."""
        if options["list"]:
            for scenario in SCENARIOS.values():
                self.stdout.write(f"{scenario.name:<18}{scenario.story}")
        elif options["action"] == "play":
            self._play(options["directory"], options["scenario"], options["pace"])
        else:
            self._run(options)

    def _play(self, directory: Path, name: str | None, pace: float) -> None:
        if name not in SCENARIOS:
            raise CommandError(f"There is no scenario {name!r}. Choose one of: {', '.join(SCENARIOS)}.")
        try:
            self.stdout.write(control.play(directory, name, pace))
        except (control.NotRunning, control.Refused) as error:
            raise CommandError(f"{error} Start one with: python manage.py simulator") from error

    def _run(self, options: dict[str, Any]) -> None:
        stop = threading.Event()
        _on_signals(stop)
        try:
            simulator = Simulator(
                options["directory"], options["webhook"], options["port"], settings.CALL_ANSWER_WINDOW_SECONDS
            )
        except OSError as error:
            raise CommandError(
                f"Port {options['port']} cannot be used: {error.strerror}. Choose another one with --port."
            ) from error
        with simulator:
            self._say_how_to_use_it(simulator)
            callers = None if options["rhythm"] == "off" else Callers(simulator, options["rhythm"])
            if callers:
                callers.start()
            stop.wait()
            if callers:
                callers.stop()
        self.stdout.write("Stopped. Keys are kept for the next time.")

    def _say_how_to_use_it(self, simulator: Simulator) -> None:
        lines = "\n".join(f"{name}={value}" for name, value in simulator.settings.items())
        self.stdout.write(
            f"The Graph simulator answers at {simulator.url} and posts to {simulator.webhook_url}\n"
            f"For the dashboard's .env:\n\n{lines}\n\n"
            "Play a scenario from another terminal: python manage.py simulator play NAME. Ctrl-C stops it."
        )
        self.stdout.flush()


def _on_signals(stop: threading.Event) -> None:
    def note(number: int, frame: FrameType | None) -> None:
        stop.set()

    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, note)
