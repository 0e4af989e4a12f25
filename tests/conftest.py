"""What every test stands on: an environment of its own, a real database that other processes can open, a fixed cast.

`database` is for tests that look at stored rows: its transactions really commit, so that threads and server processes
see them. Run the suite on PostgreSQL by giving it an address: `DATABASE_URL=postgresql://postgres@127.0.0.1/postgres`.
"""

import os
import runpy
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from unittest import mock
from urllib.parse import quote

import hypothesis
import pytest
from asgiref.sync import SyncToAsync
from django.apps import apps
from django.conf import settings
from django.contrib.auth import BACKEND_SESSION_KEY, HASH_SESSION_KEY, SESSION_KEY
from django.contrib.auth.hashers import PBKDF2PasswordHasher
from django.contrib.auth.models import User
from django.contrib.contenttypes.models import ContentType
from django.contrib.sessions.backends.db import SessionStore
from django.db import OperationalError, connection, connections
from django.test import AsyncClient, Client

from calls import audit, guards, rights, roles
from calls.writer import DEADLOCK_DETECTED
from tests.clients import PASSWORD

ROOT = Path(__file__).resolve().parent.parent

# Every name the product reads, so that neither a developer's shell nor a `.env` in the checkout gets a word in.
ENVIRONMENT = {
    "SECRET_KEY": "only-for-tests-0123456789-abcdefghijklmnopqrstuvwxyz-ABCDEFGH",
    "AUDIT_SIGNING_KEY": "only-for-tests-signing-key-0123456789-abcdefghij",
    "AUDIT_SIGNING_KEY_FALLBACKS": "",
    "AUDIT_CHECKPOINT_FILE": "",
    "RETENTION_DAYS_NOTIFICATIONS": "0",
    "RETENTION_DAYS_CALLS": "0",
    "RETENTION_DAYS_PERSONAL": "0",
    "RETENTION_DAYS_AUDIT": "0",
    "WORKING_DAYS": "1-5",
    "WORKING_HOURS": "09:00-18:00",
    "DEBUG": "off",
    "HOST": "127.0.0.1",
    "PORT": "8000",
    "PUBLIC_URL": "http://localhost:8000",
    "ALLOWED_HOSTS": "localhost,127.0.0.1,[::1]",
    "CSRF_TRUSTED_ORIGINS": "",
    "DATABASE_POOL_SIZE": "20",
    "REDIS_URL": "",
    "GRAPH_APP_ID": "",
    "GRAPH_TENANT_ID": "",
    "GRAPH_TENANTS": "",
    "GRAPH_CLIENT_SECRET": "",
    "GRAPH_CLIENT_CERTIFICATE": "",
    "GRAPH_BASE_URL": "https://graph.microsoft.com/v1.0",
    "GRAPH_CALLS_PATH": "/communications/calls",
    "GRAPH_AUTHORITY": "https://login.microsoftonline.com",
    "GRAPH_CALLBACK_METADATA_URL": "https://api.aps.skype.com/v1/.well-known/OpenIdConfiguration",
    "GRAPH_CALLBACK_ISSUERS": "https://api.botframework.com,https://graph.microsoft.com",
    "GRAPH_CA_BUNDLE": "",
    "GRAPH_CALLBACK_URI": "",
    "GRAPH_TENANT_MISMATCH": "refuse",
    "CALL_ANSWER_WINDOW_SECONDS": "15",
    "ENTRA_SIGN_IN": "off",
    "TIME_ZONE": "UTC",
    "LOG_LEVEL": "INFO",
}


class QuickHasher(PBKDF2PasswordHasher):
    """The usual algorithm with one iteration: quick here, and still understood by a server in its own process."""

    iterations = 1


