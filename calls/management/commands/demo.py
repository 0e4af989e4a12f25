"""`manage.py demo`: run database, accounts, simulator with callers, and dashboard on this machine."""

import argparse
import json
import os
import secrets
import signal
import socket
import subprocess
import sys
import threading
import time
from pathlib import Path
from types import FrameType
from typing import Any
from urllib.request import ProxyHandler, build_opener

from django.conf import settings
from django.contrib.auth.models import User
from django.core.management import call_command
from django.core.management.base import BaseCommand, CommandError

from calls.accounts import roles
from calls.simulator import Simulator
from calls.simulator.callers import RHYTHMS, Callers

START_SECONDS = 60.0
STOP_SECONDS = 15.0
LOOPBACK = "127.0.0.1"
DIRECTLY = build_opener(ProxyHandler({}))  # without the environment's proxy: both processes are local
# Settings of an `.env` for the real Graph that the simulator does not work with.
UNSET = {
    "GRAPH_TENANTS": "",
    "GRAPH_CLIENT_CERTIFICATE": "",
    "GRAPH_CALLS_PATH": "/communications/calls",
    "GRAPH_CALLBACK_URI": "",
    "GRAPH_CALLBACK_ISSUERS": "https://api.botframework.com",
    "GRAPH_TENANT_MISMATCH": "refuse",
}
ACCOUNTS = {
    "supervisor": (roles.SUPERVISORS,),
    "viewer": (roles.VIEWERS,),
    "auditor": (roles.AUDITORS,),
    "admin": (),
}
WHAT_FOR = {
    "supervisor": "sees calls and rejects them",
    "viewer": "sees calls",
    "auditor": "reads the audit history in /admin/",
    "admin": "manages accounts in /admin/",
}


class Command(BaseCommand):
    """Runs simulator and dashboard until Ctrl-C. Run again, it keeps its data, accounts and passwords."""

    help = "Run the dashboard with a Graph simulator and callers, complete with accounts. For trying it out only."
    requires_system_checks: list[str] = []  # the dashboard checks them itself, with the simulator's settings

    def add_arguments(self, parser: argparse.ArgumentParser) -> None:
        """Declare the options."""
        parser.add_argument("--simulator-port", type=int, default=int(os.environ.get("SIMULATOR_PORT", "8443")))
        parser.add_argument("--rhythm", choices=tuple(RHYTHMS), default="busy", help="how often somebody calls")
        parser.add_argument("--directory", type=Path, default=settings.VAR_DIR, help="where accounts and keys are kept")

    def handle(self, *args: Any, **options: Any) -> None:
        """Start everything, print how to use it, and stop it in the end."""
        stop = threading.Event()
        _on_signals(stop)
        _refuse_busy_port(settings.HOST, settings.PORT, "PORT")
        _refuse_busy_port(LOOPBACK, options["simulator_port"], "SIMULATOR_PORT")
        self.stdout.write("Preparing the database and the static files …")
        self.stdout.flush()
        call_command("migrate", verbosity=0)
        call_command("collectstatic", verbosity=0, interactive=False)
        passwords = make_accounts(options["directory"] / "demo_accounts.json")
        with _simulator(options["directory"] / "simulator", options["simulator_port"]) as simulator:
            dashboard = _start_dashboard(simulator)
            try:
                if _wait_until_it_answers(dashboard, stop):
                    self._say_how_to_use_it(simulator, passwords)
                    _let_people_call(simulator, options["rhythm"], dashboard, stop)
            finally:
                _stop_dashboard(dashboard)
        self.stdout.write("Stopped. The data is kept for the next time.")

    def _say_how_to_use_it(self, simulator: Simulator, passwords: dict[str, str]) -> None:
        accounts = "\n".join(
            f"    {name:<12}{passwords.get(name, '(unchanged)'):<20}{WHAT_FOR[name]}" for name in ACCOUNTS
        )
        self.stdout.write(
            f"\nCalls Dashboard is ready at {settings.PUBLIC_URL}/\n\n"
            f"    {'account':<12}{'password':<20}\n{accounts}\n\n"
            f"The Graph simulator at {simulator.url} lets people call the bot; reject them on the board.\n"
            "Ctrl-C stops everything and keeps the data.\n"
        )
        self.stdout.flush()


