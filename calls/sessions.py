"""Sessions in the database, as Django keeps them; a cookie that no session can have is no session."""

from typing import Any

from django.contrib.sessions.backends import db
from django.contrib.sessions.base_session import AbstractBaseSession
from django.utils import timezone

from calls.rows import Statement, reading, run


def row_of(key: str) -> Statement:
    """Return the statement that reads the session with this key."""
    return reading(SessionStore.get_model_class(), "session_key = %s", [key])


class SessionStore(db.SessionStore):
    """Looks up letters and digits only: PostgreSQL refuses to compare with what it cannot store, which is a fault."""

    def _validate_session_key(self, key: Any) -> bool:
        return isinstance(key, str) and len(key) >= 8 and key.isascii() and key.isalnum()

    def _get_session_from_db(self) -> AbstractBaseSession | None:
        """Return the session unless it is over, without composing a query: a click waits for this."""
        for session in run(row_of(self.session_key or ""))[0]:
            if session.expire_date > timezone.now():
                return session
        self._session_key = None
        return None
