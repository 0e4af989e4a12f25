"""Migrating forwards and backwards keeps the audit log and its triggers."""

import subprocess
import sys

import pytest
from django.db import connection

from tests.conftest import ROOT

APPEND = """
import django; django.setup()
from django.db import transaction
from calls.audit import chain, checkpoints
from calls.audit.actor import Actor
with transaction.atomic():
    chain.append("account.signed_in", actor=Actor("7", "Ольга", "192.0.2.7"))
checkpoints.sign_chain()
"""


@pytest.fixture
def manage(product_environment, tmp_path):
    """Run a management command on this test's own database file."""
    environment = product_environment | {"DATABASE_URL": f"sqlite:///{tmp_path / 'moved.sqlite3'}"}

    def run(*arguments: str) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, *arguments]
        return subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True)

    return run


@pytest.mark.skipif(connection.vendor != "postgresql", reason="several processes share a database server only")
def test_processes_started_at_the_same_moment_migrate_one_after_the_other(database, product_environment):
    name = f"{connection.settings_dict['NAME']}_together"
    environment = product_environment | {
        "DATABASE_URL": product_environment["DATABASE_URL"].rpartition("/")[0] + f"/{name}"
    }
    with connection.cursor() as cursor:
        cursor.execute(f"CREATE DATABASE {name} TEMPLATE template0")
    try:
        command = [sys.executable, "manage.py", "migrate", "--verbosity", "0"]
        started = [
            subprocess.Popen(command, cwd=ROOT, env=environment, stderr=subprocess.PIPE, text=True) for _ in range(3)
        ]
        said = [process.communicate()[1] for process in started]
        assert [process.returncode for process in started] == [0, 0, 0], said
    finally:
        with connection.cursor() as cursor:
            cursor.execute(f"DROP DATABASE {name} WITH (FORCE)")


@pytest.mark.skipif(connection.vendor != "sqlite", reason="only SQLite rebuilds tables, and loses their triggers")
def test_migrating_back_and_forth_keeps_history_and_guards(manage):
    assert manage("manage.py", "migrate").returncode == 0
    assert manage("-c", APPEND).returncode == 0
    assert manage("manage.py", "verify_audit").returncode == 0
    back = manage("manage.py", "migrate", "calls", "0002")
    assert back.returncode == 0, back.stderr
    forth = manage("manage.py", "migrate")
    assert forth.returncode == 0, forth.stderr
    assert manage("manage.py", "verify_audit").stdout.startswith("Intact: 1 entries")
