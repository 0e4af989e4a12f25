"""Superusers administer accounts and groups in the admin, and each change becomes an audit entry."""

import json
import os
import pty
import subprocess
import sys

import pytest
from django.contrib.auth.models import Group, Permission, User
from django.test import Client

from calls.accounts import roles
from calls.audit.messages import sentence
from calls.models import AuditEntry
from tests.conftest import PASSWORD, ROOT
from tests.fixtures.history import sql


@pytest.fixture
def root(people, signed_in) -> Client:
    return signed_in(people.admin)


def newest() -> AuditEntry:
    return AuditEntry.objects.select_related("personal").latest("id")


def form_of(user: User, **changes: object) -> dict[str, object]:
    fields = {
        "username": user.username,
        "first_name": user.first_name,
        "last_name": user.last_name,
        "email": user.email,
        "is_active": "on",
        "groups": list(user.groups.values_list("pk", flat=True)),
        "user_permissions": [],
    }
    return {name: value for name, value in (fields | changes).items() if value is not None}


def change(client: Client, user: User, **changes: object) -> None:
    answer = client.post(f"/admin/auth/user/{user.pk}/change/", form_of(user, **changes))
    assert answer.status_code == 302, answer.context["errors"]


def group(name: str) -> int:
    return Group.objects.get(name=name).pk


def test_an_account_that_is_made_leaves_an_entry_without_its_password(root, people):
    form = {"username": "newcomer", "usable_password": "true", "password1": PASSWORD + "!", "password2": PASSWORD + "!"}
    assert root.post("/admin/auth/user/add/", form).status_code == 302
    entry = newest()
    assert (entry.action, entry.actor_id) == ("account.created", str(people.admin.pk))
    assert sentence(entry) == "admin created the account newcomer."
    assert PASSWORD not in json.dumps(list(AuditEntry.objects.values()), default=str) + entry.personal.note


def test_a_change_tells_old_and_new(root, people):
    change(root, people.viewer, is_active=None, groups=[group(roles.SUPERVISORS)])
    entry = newest()
    assert entry.action == "account.changed"
    assert json.loads(entry.details)["changed"] == {
        "is_active": [True, False],
        "groups": [["Viewers"], ["Supervisors"]],
    }
    assert sentence(entry) == "admin changed the account viewer: groups, is_active."


def test_rights_given_to_one_person_are_told(root, people):
    right = Permission.objects.get(codename="reject_call")
    change(root, people.viewer, is_superuser="on", user_permissions=[right.pk])
    assert json.loads(newest().details)["changed"] == {
        "is_superuser": [False, True],
        "user_permissions": [[], ["reject_call"]],
        "is_staff": [False, True],
    }
    assert sentence(newest()) == "admin changed the account viewer: is_staff, is_superuser, user_permissions."


def test_names_and_addresses_stand_only_where_they_can_be_erased(root, people, prove):
    change(root, people.viewer, username="renamed", email="new@contoso.example")
    entry = newest()
    assert entry.personal.note.splitlines() == [
        "renamed",
        "username: viewer → renamed",
        "email: viewer@contoso.example → new@contoso.example",
    ]
    assert "contoso" not in entry.details
    assert "renamed" not in entry.details
    assert prove().code == 0


def test_saving_without_a_change_leaves_no_entry(root, people):
    change(root, people.viewer)
    assert not AuditEntry.objects.exists()


def test_joining_and_leaving_the_auditors_opens_and_closes_the_admin_site(root, people, signed_in):
    change(root, people.viewer, groups=[group(roles.AUDITORS)])
    assert json.loads(newest().details)["changed"]["is_staff"] == [False, True]
    client = signed_in(people.viewer)
    assert client.get("/admin/calls/auditentry/").status_code == 200
    change(root, people.viewer, groups=[group(roles.VIEWERS)])
    assert json.loads(newest().details)["changed"]["is_staff"] == [True, False]
    assert client.get("/admin/calls/auditentry/").status_code == 302


def test_nobody_sets_staff_status_by_hand(root, people):
    change(root, people.viewer, is_staff="on")
    assert not User.objects.get(username="viewer").is_staff


def test_a_new_password_leaves_an_entry_without_it(root, people):
    form = {"usable_password": "true", "password1": "quite another passphrase", "password2": "quite another passphrase"}
    root.post(f"/admin/auth/user/{people.viewer.pk}/password/", form)
    assert User.objects.get(username="viewer").check_password("quite another passphrase")
    entry = newest()
    assert sentence(entry) == "admin changed the account viewer: password."
    assert "passphrase" not in entry.details + entry.personal.note
    assert "pbkdf2" not in entry.details + entry.personal.note


def test_taking_somebodys_password_away_leaves_an_entry(root, people):
    root.post(f"/admin/auth/user/{people.viewer.pk}/password/", {"usable_password": "false", "unset-password": "1"})
    assert not User.objects.get(username="viewer").has_usable_password()
    assert sentence(newest()) == "admin changed the account viewer: password."


def test_a_password_that_is_refused_leaves_none(root, people):
    root.post(f"/admin/auth/user/{people.viewer.pk}/password/", {"password1": "x", "password2": "y"})
    assert not AuditEntry.objects.exists()


def test_deleting_accounts_leaves_an_entry_for_each(root, people):
    root.post(f"/admin/auth/user/{people.viewer.pk}/delete/", {"post": "yes"})
    chosen = [people.stranger.pk, people.colleague.pk]
    form = {"action": "delete_selected", "_selected_action": chosen, "post": "yes"}
    root.post("/admin/auth/user/", form)
    entries = AuditEntry.objects.select_related("personal").order_by("id")
    assert sorted(sentence(entry) for entry in entries) == [
        "admin deleted the account colleague.",
        "admin deleted the account stranger.",
        "admin deleted the account viewer.",
    ]
    assert User.objects.count() == 3


