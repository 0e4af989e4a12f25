"""Exports and verifications require the permission to view entries; staff status is not enough."""

import pytest
from django.contrib.auth.models import Group, Permission, User
from django.test import Client

from calls.accounts import roles
from calls.models import AuditEntry
from tests.admin.test_evidence_pages import LISTS

PAGES = ("export", "verify")


def permission(codename: str) -> Permission:
    return Permission.objects.get(content_type__app_label="calls", codename=codename)


@pytest.fixture
def staff(people, story) -> User:
    """An auditor whose group lost only the permission to view entries."""
    Group.objects.get(name=roles.AUDITORS).permissions.remove(permission("view_auditentry"))
    staff = User.objects.get(username="auditor")
    assert staff.is_staff and staff.has_perm("calls.view_auditcheckpoint")
    return staff


@pytest.mark.parametrize("method", ["get", "post"])
@pytest.mark.parametrize("page", PAGES)
def test_staff_without_the_right_neither_export_nor_verify(page, method, staff, signed_in):
    client = signed_in(staff)
    assert client.get("/admin/").status_code == 200
    answer = getattr(client, method)(f"/admin/calls/auditentry/{page}/", {"form": "csv"})
    assert answer.status_code == 403
    assert "Content-Disposition" not in answer.headers
    assert AuditEntry.objects.count() == 3


@pytest.mark.parametrize("model", LISTS)
def test_each_list_needs_its_own_right(model, people, story, signed_in):
    Group.objects.get(name=roles.AUDITORS).permissions.remove(permission(f"view_{model}"))
    client = signed_in(people.auditor)
    for other in LISTS:
        assert client.get(f"/admin/calls/{other}/").status_code == (403 if other == model else 200)


def test_the_right_without_the_admin_site_opens_nothing(people, story, signed_in):
    people.viewer.user_permissions.add(permission("view_auditentry"))
    client = signed_in(people.viewer)
    for page in PAGES:
        answer = client.post(f"/admin/calls/auditentry/{page}/", {"form": "csv"})
        assert (answer.status_code, answer.headers["Location"].partition("?")[0]) == (302, "/admin/login/")
    assert AuditEntry.objects.count() == 3


def test_staff_who_have_the_right_themselves_may(people, story, signed_in):
    people.viewer.user_permissions.add(permission("view_auditentry"))
    User.objects.filter(pk=people.viewer.pk).update(is_staff=True)
    answer = signed_in(people.viewer).post("/admin/calls/auditentry/export/", {"form": "csv"})
    assert (answer.status_code, "Content-Disposition" in answer.headers) == (200, True)


def test_signed_out_nobody_exports_or_verifies(story):
    for page in PAGES:
        assert Client().post(f"/admin/calls/auditentry/{page}/", {"form": "csv"}).status_code == 302
    assert AuditEntry.objects.count() == 3
