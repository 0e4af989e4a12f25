"""The one application of the project."""

from django.apps import AppConfig
from django.core.signals import request_started
from django.db import close_old_connections, reset_queries
from django.utils.translation import gettext_lazy as _


class CallsConfig(AppConfig):
    """Registers the system checks and the recorder of sign-ins; starts nothing (it also runs in `migrate`)."""

    name = "calls"
    verbose_name = _("Calls")

    def ready(self) -> None:
        """Import the modules whose decorators register something with Django, and take two of its own out of the way.

        Every request has a new thread for what must not run in the event loop, and a new thread has no old connections
        and no queries on record; making one only to find that out is what a click would wait for.
        """
        for receiver in (close_old_connections, reset_queries):
            request_started.disconnect(receiver)
        from calls import checks, signins  # noqa: F401  (importing them registers them; apps are loaded only now)
