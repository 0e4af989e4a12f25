"""Makes signed-in people in the database of DATABASE_URL, and prints their session cookies as JSON by group.

python -m tools.bench.people Viewers Supervisors
"""

import json
import sys

import django

django.setup()

from django.conf import settings  # noqa: E402
from django.contrib.auth.models import Group, User  # noqa: E402
from django.test import Client  # noqa: E402

STAFF = {"Auditors"}  # whose pages are in the admin site


def session_of(group: str) -> str:
    """Return the session cookie of the group's one member, signed in a moment ago."""
    user, _ = User.objects.update_or_create(username=f"bench-{group.lower()}", defaults={"is_staff": group in STAFF})
    user.groups.set([Group.objects.get(name=group)])
    client = Client()
    client.force_login(user)
    return f"{settings.SESSION_COOKIE_NAME}={client.cookies[settings.SESSION_COOKIE_NAME].value}"


if __name__ == "__main__":
    print(json.dumps({group: session_of(group) for group in sys.argv[1:]}))
