"""Who acts, as text in an audit entry."""

import getpass
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Actor:
    """Who acts: a person's account as text, or the dashboard itself."""

    id: str
    name: str
    address: str = ""


SYSTEM = Actor(id="system", name="Calls Dashboard")


def shell_user() -> Actor:
    """Return whoever runs a command on the dashboard's machine, by the name of their account there."""
    try:
        name = getpass.getuser()
    except (OSError, KeyError):  # an account without a name
        name = ""
    return Actor(id="shell", name=name)
