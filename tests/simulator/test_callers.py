"""People who call: what the webhook is told, in which words, and how a call goes on by itself."""

from collections import Counter
from pathlib import Path
from typing import Any

import jwt
import pytest

from calls.simulator import Simulator, behaviours
from calls.simulator.callers import Callers
from calls.simulator.people import EVERYBODY
from tests.simulator.conftest import Bot, Webhook

ESTABLISHED = ["establishing", "established", "established", "established", "roster"]


def told(webhook: Webhook) -> dict[str, Any]:
    data: dict[str, Any] = webhook.bodies[0]["value"][0]["resourceData"]
    return data


def test_todays_body_names_the_call_twice_and_has_no_etag(simulator: Simulator, webhook: Webhook) -> None:
    call = simulator.ring("Ada Lovelace", modalities=("audio", "video"))
    (item,) = webhook.items(call)
    assert item["changeType"] == "created"
    assert item["resourceUrl"] == f"/communications/calls/{call.id}"
    assert item["resource"] == f"/app/calls/{call.id}"
    data = item["resourceData"]
    assert "@odata.etag" not in data and "id" not in data
    assert (data["state"], data["direction"], data["requestedModalities"]) == (
        "incoming",
        "incoming",
        ["audio", "video"],
    )
    assert data["source"]["identity"]["user"]["displayName"] == "Ada Lovelace"
    assert call.deliveries == [202]


def test_the_documented_body_has_the_older_path_alone(simulator: Simulator, webhook: Webhook) -> None:
    call = simulator.ring(era="app", call_id="57DAB8B1894C409AB240BD8BEAE78896")
    (item,) = webhook.items(call)
    assert item["resource"] == "/app/calls/57DAB8B1894C409AB240BD8BEAE78896"
    assert "resourceUrl" not in item and "@odata.etag" in item["resourceData"]


@pytest.mark.parametrize(("kind", "identifier"), [("phone", "+12025550147"), ("guest", "g-1"), ("encrypted", "x")])
def test_callers_are_of_several_kinds_and_may_have_no_name(
    simulator: Simulator, webhook: Webhook, kind: str, identifier: str
) -> None:
    simulator.ring(None, kind=kind, caller_id=identifier)
    assert told(webhook)["source"]["identity"][kind] == {"id": identifier}


def test_the_headers_are_those_of_the_calling_service(simulator: Simulator, webhook: Webhook) -> None:
    call = simulator.ring()
    call.answer()
    first, second = webhook.headers[:2]
    assert first["User-Agent"] == "Microsoft-Skype/3.0,(Calling/1.0)"
    assert first["X-Microsoft-Skype-Chain-ID"] == call.chain_id
    assert "Scenario-Id" not in first and second["Scenario-Id"] == call.chain_id
    assert "X-Microsoft-Skype-Caller-Region" in first and "X-Microsoft-Skype-Caller-Region" not in second
    ids = [headers["X-Microsoft-Skype-Message-ID"] for headers in webhook.headers]
    assert len(set(ids)) == len(ids)


def test_the_token_names_the_tenant_of_the_call(simulator: Simulator, webhook: Webhook) -> None:
    simulator.ring(tenant="another-tenant")
    token = webhook.headers[0]["Authorization"].removeprefix("Bearer ")
    assert jwt.decode(token, options={"verify_signature": False})["tid"] == "another-tenant"
    assert told(webhook)["tenantId"] == "another-tenant"


def test_an_answered_call_is_established_repeatedly_and_ends_with_a_result(
    simulator: Simulator, webhook: Webhook
) -> None:
    call = simulator.ring()
    call.answer()
    call.hang_up()
    call.hang_up()
    assert webhook.story(call) == ["incoming", *ESTABLISHED, "terminated"]
    assert webhook.items(call)[-1]["resourceData"]["resultInfo"]["code"] == 200


