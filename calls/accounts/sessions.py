"""Django's database sessions, with a stricter check of the session key."""

from typing import Any

from django.contrib.sessions.backends import db


class SessionStore(db.SessionStore):
    """Accepts only keys of ASCII letters and digits, the alphabet of Django's own keys."""

    # A cookie may contain NUL, which PostgreSQL refuses in a parameter: the lookup would end in a 500.
    def _validate_session_key(self, key: Any) -> bool:
        return isinstance(key, str) and len(key) >= 8 and key.isascii() and key.isalnum()
