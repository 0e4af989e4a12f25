"""Sessions in the database, as Django keeps them; a cookie that no session can have is no session."""

from typing import Any

from django.contrib.sessions.backends import db


class SessionStore(db.SessionStore):
    """Looks up letters and digits only: PostgreSQL refuses to compare with what it cannot store, which is a fault."""

    def _validate_session_key(self, key: Any) -> bool:
        return isinstance(key, str) and len(key) >= 8 and key.isascii() and key.isalnum()
