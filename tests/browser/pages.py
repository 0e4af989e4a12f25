"""What a person does and finds on the board."""

from collections.abc import Callable
from functools import partial

from playwright.sync_api import Locator, Page, WebSocketRoute, expect

from calls.simulator import Simulator, bodies
from tests.conftest import PASSWORD

Opener = Callable[..., Page]
BOARD = "#board"


def sign_in(page: Page, username: str) -> None:
    """Sign in through the form, to the board."""
    page.goto("/")
    fill_sign_in(page, username)


def fill_sign_in(page: Page, username: str) -> None:
    """Fill in and send the sign-in form that the page shows."""
    page.get_by_label("Username").fill(username)
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Sign in").click()


def row(page: Page, caller: str) -> Locator:
    """Return the ringing row of a caller."""
    return page.locator("#ringing li").filter(has_text=caller)


def wait_live(page: Page) -> None:
    """Wait until the page says that its feed is live."""
    expect(page.locator("#board")).to_have_attribute("data-feed", "live")


class Line:
    """The wire between a page and the server on which the live feed comes: it can be held back, cut, and mended.

    Put into a page before the board is opened in it; requests go another way and are not touched.
    """

    def __init__(self, page: Page) -> None:
        self.opened = 0
        self._held: list[Callable[[], object]] | None = None
        self._is_cut = False
        self._open: list[WebSocketRoute] = []
        page.route_web_socket("**/ws/calls/", self._connect)

    def _connect(self, socket: WebSocketRoute) -> None:
        if self._is_cut:
            socket.close(code=1011)
            return
        self.opened += 1
        if self._held is not None:
            self._held.clear()  # what an abandoned socket was still owed
        self._open.append(socket)
        server = socket.connect_to_server()
        server.on_message(lambda frame: self._carry(partial(socket.send, frame)))
        server.on_close(lambda code, reason: self._carry(partial(socket.close, code=code, reason=reason)))

    def _carry(self, deliver: Callable[[], object]) -> None:
        if self._held is None:
            deliver()
        else:
            self._held.append(deliver)

    def hold(self) -> None:
        """Keep back what the server sends from now on, and that it closes the connection."""
        self._held = []

    def let_go(self) -> None:
        """Deliver what was kept back, and everything after it."""
        held, self._held = self._held or [], None
        for deliver in held:
            deliver()

    def cut(self) -> None:
        """Break the connection, and every one that the page tries to open."""
        self._is_cut = True
        for socket in self._open:
            socket.close(code=1011)
        self._open.clear()

    def mend(self) -> None:
        """Let the page connect again."""
        self._is_cut = False


def anywhere(page: Page, caller: str) -> Locator:
    """Return the row of a caller, whichever section it is in."""
    return page.locator("#board li.call").filter(has_text=caller)


def focused(page: Page) -> Locator:
    """Return the row that has the focus, itself or with something in it."""
    return page.locator("li.call:focus, li.call:focus-within")


def start_watching(page: Page) -> None:
    """Press *Start watching*, with the browser's permission to show notices."""
    page.context.grant_permissions(["notifications"])
    page.get_by_role("button", name="Start watching").click()
    expect(page.locator("#watch")).to_contain_text("Sound on")
    expect(page.locator("#watch")).to_contain_text("Notices on")


def deliver(graph: Simulator, items: list[dict[str, object]]) -> None:
    """Post notifications to the webhook, as many in one body as Graph may send."""
    assert graph.deliver(bodies.notifications(items, "communications")).status_code == 202
