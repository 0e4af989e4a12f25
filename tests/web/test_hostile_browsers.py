"""No request of a browser causes a 5xx response, signed in or not."""

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any

import httpx
from django.db import transaction
from django.utils import timezone

from calls.models import AuditHead, Call
from calls.simulator import Simulator
from tests.clients import open_socket, post, signed_in_client
from tests.conftest import People
from tests.fixtures.history import actions
from tests.live.test_live_board import close_code_of
from tests.servers import Dashboard, wait_until

AT_ONCE = 50  # requests of one browser
UNLIMITED = httpx.Limits(max_connections=None)
NOWHERE = "/calls/00000000-0000-0000-0000-000000000000"
ACTS = ["/calls/{key}/reject/", "/calls/{key}/pass/", "/calls/{key}/note/", "/calls/reject/", "/preferences/", "/i18n/"]
READ = ["/", "/?wall", "/calls/", "/calls/{key}/", "/preferences/", "/jsi18n/", "/accounts/login/"]

BODIES: list[tuple[str, bytes]] = [
    ("application/json", b""),
    ("application/json", b"\xff\xfe"),
    ("application/json", b"[" * 100_000),
    ("application/json", b'{"reason": "busy", "keys": ' + b"9" * 5_000 + b"}"),
    ("application/json", b'{"reason": "busy", "note": "\\ud800\\u0000", "seen": {"version": 1e400, "shown_at": {}}}'),
    ("application/json", b'{"reason": "busy", "seen": [[]], "keys": ["\\u0000"], "volume": NaN}'),
    ("application/json; charset=nonsense", b'{"reason": "busy"}'),
    ("application/x-www-form-urlencoded; charset=nonsense", b"reason=busy&note=%00%ff&language=%00"),
    ("application/x-www-form-urlencoded", b"&".join(b"a%d=" % number for number in range(2_000))),
    ("application/x-www-form-urlencoded", b"reason=busy&note=" + b"x" * 3_000_000),
    ("multipart/form-data", b"no boundary"),
    ("multipart/form-data; boundary=x", b"--x\r\nnonsense"),
    ("multipart/form-data; boundary=\xe9", b"--\xe9"),
    ("nonsense", b"reason=busy"),
    ("", b"\x00"),
]
HEADERS: list[dict[str, Any]] = [
    {"Accept": "application/json;q=nonsense, */*;q=-1, /;;,"},
    {"Accept-Language": "ru" * 3_000},
    {"Accept-Language": "\x7f, *;q=nonsense"},
    {"Referer": "http://[", "Origin": "null"},
    {"X-CSRFToken": "x" * 64},
    {"Host": "nonsense host"},
]
COOKIES = [
    'sessionid="\\000\\000\\000\\000\\000\\000\\000\\000\\000"',
    'sessionid="aaaa\\000aaaaaaaa"',
    "sessionid=" + "x" * 3_000,
    'messages="\\000[["; django_language="\\000"',
    "django_language=../../etc; csrftoken=\\",
    'csrftoken="\\000' + "a" * 31 + '"',
]


def assert_no_fault(answer: httpx.Response, what: object) -> None:
    assert answer.status_code < 500, f"{answer.request.method} {answer.request.url} {what}: {answer.status_code}"


def test_whatever_is_posted(graph: Simulator, dashboard: Dashboard, people: People) -> None:
    graph.ring().hang_up()
    key = Call.objects.get().public_id
    with signed_in_client(dashboard, "supervisor") as client:
        token = client.cookies["csrftoken"]
        for act in ACTS:
            for kind, body in BODIES:
                headers = {"Content-Type": kind.encode("latin-1"), "X-CSRFToken": token, "Accept": "application/json"}
                assert_no_fault(client.post(act.format(key=key), content=body, headers=headers), (kind, body[:40]))
            for headers in HEADERS:
                assert_no_fault(client.post(act.format(key=key), headers={"X-CSRFToken": token, **headers}), headers)


def test_whatever_is_asked_for(graph: Simulator, dashboard: Dashboard, people: People) -> None:
    graph.ring().hang_up()
    key = Call.objects.get().public_id
    queries = ["", "?before=9999999999999999999&q=%00%ff", "?since=0000-00-00&decision=x&state=%F0%28", "?wall=%00"]
    with signed_in_client(dashboard, "supervisor") as client:
        for address in READ:
            for query in queries:
                assert_no_fault(client.get(address.format(key=key) + query), query)
            for headers in HEADERS:
                assert_no_fault(client.get(address.format(key=key), headers=headers), headers)


def test_whatever_the_cookies_say(dashboard: Dashboard, people: People) -> None:
    with httpx.Client(base_url=dashboard.url) as client:
        for cookie in COOKIES:
            for address in (*READ, f"{NOWHERE}/", "/admin/"):
                answer = client.get(address.format(key=NOWHERE[-36:]), headers={"Cookie": cookie})
                assert_no_fault(answer, cookie[:60])
            for act in ACTS:
                answer = client.post(act.format(key=NOWHERE[-36:]), headers={"Cookie": cookie})
                assert_no_fault(answer, cookie[:60])


def test_a_cookie_that_is_no_session_opens_no_socket(dashboard: Dashboard) -> None:
    client = httpx.Client(cookies={"sessionid": COOKIES[0].partition("=")[2]})
    with client, open_socket(dashboard, client) as socket:
        assert close_code_of(socket) == 4401


def test_a_flood_from_one_browser_is_refused_beyond_fifty_at_once_and_faults_nowhere(
    graph: Simulator, dashboard: Dashboard, people: People
) -> None:
    graph.ring()
    address = f"/calls/{Call.objects.get().public_id}/pass/"
    Call.objects.update(deadline=timezone.now() + timedelta(minutes=10))
    with (
        signed_in_client(dashboard, "supervisor") as client,
        signed_in_client(dashboard, "colleague") as colleague,
        httpx.Client(cookies=client.cookies, base_url=client.base_url, timeout=60, limits=UNLIMITED) as many,
        ThreadPoolExecutor(AT_ONCE + 11) as threads,
    ):
        with transaction.atomic():
            Call.objects.select_for_update().get()  # nobody gets any further than this
            flood = [threads.submit(post, many, address) for _ in range(AT_ONCE + 10)]
            wait_until(lambda: sum(answer.done() for answer in flood) == 10)
            refused = [answer for answer in flood if answer.done()]
            meanwhile = threads.submit(post, colleague, address)
        assert {answer.result().json()["outcome"] for answer in refused} == {"too_many_requests"}
        assert meanwhile.result().status_code == 200
        assert sorted(answer.result().status_code for answer in flood) == [200] * AT_ONCE + [429] * 10
        assert post(client, address).status_code == 200, "as soon as the others are through"
    assert actions() == ["call.let_pass"]


def test_a_refusal_that_cannot_be_written_down_is_told_so(
    graph: Simulator, dashboard: Dashboard, people: People
) -> None:
    graph.ring()
    key = Call.objects.get().public_id
    body = {"reason": "busy", "keys": [str(key)], "note": "x"}
    with signed_in_client(dashboard, "viewer") as client:
        AuditHead.objects.all().delete()
        for act in ACTS[:4]:
            answer = post(client, act.format(key=key), body)
            assert (answer.status_code, answer.json()["outcome"]) == (503, "not_recorded"), act
    assert actions() == []
