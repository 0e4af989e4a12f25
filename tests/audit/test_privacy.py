"""The chained part of an entry contains no personal value, so that all of them can be erased."""

import json
from datetime import timedelta

import pytest
from django.db import transaction
from django.test import Client
from django.utils import timezone

from calls.audit import retention
from calls.audit.actions import ACTIONS
from calls.audit.actor import Actor
from calls.audit.export import write_file
from calls.audit.messages import sentence
from calls.decisions import outcomes
from calls.decisions.decision_request import DecisionRequest
from calls.decisions.refused_requests import record_refusal
from calls.graph.answers import Answer
from calls.models import AuditEntry, AuditPersonal, Call, RejectAttempt
from tests.conftest import PASSWORD, People
from tests.fixtures.history import append, make_attempt, make_call

# A name, a number, an address and free text; every act below gets all of them as its inputs.
PERSON = {"Zebulon Quist", "+15550123", "203.0.113.77", "zebulon@contoso.example"}
TEXT = " ".join(sorted(PERSON))
WHO = Actor("7", "Zebulon Quist", "203.0.113.77")


@pytest.fixture
def acts(people: People, client: Client, settings) -> None:
    """At least one entry of each kind that contains values from outside."""
    call = make_call(source={"kind": "phone", "name": "Zebulon Quist", "id": "+15550123"}, deadline=None)
    attempt = make_attempt(call, note=TEXT, actor_name="Zebulon Quist", outcome="refused")
    answer = Answer(403, "7505", f"{TEXT} may not.", "request", "our-request")
    append("reject.refused", actor=WHO, call=call, attempt=attempt, answer=answer)
    append("call.noted", actor=WHO, call=call, note=TEXT)
    record_refusal("reject.bad_request", [DecisionRequest(call.public_id)], WHO, {}, words=TEXT)
    with transaction.atomic():
        outcomes.record_lapsed([make_call(2, source=call.source)])
    list(write_file.Export("csv", AuditEntry.objects.all(), actor=WHO, chosen={"caller": [TEXT]}).pieces())
    client.post("/accounts/login/", {"username": TEXT, "password": "x"}, REMOTE_ADDR="203.0.113.77")
    superuser = Client(REMOTE_ADDR="203.0.113.77")
    assert superuser.login(username="admin", password=PASSWORD)
    form = {"username": "zebulon", "password1": PASSWORD, "password2": PASSWORD, "usable_password": "true"}
    superuser.post("/admin/auth/user/add/", form)
    form = {"username": "zebulon@contoso.example", "first_name": "Zebulon", "last_name": "Quist", "is_active": "on"}
    person = AuditEntry.objects.filter(action="account.created").latest("id")
    superuser.post(f"/admin/auth/user/{json.loads(person.details)['account_id']}/change/", {**form, "email": ""})


def words_of_persons(rows: list[dict[str, object]]) -> list[str]:
    kept = json.dumps(rows, default=str, ensure_ascii=False).casefold()
    return sorted(word for word in {*PERSON, "zebulon", "quist"} if word.casefold() in kept)


def test_the_chained_part_of_no_entry_tells_of_a_person(acts):
    assert words_of_persons(list(AuditEntry.objects.values())) == []
    assert len(words_of_persons(list(AuditPersonal.objects.values()))) == 6
    assert AuditEntry.objects.values("action").distinct().count() >= 9


def test_after_erasure_nothing_tells_of_a_person_and_every_entry_still_makes_a_sentence(acts, settings, prove):
    settings.RETENTION_DAYS_PERSONAL = settings.RETENTION_DAYS_CALLS = 1
    list(retention.run(now=timezone.now() + timedelta(days=2)))
    entries = AuditEntry.objects.select_related("personal").order_by("id")
    told = [sentence(entry) for entry in entries]
    assert words_of_persons([*AuditEntry.objects.values(), {"told": told}]) == []
    assert words_of_persons([*AuditPersonal.objects.values(), *Call.objects.values()]) == []
    assert not RejectAttempt.objects.exists()
    assert any("which ones is not kept any more" in text for text in told)
    assert prove().code == 0


def test_every_kind_of_entry_still_makes_a_sentence_when_its_personal_values_are_gone(database):
    for action in ACTIONS:
        entry = AuditEntry(action=action, actor_id="7", details="{}")
        assert "%(" not in sentence(entry), action
