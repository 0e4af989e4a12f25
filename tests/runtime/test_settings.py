"""What the environment leaves out or gets wrong is said in words, by the name of the setting."""

import subprocess
import sys
from pathlib import Path

import httpx
import pytest

from tests.servers import ROOT, Dashboard, wait_until

NONSENSE = {
    "PORT": "web",
    "DATABASE_POOL_SIZE": "many",
    "CALL_ANSWER_WINDOW_SECONDS": "nan",
    "RETENTION_DAYS_CALLS": "a year",
    "TIME_ZONE": "Mars/Olympus",
    "LOG_LEVEL": "loud",
    "REDIS_URL": "localhost:6379",
    "PUBLIC_URL": "ftp://calls.example",
    "GRAPH_BASE_URL": "http://graph.example/v1.0",
    "GRAPH_AUTHORITY": "login.example",
    "GRAPH_CALLBACK_METADATA_URL": "metadata.json",
    "GRAPH_CALLBACK_URI": "http://bot.example",
    "GRAPH_TENANT_MISMATCH": "perhaps",
    "ENTRA_SIGN_IN": "perhaps",
    "DEBUG": "perhaps",
    "GRAPH_CA_BUNDLE": "/nonexistent/authorities.pem",
    "GRAPH_CLIENT_CERTIFICATE": __file__,
}


def check(environment: dict[str, str]) -> tuple[int, str]:
    """Return the exit code of `manage.py check` in this environment, and all it says."""
    done = subprocess.run(
        [sys.executable, "manage.py", "check"], cwd=ROOT, env=environment, capture_output=True, text=True
    )
    return done.returncode, done.stdout + done.stderr


def test_every_setting_that_makes_no_sense_is_named_and_nothing_starts(product_environment: dict[str, str]) -> None:
    assert check(product_environment)[0] == 0
    code, said = check(product_environment | NONSENSE)
    assert (code, [name for name in NONSENSE if f"{name} " not in said], "Traceback" in said) == (1, [], False), said


@pytest.mark.parametrize(
    ("given", "missing"),
    [
        ({}, {"GRAPH_APP_ID", "GRAPH_TENANT_ID", "GRAPH_CLIENT_SECRET"}),
        ({"GRAPH_APP_ID": "an-app", "GRAPH_CLIENT_SECRET": "secret"}, {"GRAPH_TENANT_ID"}),
    ],
)
def test_what_is_missing_is_named(
    product_environment: dict[str, str], given: dict[str, str], missing: set[str]
) -> None:
    code, said = check(product_environment | given)
    names = {"GRAPH_APP_ID", "GRAPH_TENANT_ID", "GRAPH_CLIENT_SECRET"}
    assert (code, {name for name in names if name in said}) == (0, missing), said


def test_signing_in_with_entra_id_needs_what_it_stands_on(product_environment: dict[str, str]) -> None:
    given = {"ENTRA_SIGN_IN": "on", "PUBLIC_URL": "http://calls.example", "GRAPH_APP_ID": "an-app"}
    code, said = check(product_environment | given)
    assert code == 1
    assert "calls.E011" in said and "not set: GRAPH_TENANT_ID, GRAPH_CLIENT_SECRET or GRAPH_CLIENT_CERTIFICATE" in said
    assert "calls.E012" in said
    complete = {"PUBLIC_URL": "https://calls.example", "GRAPH_TENANT_ID": "a-tenant", "GRAPH_CLIENT_SECRET": "secret"}
    assert check(product_environment | given | complete)[0] == 0


def test_a_dashboard_without_settings_serves_and_says_why_it_is_not_ready(
    database: None, product_environment: dict[str, str], collected_static: None, tmp_path: Path
) -> None:
    with Dashboard(product_environment, tmp_path / "log") as dashboard:
        assert httpx.get(f"{dashboard.url}/accounts/login/").status_code == 200
        wait_until(lambda: "GRAPH_APP_ID" in httpx.get(f"{dashboard.url}/readyz").json()["parts"]["graph_token"])
        answer = httpx.get(f"{dashboard.url}/readyz")
        assert answer.status_code == 503
        assert "GRAPH_TENANT_ID" in answer.json()["parts"]["graph_token"]
        assert httpx.post(dashboard.webhook_url, json={}, headers={"Authorization": "Bearer x"}).status_code == 401
