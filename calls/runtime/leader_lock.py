"""The lock that lets one process of several run the background jobs."""

import logging

from django.db import connection
from django.db.backends.base.base import BaseDatabaseWrapper

logger = logging.getLogger(__name__)

ADVISORY_LOCK = 0x63616C6C73  # "calls" in ASCII
# PostgreSQL frees the lock of a process whose machine vanished within ten seconds, instead of its usual two hours.
FREE_WHEN_VANISHED = """SELECT set_config('tcp_keepalives_idle', '4', false),
    set_config('tcp_keepalives_interval', '2', false), set_config('tcp_keepalives_count', '3', false)"""


class LeaderLock:
    """A PostgreSQL advisory lock held by a session of its own, and released when that session ends."""

    def __init__(self) -> None:
        self._session: BaseDatabaseWrapper | None = None

    def acquire(self) -> bool:
        """Return whether this process holds the lock, after taking it if it was free; always True on SQLite."""
        if connection.vendor != "postgresql":
            return True
        if self._session is not None:
            if self._session.is_usable():
                return True
            logger.warning("The keeper lost its seat with the session that held it.")
            self.release()
        self._session = self._take()
        return self._session is not None

    def release(self) -> None:
        """Give the lock up, so that another process can take it at once; call it in the thread that acquired it."""
        if self._session is not None:
            self._session.close()
            self._session = None

    def _take(self) -> BaseDatabaseWrapper | None:
        session = connection.copy()
        session.settings_dict["OPTIONS"].pop("pool", None)  # a pooled session would carry the lock to its next user
        with session.cursor() as cursor:
            cursor.execute(FREE_WHEN_VANISHED)
            cursor.execute("SELECT pg_try_advisory_lock(%s)", [ADVISORY_LOCK])
            (taken,) = cursor.fetchone()
        if taken:
            logger.info("This process is the active keeper now.")
            return session
        session.close()
        return None
