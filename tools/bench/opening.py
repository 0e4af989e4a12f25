"""Opening the board: its first row, against the first paint of the sign-in page, both with nothing in the cache."""

from collections.abc import Iterator

from playwright.sync_api import Browser, sync_playwright

from tests.servers import wait_until
from tools.bench.ground import Ground
from tools.bench.line import Line
from tools.bench.report import Figure
from tools.bench.scene import Scene
from tools.browser import ARGUMENTS, find

RUNS = 7
ROUND_TRIPS = (0, 40)  # milliseconds
PATIENCE_SECONDS = 60.0
NOTE_FIRST_ROW = """new MutationObserver((changes, observer) => {
  if (!document.querySelector("#ringing li")) return;
  observer.disconnect();
  requestAnimationFrame(() => { window.firstRowAt = performance.now(); });
}).observe(document, { childList: true, subtree: true });"""
FIRST_ROW = "window.firstRowAt ?? 0"
FIRST_PAINT = "performance.getEntriesByName('first-paint')[0]?.startTime ?? 0"


def measure(ground: Ground) -> Iterator[Figure]:
    """Yield the first row in first paints, beside the server and away from it."""
    database_url = ground.sqlite()
    cookie = ground.tell(database_url, "people", "Viewers")["Viewers"]
    with ground.product(database_url) as server, sync_playwright() as playwright:
        Scene(ground, server, database_url).fill()
        chromium = playwright.chromium.launch(executable_path=find(), args=ARGUMENTS)
        for round_trip in ROUND_TRIPS:
            with Line(server.port, round_trip / 1e3) as line:
                board = f"http://localhost:{line.port}/"
                turns = [
                    (
                        _milliseconds(chromium, board, FIRST_ROW, cookie),
                        _milliseconds(chromium, f"{board}accounts/login/", FIRST_PAINT),
                    )
                    for _ in range(RUNS + 1)
                ][1:]
            rows, paints = zip(*turns, strict=True)
            what = f"first row of the board in ms ÷ first paint of the sign-in page, {round_trip} ms away"
            yield Figure.ratio(what, rows, paints, "≤ 1.5")
        chromium.close()


def _milliseconds(chromium: Browser, address: str, moment: str, cookie: str = "") -> float:
    """Return when, after the navigation began, the moment came that the expression tells once it has."""
    context = chromium.new_context()
    if cookie:
        name, _, value = cookie.partition("=")
        context.add_cookies([{"name": name, "value": value, "url": address}])
    page = context.new_page()
    page.add_init_script(NOTE_FIRST_ROW)
    page.goto(address)
    taken = wait_until(lambda: page.evaluate(moment), PATIENCE_SECONDS)
    context.close()
    return float(taken)
