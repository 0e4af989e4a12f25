"""The one application of the project."""

from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class CallsConfig(AppConfig):
    """Registers the system checks and the recorder of sign-ins; starts nothing (it also runs in `migrate`)."""

    name = "calls"
    verbose_name = _("Calls")

    def ready(self) -> None:
        """Import the modules whose decorators register something with Django."""
        from calls import checks  # noqa: F401  (importing them registers them; apps are loaded only now)