def make_accounts(kept_at: Path) -> dict[str, str]:
    """Create the demo's accounts and return their passwords, which are made once and kept.

    An account of the same name that the demo did not make is left alone.
    """
    passwords: dict[str, str] = json.loads(kept_at.read_text()) if kept_at.exists() else {}
    for name, groups in ACCOUNTS.items():
        user = User.objects.filter(username=name).first()
        if user is not None and name not in passwords:
            continue
        passwords.setdefault(name, secrets.token_urlsafe(9))
        _equip(user or User(username=name), passwords[name], groups)
    kept_at.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    kept_at.touch(mode=0o600)
    kept_at.write_text(json.dumps(passwords, indent=2) + "\n")
    return passwords


def _equip(user: User, password: str, groups: tuple[str, ...]) -> None:
    user.is_superuser = user.username == "admin"
    if not user.check_password(password):
        user.set_password(password)
    user.save()
    roles.assign(user, *groups)


def _simulator(directory: Path, port: int) -> Simulator:
    webhook_url = f"http://{_local_host()}:{settings.PORT}/api/calls"
    try:
        return Simulator(directory, webhook_url, port, settings.CALL_ANSWER_WINDOW_SECONDS)
    except OSError as error:
        raise CommandError(f"The simulator cannot use port {port} ({error.strerror}). Set SIMULATOR_PORT.") from error


def _let_people_call(
    simulator: Simulator, rhythm: str, dashboard: subprocess.Popen[bytes], stop: threading.Event
) -> None:
    callers = Callers(simulator, rhythm)
    callers.start()
    try:
        while not stop.wait(0.2):
            if dashboard.poll() is not None:
                raise CommandError(f"The dashboard ended by itself with code {dashboard.returncode}; see above.")
    finally:
        callers.stop()


def _local_host() -> str:
    """Return the name under which this machine reaches the dashboard."""
    return LOOPBACK if settings.HOST in ("", "0.0.0.0", "::") else settings.HOST


def _refuse_busy_port(host: str, port: int, name: str) -> None:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError as error:
            raise CommandError(
                f"Port {port} is in use by another program. Stop that one, or choose another port: "
                f"{name}={port + 1} make demo"
            ) from error


def _on_signals(stop: threading.Event) -> None:
    def note(number: int, frame: FrameType | None) -> None:
        stop.set()

    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, note)


def _start_dashboard(simulator: Simulator) -> subprocess.Popen[bytes]:
    environment = {**os.environ, **UNSET, **simulator.settings}
    return subprocess.Popen([sys.executable, "manage.py", "serve"], cwd=settings.BASE_DIR, env=environment)


def _wait_until_it_answers(dashboard: subprocess.Popen[bytes], stop: threading.Event) -> bool:
    """Return True when the dashboard answers, False when `stop` is set before that."""
    deadline = time.monotonic() + START_SECONDS
    while not _answers():
        if stop.wait(0.1):
            return False
        if dashboard.poll() is not None or time.monotonic() > deadline:
            raise CommandError("The dashboard did not start; see above.")
    return True


def _answers() -> bool:
    try:
        with DIRECTLY.open(f"http://{_local_host()}:{settings.PORT}/healthz", timeout=2) as answer:
            return bool(answer.status == 200)
    except OSError:
        return False


def _stop_dashboard(dashboard: subprocess.Popen[bytes]) -> None:
    if dashboard.poll() is None:
        dashboard.terminate()
    try:
        dashboard.wait(STOP_SECONDS)
    except subprocess.TimeoutExpired:
        dashboard.kill()
        dashboard.wait()
