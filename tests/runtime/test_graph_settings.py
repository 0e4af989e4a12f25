"""Settings that change what Graph is asked: each path its calls have had, and where it calls back."""

import json
from pathlib import Path

import pytest

from calls.models import Call
from calls.simulator import Simulator
from tests.clients import press_reject, signed_in_client
from tests.conftest import People
from tests.servers import Dashboard


def reject_one(environment: dict[str, str], simulator: Simulator, log: Path) -> None:
    """Ring and reject one call at a dashboard of this environment."""
    simulator.forget()
    with Dashboard(environment, log) as dashboard:
        simulator.webhook_url = dashboard.webhook_url
        dashboard.wait_ready()
        simulator.ring()
        with signed_in_client(dashboard, "supervisor") as client:
            assert press_reject(client, str(Call.objects.get().public_id)).status_code == 202


@pytest.mark.parametrize(
    ("path", "asked"),
    [
        ("/communications/calls", "/v1.0/communications/calls/{}/reject"),
        ("/app/calls", "/v1.0/app/calls/{}/reject"),
        ("/applications/{id}/calls", "/v1.0/applications/{app}/calls/{}/reject"),
    ],
)
def test_graph_is_asked_at_the_configured_path(
    dashboard_environment: dict[str, str],
    collected_static: None,
    running_simulator: Simulator,
    people: People,
    tmp_path: Path,
    path: str,
    asked: str,
) -> None:
    environment = {**dashboard_environment, "GRAPH_CALLS_PATH": path}
    reject_one(environment, running_simulator, tmp_path / "log")
    (request,) = running_simulator.rejects
    app_id = running_simulator.settings["GRAPH_APP_ID"]
    assert request.path == asked.replace("{app}", app_id).format(Call.objects.get().graph_id)
    assert json.loads(request.body) == {"reason": "busy"}, "a callbackUri is sent only when one is configured"
    running_simulator.forget()


OTHER_TENANT = "0ddba11e-0000-4000-8000-0000000000ff"


@pytest.mark.parametrize(("served", "status"), [(f",{OTHER_TENANT.upper()}", 202), ("", 502)])
def test_where_bodies_may_name_another_tenant_graph_is_asked_with_a_token_of_that_one(
    dashboard_environment: dict[str, str],
    collected_static: None,
    running_simulator: Simulator,
    people: People,
    tmp_path: Path,
    served: str,
    status: int,
) -> None:
    running_simulator.forget()
    home = running_simulator.settings["GRAPH_TENANT_ID"]
    environment = {**dashboard_environment, "GRAPH_TENANT_MISMATCH": "accept", "GRAPH_TENANTS": home + served}
    with Dashboard(environment, tmp_path / "log") as dashboard:
        running_simulator.webhook_url = dashboard.webhook_url
        dashboard.wait_ready()
        call = running_simulator.prepare(tenant=OTHER_TENANT)
        assert running_simulator.deliver(call.incoming()).status_code == 202
        with signed_in_client(dashboard, "supervisor") as client:
            answer = press_reject(client, str(Call.objects.get().public_id))
    assert answer.status_code == status, "of a tenant that is not served no token is asked for"
    running_simulator.forget()


def test_a_callback_address_is_sent_when_configured(
    dashboard_environment: dict[str, str],
    collected_static: None,
    running_simulator: Simulator,
    people: People,
    tmp_path: Path,
) -> None:
    address = "https://bot.contoso.example/after-reject"
    environment = {**dashboard_environment, "GRAPH_CALLBACK_URI": address}
    reject_one(environment, running_simulator, tmp_path / "log")
    assert json.loads(running_simulator.rejects[0].body) == {"reason": "busy", "callbackUri": address}
    running_simulator.forget()
