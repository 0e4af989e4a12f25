"""The admin page that runs a verification, shows its progress and records the result."""

import re
from collections.abc import AsyncIterator

import pytest
from asgiref.sync import sync_to_async
from django.conf import settings
from django.db import connections, transaction
from django.test import AsyncClient

from calls.audit import chain
from calls.audit.actor import SYSTEM
from calls.models import AuditEntry
from tests.fixtures.history import Owner, append, sql

PAGE = "/admin/calls/auditentry/verify/"


@pytest.fixture(autouse=True)
async def connection_given_back(database: None) -> AsyncIterator[None]:
    """Close the database connection of the thread that asynchronous tests use."""
    yield
    await sync_to_async(connections.close_all)()


@pytest.fixture
def auditor(people, signed_in_async) -> AsyncClient:
    return signed_in_async(people.auditor)


async def verify(client: AsyncClient) -> list[str]:
    answer = await client.post(PAGE)
    assert answer.status_code == 200
    return [piece.decode() async for piece in answer.streaming_content]


async def test_an_intact_history_is_said_to_be_intact_and_that_is_recorded(story, auditor, people):
    text = "".join(await verify(auditor))
    assert '<h2 id="verdict" class="verdict-intact">Intact</h2>' in text
    assert f"3:{story[2].hash}" in text
    assert text.rstrip().endswith("</html>")
    entry = await AuditEntry.objects.alatest("id")
    assert (entry.action, entry.actor_id) == ("audit.verified", str(people.auditor.pk))
    assert f"/admin/calls/auditentry/{entry.pk}/change/" in text


async def test_a_broken_one_is_named(story, auditor):
    def change() -> None:
        with Owner():
            sql("UPDATE calls_auditentry SET reason = 'none' WHERE id = %s", story[1].pk)

    await sync_to_async(change)()
    text = "".join(await verify(auditor))
    assert '<h2 id="verdict" class="verdict-broken">Broken</h2>' in text
    assert f"Audit entry #{story[1].pk} of" in text


async def test_a_broken_one_is_named_in_the_readers_language(story, auditor):
    def change() -> None:
        with Owner():
            sql("UPDATE calls_auditentry SET reason = 'none' WHERE id = %s", story[1].pk)

    await sync_to_async(change)()
    auditor.cookies[settings.LANGUAGE_COOKIE_NAME] = "ru"
    assert re.search(
        rf"<li>Запись журнала №{story[1].pk} от .*: содержание изменено\.</li>", "".join(await verify(auditor))
    )


async def test_its_progress_is_shown_while_it_goes_on(database, auditor):
    def fill() -> None:
        with transaction.atomic():
            for _ in range(1_001):
                chain.append("account.signed_in", actor=SYSTEM)

    await sync_to_async(fill)()
    pieces = await verify(auditor)
    assert [piece for piece in pieces if "proved so far" in piece] == ["<p>1,000 entries proved so far</p>\n"]


async def test_looking_at_the_page_verifies_nothing_and_tells_of_earlier_ones(story, auditor):
    await sync_to_async(append)("audit.verified", details={"verdict": "intact"})
    text = (await auditor.get(PAGE)).content.decode()
    assert "anna verified the audit history: intact." in text
    assert await AuditEntry.objects.acount() == 4


async def test_without_a_head_it_says_that_nothing_can_be_recorded(story, auditor):
    await sync_to_async(sql)("DELETE FROM calls_audithead")
    assert "could not be finished" in "".join(await verify(auditor))


async def test_the_button_is_not_for_everybody(story, people, signed_in_async):
    client = await sync_to_async(signed_in_async)(people.viewer)
    assert (await client.post(PAGE)).status_code == 302
    assert await AuditEntry.objects.acount() == 3
