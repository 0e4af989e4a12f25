"""Error pages for a wrong method and for a host that is not in ALLOWED_HOSTS."""

import httpx
import pytest

from tests.clients import signed_in_client
from tests.conftest import People
from tests.servers import Dashboard

NOWHERE = "/calls/00000000-0000-0000-0000-000000000000"


@pytest.mark.parametrize("address", [f"{NOWHERE}/reject/", f"{NOWHERE}/pass/", "/calls/reject/", "/admin/logout/"])
def test_an_address_that_only_pages_send_to_says_so_when_it_is_opened(
    dashboard: Dashboard, people: People, address: str
) -> None:
    with signed_in_client(dashboard, "admin") as client:
        answer = client.get(address, headers={"Accept": "text/html", "Accept-Language": "ru"})
        assert (answer.status_code, answer.headers["Allow"][:4]) == (405, "POST")
        assert "Этот адрес нельзя открыть" in answer.text and 'href="/"' in answer.text
        assert len(answer.content) == int(answer.headers["Content-Length"])
        assert not client.get(address, headers={"Accept": "application/json"}).content


def test_a_page_that_is_only_read_says_so_when_something_is_sent_to_it(dashboard: Dashboard, people: People) -> None:
    with signed_in_client(dashboard, "viewer") as client:
        answer = client.post("/", headers={"X-CSRFToken": client.cookies["csrftoken"], "Referer": dashboard.url})
        assert (answer.status_code, answer.headers["Allow"]) == (405, "GET, HEAD")
        assert "This address cannot be opened" in answer.text


def test_somebody_at_an_address_that_is_none_of_ours_is_sent_to_the_right_one(dashboard: Dashboard) -> None:
    foreign = {"Host": "elsewhere.example"}
    page = httpx.get(f"{dashboard.url}/", headers={**foreign, "Accept": "text/html"})
    assert page.status_code == 400
    public = f"http://localhost:{dashboard.port}"
    assert f'href="{public}/"' in page.text and 'href="/"' not in page.text
    told = httpx.get(f"{dashboard.url}/", headers={**foreign, "Accept": "application/json"})
    assert (told.status_code, told.json()["outcome"]) == (400, "foreign_host")
    assert public in told.json()["message"]
