"""Each role has exactly its permissions; the admin site is open to auditors and superusers only."""

import pytest
from django.apps import apps
from django.contrib.auth.models import Group, User

from calls.accounts import roles
from calls.models import AuditCheckpoint, AuditEntry, Call, Notification, RejectAttempt

EVIDENCE = (AuditEntry, AuditCheckpoint, Call, Notification, RejectAttempt)
SEES_ALL = {f"calls.view_{model._meta.model_name}" for model in EVIDENCE}


@pytest.mark.parametrize(
    ("who", "rights"),
    [
        ("stranger", set()),
        ("viewer", {roles.SEE_BOARD}),
        ("supervisor", {roles.SEE_BOARD, roles.REJECT}),
        ("auditor", SEES_ALL),
    ],
)
def test_a_role_has_exactly_its_rights(who, rights, people):
    assert User.objects.get(username=who).get_all_permissions() == rights


@pytest.mark.parametrize(
    ("who", "staff"),
    [("stranger", False), ("viewer", False), ("supervisor", False), ("auditor", True), ("admin", True)],
)
def test_the_admin_site_opens_to_those_whose_role_needs_it(who, staff, people, signed_in):
    user = User.objects.get(username=who)
    assert user.is_staff is staff
    assert signed_in(user).get("/admin/").status_code == (200 if staff else 302)


def test_nobody_may_reject_by_being_an_auditor(people):
    assert not people.auditor.has_perm(roles.REJECT)


def test_a_role_that_is_taken_away_takes_its_rights_and_the_admin_site_along(people, signed_in):
    client = signed_in(people.auditor)
    roles.assign(people.auditor, roles.VIEWERS)
    assert User.objects.get(username="auditor").get_all_permissions() == {roles.SEE_BOARD}
    assert client.get("/admin/").status_code == 302


def test_groups_that_are_not_roles_stay_with_the_person(people):
    people.viewer.groups.add(Group.objects.create(name="Choir"))
    roles.assign(people.viewer, roles.SUPERVISORS)
    assert set(people.viewer.groups.values_list("name", flat=True)) == {"Choir", "Supervisors"}


def test_an_account_that_was_switched_off_sees_nothing(people, signed_in):
    client = signed_in(people.auditor)
    User.objects.filter(username="auditor").update(is_active=False)
    assert client.get("/admin/calls/auditentry/").status_code == 302


def test_making_the_groups_again_changes_nothing(database):
    before = {group.name: set(group.permissions.values_list("codename", flat=True)) for group in Group.objects.all()}
    roles.create_groups(apps)
    assert before == {name: set(codenames) for name, codenames in roles.GROUPS.items()}
    assert Group.objects.count() == 3


def test_only_viewing_is_a_right_that_exists_for_evidence(database):
    for model in EVIDENCE:
        assert model._meta.default_permissions == ("view",)