def _forget_the_developers_environment() -> None:
    with mock.patch.dict(os.environ, {**ENVIRONMENT, "DATABASE_URL": "sqlite:////unused"}, clear=True):
        clean = runpy.run_path(str(ROOT / "callsdashboard" / "settings.py"))
    for name, value in clean.items():
        if name.isupper() and name != "DATABASES":
            setattr(settings, name, value)
    settings.PASSWORD_HASHERS = ["tests.conftest.QuickHasher"]
    # Hashed names need `collectstatic`; that is tested where a real server serves them.
    settings.STORAGES = {
        **settings.STORAGES,
        "staticfiles": {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"},
    }


_forget_the_developers_environment()

# The same examples in every run, however busy the machine: a test fails for what it found, not for how long it took.
hypothesis.settings.register_profile(
    "steady",
    deadline=None,
    derandomize=True,
    database=None,
    suppress_health_check=[hypothesis.HealthCheck.too_slow, hypothesis.HealthCheck.data_too_large],
)
hypothesis.settings.load_profile("steady")


# The database ------------------------------------------------------------------------------------------------------


@pytest.fixture(scope="session")
def django_db_modify_db_settings(
    django_db_modify_db_settings_parallel_suffix: None, tmp_path_factory: pytest.TempPathFactory
) -> None:
    """A file of this run's own on SQLite, a database of this run's own on PostgreSQL."""
    settings.STATIC_ROOT = tmp_path_factory.mktemp("static")
    if connection.vendor == "sqlite":
        name = str(tmp_path_factory.mktemp("database") / "test.sqlite3")
    else:
        name = f"test_callsdashboard_{os.getpid()}"
    connection.settings_dict["TEST"]["NAME"] = name
    connection.ops.execute_sql_flush = _again_when_in_the_way(connection.ops.execute_sql_flush)


def _again_when_in_the_way(flush: Callable[[list[str]], None]) -> Callable[[list[str]], None]:
    """Have tables emptied once more when PostgreSQL gave way to a server that was reading several of them."""

    def patiently(statements: list[str]) -> None:
        for tries_left in reversed(range(5)):
            try:
                return flush(statements)
            except OperationalError as error:
                if not tries_left or getattr(error.__cause__, "sqlstate", "") != DEADLOCK_DETECTED:
                    raise

    return patiently


@pytest.fixture(scope="session")
def database_url(django_db_setup: None) -> str:
    """The DATABASE_URL with which another process opens the test database."""
    stored = connection.settings_dict
    if connection.vendor == "sqlite":
        return f"sqlite:///{stored['NAME']}"
    password = f":{quote(stored['PASSWORD'], safe='')}" if stored["PASSWORD"] else ""
    place = f"{stored['HOST'] or '127.0.0.1'}:{stored['PORT'] or 5432}"
    return f"postgresql://{quote(stored['USER'] or 'postgres', safe='')}{password}@{place}/{stored['NAME']}"


@pytest.fixture
def database(transactional_db: None) -> Iterator[None]:
    """The test database with guards, groups and an empty audit chain, in which transactions really commit.

    The one place that lifts the guards: without that nothing could empty the audit tables between two tests.
    """
    ContentType.objects.clear_cache()
    guards.install(connection)
    roles.create_groups(apps)
    audit.ensure_head()
    yield
    guards.lift(connection)
    # Asynchronous code reaches the database through this one thread, which would keep its session for ever.
    SyncToAsync.single_thread_executor.submit(connections.close_all).result()


@pytest.fixture(scope="session")
def product_environment_for_session(database_url: str) -> dict[str, str]:
    """The whole environment of a server or command in its own process: same database, same keys, nothing inherited.

    Whoever starts a server adds its PORT, PUBLIC_URL and GRAPH_* names.
    """
    inherited = {name: os.environ[name] for name in ("PATH", "HOME", "LANG", "TMPDIR") if name in os.environ}
    return {
        **inherited,
        **ENVIRONMENT,
        "DATABASE_URL": database_url,
        "DJANGO_SETTINGS_MODULE": "callsdashboard.settings",
    }


@pytest.fixture
def product_environment(product_environment_for_session: dict[str, str]) -> dict[str, str]:
    """The environment of a process that only one test starts."""
    return dict(product_environment_for_session)


# The cast ----------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class People:
    """One account for each part somebody can play; all of them know PASSWORD."""

    supervisor: User
    colleague: User
    viewer: User
    auditor: User
    stranger: User
    admin: User


def _person(name: str, *groups: str, superuser: bool = False) -> User:
    user = User(username=name, email=f"{name}@contoso.example", is_superuser=superuser)
    user.set_password(PASSWORD)
    user.save()
    roles.assign(user, *groups)
    return user


@pytest.fixture
def people(database: None) -> People:
    """Two supervisors, a viewer, an auditor, somebody without a role, and a superuser."""
    return People(
        supervisor=_person("supervisor", roles.SUPERVISORS),
        colleague=_person("colleague", roles.SUPERVISORS),
        viewer=_person("viewer", roles.VIEWERS),
        auditor=_person("auditor", roles.AUDITORS),
        stranger=_person("stranger"),
        admin=_person("admin", superuser=True),
    )


@pytest.fixture
def signed_in() -> Callable[[User], Client]:
    """Make a browser in which somebody is signed in already, without an entry about it: `signed_in(people.viewer)`."""

    def make(user: User) -> Client:
        client = Client()
        client.cookies[settings.SESSION_COOKIE_NAME] = session_key_of(user)
        return client

    return make


@pytest.fixture
def signed_in_async() -> Callable[[User], AsyncClient]:
    """Like `signed_in`, for tests that await their answers; make it before the first await."""

    def make(user: User) -> AsyncClient:
        client = AsyncClient()
        client.cookies[settings.SESSION_COOKIE_NAME] = session_key_of(user)
        return client

    return make


def session_key_of(user: User) -> str:
    """Return the session cookie's value of a new session in which `user` is signed in."""
    session = SessionStore()
    session[SESSION_KEY] = str(user.pk)
    session[BACKEND_SESSION_KEY] = rights.BACKEND
    session[HASH_SESSION_KEY] = user.get_session_auth_hash()
    session.save()
    return session.session_key
