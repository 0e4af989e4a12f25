"""The database fixtures that all other tests rely on."""

import subprocess
import sys

import pytest
from django.contrib.auth.models import Group
from django.db import DatabaseError, connection, transaction

from calls.accounts import roles
from calls.audit import chain, triggers
from calls.audit.actor import SYSTEM
from calls.models import AuditEntry
from tests.conftest import ROOT, People


@pytest.mark.parametrize("turn", range(3))
def test_every_test_begins_with_guards_groups_and_an_empty_history(database, turn):
    assert triggers.missing(connection) == []
    assert set(Group.objects.values_list("name", flat=True)) == set(roles.GROUPS)
    assert not AuditEntry.objects.exists()
    with transaction.atomic():
        chain.append("audit.verified", actor=SYSTEM)
    with pytest.raises(DatabaseError), connection.cursor() as cursor:
        cursor.execute("DELETE FROM calls_auditentry")


def test_another_process_sees_what_a_test_has_stored(people: People, product_environment):
    script = "import django; django.setup(); from django.contrib.auth.models import User; print(User.objects.count())"
    run = subprocess.run(
        [sys.executable, "-c", script], cwd=ROOT, env=product_environment, capture_output=True, text=True, check=True
    )
    assert run.stdout.strip() == "6"
