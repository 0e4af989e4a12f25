"""The request of a callback apart from its notifications: method, address, headers and the size limit of the body."""

import json

import httpx
import pytest

from calls.models import Call, Notification
from calls.simulator import Simulator
from tests import bodies
from tests.servers import Dashboard

A_MEGABYTE = 1024 * 1024


@pytest.mark.parametrize(
    ("headers", "kept"),
    [
        ({}, ("", "", "")),
        ({"X-Microsoft-Skype-Message-ID": "m"}, ("m", "", "")),
        ({"X-Microsoft-Skype-Chain-ID": "c"}, ("", "c", "")),
        ({"Scenario-Id": "s"}, ("", "", "s")),
        ({"X-Microsoft-Scenario-Id": "x"}, ("", "", "x")),
        ({"Scenario-Id": "s", "X-Microsoft-Scenario-Id": "x"}, ("", "", "s")),
        ({"X-Microsoft-Skype-Message-ID": "m" * 201, "Scenario-Id": "s" * 300}, ("m" * 200, "", "s" * 200)),
    ],
)
def test_the_headers_that_tell_deliveries_apart_are_kept_with_every_notification(
    graph: Simulator, headers: dict[str, str], kept: tuple[str, str, str]
) -> None:
    several = {"value": [bodies.ringing(f"c-{number}")["value"][0] for number in range(2)]}
    assert graph.deliver(several, headers=headers).status_code == 202
    stored = Notification.objects.values_list("message_id", "chain_id", "scenario_id")
    assert list(stored) == [kept, kept]


def test_a_header_of_other_characters_is_kept_as_its_bytes(graph: Simulator, dashboard: Dashboard) -> None:
    headers = [
        (b"Authorization", f"Bearer {graph.callback_token()}".encode()),
        (b"X-Microsoft-Skype-Message-ID", "münchen".encode()),
    ]
    assert httpx.post(dashboard.webhook_url, json=bodies.ringing("c-1"), headers=headers).status_code == 202
    assert Notification.objects.get().message_id == "münchen".encode().decode("latin-1")


def test_two_tokens_in_one_request_prove_nothing(graph: Simulator, dashboard: Dashboard) -> None:
    token = f"Bearer {graph.callback_token()}"
    headers = [("Authorization", token), ("Authorization", token)]
    assert httpx.post(dashboard.webhook_url, json=bodies.ringing("c-1"), headers=headers).status_code == 401
    assert not Notification.objects.exists()


@pytest.mark.parametrize("declared", [True, False], ids=["declared", "in parts"])
@pytest.mark.parametrize(("size", "status"), [(A_MEGABYTE, 202), (A_MEGABYTE + 1, 413)])
def test_a_body_of_a_megabyte_is_taken_and_a_byte_more_is_not(
    graph: Simulator, dashboard: Dashboard, size: int, status: int, declared: bool
) -> None:
    content = json.dumps(bodies.ringing("c-1")).encode().ljust(size)
    headers = {"Authorization": f"Bearer {graph.callback_token()}"}
    body = content if declared else iter([content[: size // 2], content[size // 2 :]])
    assert httpx.post(dashboard.webhook_url, content=body, headers=headers).status_code == status
    assert Call.objects.exists() == (status == 202)


def test_a_thousand_notifications_in_one_body_are_taken(graph: Simulator) -> None:
    several = {"value": [{"changeType": "updated", "resourceUrl": "/somewhere"}] * 1000}
    assert graph.deliver(several).status_code == 202
    assert Notification.objects.count() == 1000


@pytest.mark.parametrize("method", ["GET", "PUT", "PATCH", "DELETE", "HEAD", "OPTIONS"])
def test_other_methods_are_405(dashboard: Dashboard, method: str) -> None:
    answer = httpx.request(method, dashboard.webhook_url)
    assert (answer.status_code, answer.headers["Allow"]) == (405, "POST")


def test_a_trailing_slash_is_the_same_address(graph: Simulator) -> None:
    graph.webhook_url += "/"
    assert graph.deliver(bodies.DOCUMENTED_INCOMING).status_code == 202


def test_a_body_over_a_megabyte_is_413_whether_declared_or_not(graph: Simulator, dashboard: Dashboard) -> None:
    headers = {"Authorization": f"Bearer {graph.callback_token()}"}
    large = b'{"value": ["' + b"x" * 1_200_000 + b'"]}'
    assert httpx.post(dashboard.webhook_url, content=large, headers=headers).status_code == 413
    assert httpx.post(dashboard.webhook_url, content=iter([large]), headers=headers).status_code == 413
    assert not Notification.objects.exists()
