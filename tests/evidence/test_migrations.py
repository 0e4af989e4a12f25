"""Migrating leaves the history as it was and the guards standing, there and back."""

import subprocess
import sys

import pytest
from django.db import connection

from tests.conftest import ROOT

APPEND = """
import django; django.setup()
from django.db import transaction
from calls import audit
with transaction.atomic():
    audit.append("account.signed_in", actor=audit.Actor("7", "Ольга", "192.0.2.7"))
audit.checkpoint()
"""


@pytest.fixture
def manage(product_environment, tmp_path):
    """Run a command over a database file of this test's own."""
    environment = product_environment | {"DATABASE_URL": f"sqlite:///{tmp_path / 'moved.sqlite3'}"}

    def run(*arguments: str) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, *arguments]
        return subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True)

    return run


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