def test_a_change_that_cannot_be_recorded_does_not_happen(root, people):
    sql("DELETE FROM calls_audithead")
    root.raise_request_exception = False
    answer = root.post(f"/admin/auth/user/{people.viewer.pk}/change/", form_of(people.viewer, is_active=None))
    assert answer.status_code == 500
    assert User.objects.get(username="viewer").is_active
    form = {"usable_password": "true", "password1": "quite another passphrase", "password2": "quite another passphrase"}
    root.post(f"/admin/auth/user/{people.viewer.pk}/password/", form)
    assert User.objects.get(username="viewer").check_password(PASSWORD)
    root.post(f"/admin/auth/user/{people.viewer.pk}/delete/", {"post": "yes"})
    assert User.objects.filter(username="viewer").exists()


def test_groups_leave_entries_as_well(root):
    root.post("/admin/auth/group/add/", {"name": "Choir", "permissions": []})
    root.post(f"/admin/auth/group/{group('Choir')}/change/", {"name": "Band", "permissions": []})
    root.post(f"/admin/auth/group/{group('Band')}/delete/", {"post": "yes"})
    entries = AuditEntry.objects.select_related("personal").order_by("id")
    assert [sentence(entry) for entry in entries] == [
        "admin created the group Choir.",
        "admin changed the group Band: name.",
        "admin deleted the group Band.",
    ]


def test_groups_deleted_at_once_leave_an_entry_each(root):
    chosen = [Group.objects.create(name=name).pk for name in ("Choir", "Band")]
    root.post("/admin/auth/group/", {"action": "delete_selected", "_selected_action": chosen, "post": "yes"})
    entries = AuditEntry.objects.select_related("personal").order_by("id")
    assert sorted(sentence(entry) for entry in entries) == [
        "admin deleted the group Band.",
        "admin deleted the group Choir.",
    ]


def test_the_rights_of_a_group_can_be_changed_and_that_is_told(root):
    viewers = group(roles.VIEWERS)
    root.post(f"/admin/auth/group/{viewers}/change/", {"permissions": []})
    assert json.loads(newest().details) == {"group": "Viewers", "changed": {"permissions": [["view_call"], []]}}


def test_a_group_that_is_a_role_is_neither_renamed_nor_deleted(root):
    auditors = group(roles.AUDITORS)
    root.post(f"/admin/auth/group/{auditors}/change/", {"name": "Others", "permissions": []})
    assert root.post(f"/admin/auth/group/{auditors}/delete/", {"post": "yes"}).status_code == 403
    root.post("/admin/auth/group/", {"action": "delete_selected", "_selected_action": [auditors], "post": "yes"})
    assert Group.objects.filter(name=roles.AUDITORS).exists()


@pytest.mark.parametrize("who", ["auditor", "supervisor", "viewer", "stranger"])
def test_nobody_but_a_superuser_changes_accounts(who, people, signed_in):
    client = signed_in(User.objects.get(username=who))
    answer = client.post(f"/admin/auth/user/{people.viewer.pk}/change/", form_of(people.viewer, is_superuser="on"))
    assert answer.status_code in (302, 403)
    assert not User.objects.get(username="viewer").is_superuser
    assert not AuditEntry.objects.exists()


def test_changing_ones_own_password_leaves_an_entry(people, signed_in):
    client = signed_in(people.auditor)
    new = "quite another passphrase"
    form = {"old_password": PASSWORD, "new_password1": new, "new_password2": "not the same"}
    client.post("/admin/password_change/", form)
    assert not AuditEntry.objects.exists()
    assert client.post("/admin/password_change/", form | {"new_password2": new}).status_code == 302
    assert sentence(newest()) == "auditor changed the account auditor: password."
    assert User.objects.get(username="auditor").check_password(new)


def test_signed_out_nobody_changes_a_password(people):
    assert Client().get("/admin/password_change/").status_code == 302


def test_accounts_made_and_changed_at_the_shell_leave_entries(database, product_environment):
    environment = product_environment | {"DJANGO_SUPERUSER_PASSWORD": PASSWORD, "LOGNAME": "operator"}
    command = [sys.executable, "manage.py", "createsuperuser", "--no-input", "--username", "boss", "--email", "b@c.de"]
    subprocess.run(command, cwd=ROOT, env=environment, check=True, capture_output=True)
    assert sentence(newest()) == "operator created the account boss."
    assert (newest().actor_id, "b@c.de" in newest().details) == ("shell", False)


def test_a_password_changed_at_the_shell_leaves_an_entry(people, product_environment):
    outside, inside = pty.openpty()
    command = [sys.executable, "manage.py", "changepassword", "viewer"]
    environment = product_environment | {"LOGNAME": "operator"}
    run = subprocess.Popen(
        command, cwd=ROOT, env=environment, stdin=inside, stdout=inside, stderr=inside, start_new_session=True
    )
    shown = b""
    for prompt in (b"Password: ", b"Password (again): "):
        while not shown.endswith(prompt):
            shown += os.read(outside, 1000)
        os.write(outside, b"quite another passphrase\n")
    assert run.wait(timeout=30) == 0
    os.close(inside)
    os.close(outside)
    assert sentence(newest()) == "operator changed the account viewer: password."
