"""Sessions in the database, as Django keeps them; a cookie that no session can have is no session."""

from typing import Any

from django.contrib.sessions.backends import db


class SessionStore(db.SessionStore):
    """Looks up keys of ASCII letters and digits only, as Django makes them.

    PostgreSQL cannot compare text with a NUL, and a cookie may hold one: without this, that is answered 500.
    """

    def _validate_session_key(self, key: Any) -> bool:
        return isinstance(key, str) and len(key) >= 8 and key.isascii() and key.isalnum()
