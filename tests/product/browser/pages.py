"""What a person does and finds on the board."""

from collections.abc import Callable

from playwright.sync_api import Locator, Page, expect

from tests.conftest import PASSWORD

Opener = Callable[..., Page]


def sign_in(page: Page, username: str) -> None:
    """Sign in through the form, to the board."""
    page.goto("/")
    page.get_by_label("Username").fill(username)
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Sign in").click()


def row(page: Page, caller: str) -> Locator:
    """Return the ringing row of a caller."""
    return page.locator("#ringing li").filter(has_text=caller)


def wait_live(page: Page) -> None:
    """Wait until the page says that its feed is live."""
    expect(page.locator("#board")).to_have_attribute("data-feed", "live")
