"""The actor of an audit entry, copied as text."""

import getpass
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Actor:
    """A person's account as text, or the dashboard itself."""

    id: str
    name: str
    address: str = ""


SYSTEM = Actor(id="system", name="Calls Dashboard")


def shell_user() -> Actor:
    """Return the operating system user who runs a management command."""
    try:
        name = getpass.getuser()
    except (OSError, KeyError):  # an account without a name
        name = ""
    return Actor(id="shell", name=name)
