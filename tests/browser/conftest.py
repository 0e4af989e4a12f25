"""Real Chromium over the running dashboard, one profile of its own for each person."""

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser as Chromium
from playwright.sync_api import BrowserContext, Page, expect, sync_playwright

from tests.browser.pages import Opener, sign_in
from tests.conftest import People
from tests.servers import Dashboard
from tools.browser import ARGUMENTS, find

PATIENCE = 30_000  # milliseconds; how long a busy machine may take, not how long anything should
expect.set_options(timeout=PATIENCE)


@pytest.fixture(scope="package")
def chromium() -> Iterator[Chromium]:
    """One browser for this package's tests, and closed after them.

    While it is open, Playwright's synchronous interface runs an event loop in this thread, which Django takes for an
    asynchronous caller and which other tests could not run theirs in.
    """
    with pytest.MonkeyPatch.context() as environment, sync_playwright() as playwright:
        environment.setenv("DJANGO_ALLOW_ASYNC_UNSAFE", "true")
        browser = playwright.chromium.launch(executable_path=find(), args=ARGUMENTS)
        yield browser
        browser.close()


@pytest.fixture
def page_of(chromium: Chromium, dashboard: Dashboard, calm_board: None, people: People) -> Iterator[Opener]:
    """Open somebody's own browser on the board, signed in through the page: `page_of("supervisor")`."""
    contexts: list[BrowserContext] = []
    complaints: list[str] = []

    def open_page(username: str, **options: object) -> Page:
        contexts.append(chromium.new_context(base_url=dashboard.url, **options))
        page = contexts[-1].new_page()
        page.on("console", lambda message: complaints.append(message.text) if message.type == "error" else None)
        page.on("pageerror", lambda error: complaints.append(str(error)))
        sign_in(page, username)
        return page

    yield open_page
    for context in contexts:
        context.close()
    # A refused rejection is a 4xx or 5xx, which the browser logs on its own; scripts and policy must be silent.
    assert not [text for text in complaints if "Failed to load resource" not in text]
