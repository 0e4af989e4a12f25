"""Scenarios by name: each plays, and tells the story it promises."""

import ssl
import time
from pathlib import Path

import httpx
import pytest

from calls.simulator import SCENARIOS, Simulator, control
from tests.simulator.conftest import Bot, Webhook

PROMISED = [
    "plain", "early-hangup", "answered", "missed", "policy-recording", "re-offer", "transfer-ok", "transfer-failed",
    "group-invite", "out-of-order", "duplicates", "legacy-first", "roster-storm", "graph-slow", "graph-429",
    "graph-503", "graph-401", "graph-403-7500", "graph-403-7503", "graph-403-7504", "graph-403-7505", "graph-404",
    "dropped-before", "dropped-after", "token-down", "key-rotation", "clock-skew",
]  # fmt: skip


def test_there_are_the_promised_scenarios() -> None:
    assert set(SCENARIOS) == set(PROMISED)


@pytest.mark.parametrize("name", PROMISED)
def test_every_scenario_plays_and_every_message_arrives(simulator: Simulator, webhook: Webhook, name: str) -> None:
    calls = simulator.play(name)
    assert calls and SCENARIOS[name].story.endswith(".")
    assert all(call.deliveries for call in calls)
    assert {status for call in calls for status in call.deliveries} <= {202, 204}


@pytest.mark.parametrize(
    ("name", "stories"),
    [
        ("early-hangup", [["incoming", "terminated"]]),
        ("missed", [["incoming", "terminated"]]),
        ("re-offer", [["incoming", "terminated"], ["incoming"]]),
        ("out-of-order", [["incoming", "established", "establishing", "terminated"], ["terminated", "incoming"]]),
        ("duplicates", [["incoming", "incoming", "terminated", "terminated"]]),
    ],
)
def test_a_story_is_told_in_its_order(
    simulator: Simulator, webhook: Webhook, name: str, stories: list[list[str]]
) -> None:
    calls = simulator.play(name)
    assert [webhook.story(call)[: len(story)] for call, story in zip(calls, stories, strict=True)] == stories


def test_a_recorded_conversation_has_five_ids_in_one_chain(simulator: Simulator) -> None:
    simulator.answer_window = 15.0
    calls = simulator.play("policy-recording")
    assert len({call.id for call in calls}) == 5
    assert len({call.chain_id for call in calls}) == 1
    assert [call.rings for call in calls] == [True, True, True, True, False]


def test_the_older_shape_comes_first_and_then_graphs(simulator: Simulator, webhook: Webhook) -> None:
    (call,) = simulator.play("legacy-first")
    assert call.deliveries == [204, 202]
    assert "value" not in webhook.bodies[0] and webhook.bodies[1]["value"]


def test_duplicates_have_the_same_message_id(simulator: Simulator, webhook: Webhook) -> None:
    simulator.play("duplicates")
    ids = [headers["X-Microsoft-Skype-Message-ID"] for headers in webhook.headers]
    assert ids[0] == ids[1] != ids[2] == ids[3]


@pytest.mark.parametrize(
    ("name", "statuses"),
    [
        ("graph-429", [429, 202]),
        ("graph-503", [503, 202]),
        ("graph-401", [401, 202]),
        ("graph-403-7500", [403, 403]),
        ("graph-403-7503", [403, 403]),
        ("graph-403-7504", [403, 403]),
        ("graph-403-7505", [403, 403]),
        ("graph-404", [404, 404]),
        ("token-down", [401, 401]),
    ],
)
def test_graph_answers_the_rejects_of_a_scenario_as_told(
    simulator: Simulator, bot: Bot, name: str, statuses: list[int]
) -> None:
    bot.token()
    simulator.answer_window = 15.0
    try:
        (call,) = simulator.play(name)
        assert [bot.reject(call.id).status_code for _ in statuses] == statuses
    finally:
        simulator.answer_window = 0.3


def test_the_identity_service_recovers_when_the_call_of_its_scenario_is_over(simulator: Simulator, bot: Bot) -> None:
    simulator.play("token-down")
    simulator.wait_for(lambda: simulator.faults.token_service.status == 0)
    assert "access_token" in bot.acquire()


def test_a_scenario_leaves_other_calls_alone(simulator: Simulator, bot: Bot) -> None:
    simulator.play("dropped-before")
    assert bot.reject(simulator.ring().id).status_code == 202


def test_people_are_given_time_between_acts(simulator: Simulator) -> None:
    began = time.monotonic()
    simulator.play("early-hangup", pace=0.2)
    assert time.monotonic() - began >= 0.2


def test_an_unknown_name_is_an_error(simulator: Simulator) -> None:
    with pytest.raises(KeyError):
        simulator.play("no-such-thing")


# From another process ------------------------------------------------------------------------------------------------


def test_a_running_simulator_is_asked_through_its_directory(simulator: Simulator, webhook: Webhook) -> None:
    assert control.play(simulator.directory, "plain", 0.0) == SCENARIOS["plain"].story
    assert simulator.wait_for(lambda: simulator.calls)[0].source["identity"]["user"]["displayName"] == "Ada Lovelace"


def test_the_directory_is_for_its_user_alone(simulator: Simulator) -> None:
    for name in ("control.json", "callback_key.pem", "token_key.pem", "server.pem"):
        assert (simulator.directory / name).stat().st_mode & 0o077 == 0, name


def test_a_stranger_may_list_scenarios_but_not_play_them(simulator: Simulator, client: httpx.Client) -> None:
    assert set(client.get(f"{simulator.url}/simulator/scenarios").json()) == set(SCENARIOS)
    assert client.post(f"{simulator.url}/simulator/scenarios/plain", json={}).status_code == 401


def test_an_unknown_name_is_refused(simulator: Simulator) -> None:
    with pytest.raises(control.Refused, match="no-such-thing"):
        control.play(simulator.directory, "no-such-thing", 0.0)


def test_nobody_there_is_said(tmp_path: Path) -> None:
    with pytest.raises(control.NotRunning):
        control.play(tmp_path, "plain", 0.0)
    with Simulator(directory=tmp_path):
        pass
    with pytest.raises(control.NotRunning):
        control.play(tmp_path, "plain", 0.0)


def test_a_restart_keeps_its_keys_and_its_authority(tmp_path: Path) -> None:
    with Simulator(directory=tmp_path) as first:
        token, port, kid = first.callback_token(), first.port, first.signer.key.kid
        context = ssl.create_default_context(cafile=first.settings["GRAPH_CA_BUNDLE"])
    with Simulator(directory=tmp_path, port=port) as second, httpx.Client(verify=context, trust_env=False) as client:
        assert token and second.signer.key.kid == kid
        assert client.get(f"{second.url}/v1/keys").json()["keys"][0]["kid"] == kid


def test_a_port_that_is_taken_is_an_error(simulator: Simulator, tmp_path: Path) -> None:
    with pytest.raises(OSError, match="in use"):
        Simulator(directory=tmp_path, port=simulator.port)