def test_a_transfer_ends_the_call_or_falls_back_to_established(simulator: Simulator, webhook: Webhook) -> None:
    good, bad = simulator.ring(), simulator.ring()
    for call in (good, bad):
        call.answer()
    good.transfer()
    bad.transfer(succeed=False)
    assert webhook.story(good)[-3:] == ["transferring", "transferAccepted", "terminated"]
    assert webhook.story(bad)[-2:] == ["transferring", "established"]
    assert bad.state == "established"


def test_nothing_happens_to_a_call_without_a_behaviour(simulator: Simulator) -> None:
    call, other = simulator.ring(), simulator.ring(behaviour=behaviours.LEFT_RINGING)
    simulator.wait_for(lambda: other.is_over)
    assert call.rings


def test_a_call_left_ringing_lapses_when_its_window_closes(simulator: Simulator, webhook: Webhook) -> None:
    call = simulator.ring(behaviour=behaviours.LEFT_RINGING)
    simulator.wait_for(lambda: len(call.deliveries) == 2)
    assert webhook.story(call) == ["incoming", "terminated"]


def test_a_rejected_call_does_not_lapse_as_well(simulator: Simulator, bot: Bot, webhook: Webhook) -> None:
    bot.token()
    call = simulator.ring(behaviour=behaviours.LEFT_RINGING)
    assert bot.reject(call.id).status_code == 202
    other = simulator.ring(behaviour=behaviours.LEFT_RINGING)
    simulator.wait_for(lambda: len(other.deliveries) == 2)
    assert webhook.story(call) == ["incoming", "deleted"]


def test_an_impatient_caller_hangs_up_and_a_talker_is_answered(simulator: Simulator, webhook: Webhook) -> None:
    impatient = simulator.ring(behaviour=behaviours.hanging_up(0.05))
    # Each step has a second to be told in full before the next one is due.
    talker = simulator.ring(behaviour=behaviours.answered(0.05, talks_for=1.0))
    gone = simulator.ring(behaviour=behaviours.transferred(0.05, after=1.0))
    simulator.wait_for(lambda: len(impatient.deliveries) == 2 and len(talker.deliveries) == 7)
    simulator.wait_for(lambda: len(gone.deliveries) == 9)
    assert webhook.items(impatient)[-1]["resourceData"]["resultInfo"]["subcode"] == 4521
    assert webhook.story(talker) == ["incoming", *ESTABLISHED, "terminated"]
    assert webhook.story(gone)[-3:] == ["transferring", "transferAccepted", "terminated"]


def test_a_recording_call_has_a_window_of_five_seconds_at_most(tmp_path: Path, webhook: Webhook) -> None:
    with Simulator(directory=tmp_path, webhook_url=webhook.url) as simulator:
        recorded = simulator.prepare(more={"incomingContext": {"observedParticipantId": "somebody"}})
        assert (recorded.window, simulator.prepare().window) == (5.0, 15.0)


def test_a_webhook_that_is_away_is_no_answer(simulator: Simulator) -> None:
    simulator.webhook_url = "http://127.0.0.1:9/api/calls"
    assert simulator.ring().deliveries == [0]


def test_ringing_without_a_webhook_says_what_is_missing(simulator: Simulator) -> None:
    simulator.webhook_url = ""
    with pytest.raises(RuntimeError, match="webhook_url"):
        simulator.ring()


def test_callers_come_at_a_believable_rhythm(simulator: Simulator) -> None:
    callers = Callers(simulator, "busy", seed=1)
    pauses = [callers.pause() for _ in range(500)]
    assert min(pauses) > 2 and max(pauses) <= 27
    assert 7 < sum(pauses) / len(pauses) < 11


def test_callers_ring_until_they_are_stopped(simulator: Simulator) -> None:
    callers = Callers(simulator, "busy", seed=2)
    callers.start()
    simulator.wait_for(lambda: simulator.calls and simulator.calls[0].deliveries)
    callers.stop()
    assert {status for call in simulator.calls for status in call.deliveries} <= {202}


def test_everybody_who_calls_can_be_told_apart() -> None:
    assert all(count == 1 for count in Counter((person.name, person.identifier) for person in EVERYBODY).values())
    assert any("А" <= letter <= "я" for person in EVERYBODY for letter in person.name or "")
