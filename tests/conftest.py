"""What every test stands on: an environment of its own, a real database that other processes can open, a fixed cast.

`database` is for tests that look at stored rows: its transactions really commit, so that threads and server processes
see them. Run the suite on PostgreSQL by giving it an address: `DATABASE_URL=postgresql://postgres@127.0.0.1/postgres`.
"""

import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

import hypothesis
import pytest
from asgiref.sync import SyncToAsync
from django.apps import apps
from django.conf import settings
from django.contrib.auth import BACKEND_SESSION_KEY, HASH_SESSION_KEY, SESSION_KEY
from django.contrib.auth.models import User
from django.contrib.contenttypes.models import ContentType
from django.contrib.sessions.backends.db import SessionStore
from django.db import OperationalError, connection, connections, transaction
from django.test import AsyncClient, Client

from calls.accounts import permissions, roles
from calls.audit import chain, triggers
from calls.ingest.store import DEADLOCK_DETECTED
from tests.clients import PASSWORD
from tests.settings import ENVIRONMENT

pytest_plugins = ["tests.fixtures.servers", "tests.fixtures.history"]

ROOT = Path(__file__).resolve().parent.parent

# The same examples in every run, however busy the machine: a test fails for what it found, not for how long it took.
hypothesis.settings.register_profile(
    "steady",
    deadline=None,
    derandomize=True,
    database=None,
    suppress_health_check=[hypothesis.HealthCheck.too_slow, hypothesis.HealthCheck.data_too_large],
)
hypothesis.settings.load_profile("steady")


# What `make quick` leaves out ---------------------------------------------------------------------------------------


@pytest.hookimpl(wrapper=True, tryfirst=True)  # marks before `-m` chooses, sorts after everybody else did
def pytest_collection_modifyitems(items: list[pytest.Item]) -> Iterator[None]:
    """Mark as slow what starts processes: servers, also those a browser needs, and commands; run it last.

    A server that was started once works until the run ends: its background jobs would see the rows of other tests.
    """
    for item in items:
        if "product_environment_for_session" in getattr(item, "fixturenames", ()):
            item.add_marker(pytest.mark.slow)
    yield
    items.sort(key=lambda item: item.get_closest_marker("slow") is not None)


# The database ------------------------------------------------------------------------------------------------------


@pytest.fixture(scope="session")
def django_db_modify_db_settings(
    django_db_modify_db_settings_parallel_suffix: None, tmp_path_factory: pytest.TempPathFactory
) -> None:
    """A file of this run's own on SQLite, a database of this run's own on PostgreSQL."""
    settings.STATIC_ROOT = tmp_path_factory.mktemp("static")  # without hashed names, so not where servers look
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
    """The test database with audit triggers, groups and an empty audit chain, in which transactions really commit.

    The triggers are removed to empty the audit tables after each test.
    """
    ContentType.objects.clear_cache()
    triggers.install(connection)
    roles.create_groups(apps)
    chain.ensure_head()
    yield
    triggers.remove(connection)
    # Asynchronous code reaches the database through this one thread, which would keep its session for ever.
    SyncToAsync.single_thread_executor.submit(connections.close_all).result()


@pytest.fixture
def uncommitted(database: None) -> Iterator[None]:
    """The test database inside one transaction, so that a server other tests left running sees and changes nothing."""
    with transaction.atomic():
        yield
        transaction.set_rollback(True)


@pytest.fixture(scope="session")
def product_environment_for_session(database_url: str, tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """The whole environment of a server or command in its own process: same database, same keys, nothing inherited.

    A test that starts a server adds its PORT, PUBLIC_URL and GRAPH_* names.
    """
    inherited = {name: os.environ[name] for name in ("PATH", "HOME", "LANG", "TMPDIR") if name in os.environ}
    return {
        **inherited,
        **ENVIRONMENT,
        "DATABASE_URL": database_url,
        "DJANGO_SETTINGS_MODULE": "tests.settings",
        "TESTS_DIRECTORY": str(tmp_path_factory.mktemp("processes")),
    }


@pytest.fixture(scope="session")
def collected_static(product_environment_for_session: dict[str, str]) -> None:
    """Static files under their hashed names, as a server expects to find them."""
    command = [sys.executable, "manage.py", "collectstatic", "--noinput", "--verbosity", "0"]
    subprocess.run(command, cwd=ROOT, env=product_environment_for_session, check=True)


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


def session_key_of(user: User, backend: str = permissions.BACKEND) -> str:
    """Return the session cookie's value of a new session in which `user` is signed in, by this backend."""
    session = SessionStore()
    session[SESSION_KEY] = str(user.pk)
    session[BACKEND_SESSION_KEY] = backend
    session[HASH_SESSION_KEY] = user.get_session_auth_hash()
    session.save()
    return session.session_key
