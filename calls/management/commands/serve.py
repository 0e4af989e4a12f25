"""`manage.py serve`: the dashboard, configured by the environment alone."""

import argparse
import logging
import os
from typing import Any

from django.conf import settings
from django.core.management import call_command
from django.core.management.base import BaseCommand, CommandError
from django.db import InterfaceError, OperationalError

logger = logging.getLogger(__name__)


class Command(BaseCommand):
    """Serves pages, socket and webhook with daphne, and runs the runtime beside them."""

    help = "Serve the dashboard. HOST and PORT set the address; --migrate brings the database up to date first."

    def add_arguments(self, parser: argparse.ArgumentParser) -> None:
        """Declare the options."""
        parser.add_argument("--host", default=settings.HOST)
        parser.add_argument("--port", type=int, default=settings.PORT)
        parser.add_argument("--migrate", action="store_true", help="apply migrations and collect static files first")

    def handle(self, *args: Any, **options: Any) -> None:
        """Serve until told to stop."""
        if options["migrate"]:
            _migrate()
            call_command("collectstatic", verbosity=0, interactive=False)
        from calls.runtime.daphne_server import (
            Server,  # installs the event loop of the whole process, so no other command may import it
        )
        from callsdashboard.asgi import application

        server = Server(application, options["host"], options["port"])
        server.run()
        if server.problem:
            raise CommandError(server.problem)
        if server.is_stuck:
            logger.warning("A thread still waits for the database; the process ends without it.")
            logging.shutdown()
            os._exit(0)  # Python would wait for that thread until the database answers


def _migrate() -> None:
    try:
        call_command("migrate", verbosity=0)
    except (OperationalError, InterfaceError) as error:
        raise CommandError(
            f"The database that DATABASE_URL names cannot be used: {str(error).strip()} Start it, or name another."
        ) from error
