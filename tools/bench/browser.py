"""The board in a real browser: thousands of live calls and hundreds of changes a second, beside an empty page."""

import time
from collections.abc import Callable, Iterator

from playwright.sync_api import BrowserContext, CDPSession, Page, sync_playwright

from tools.bench.ground import Ground, Server
from tools.bench.report import Figure
from tools.bench.scene import Scene
from tools.browser import ARGUMENTS, find

RUNS = 3
CALLS = 5000
CHANGES_A_SECOND, SECONDS = 500.0, 5.0
WARM_SECONDS = 3.0  # of changes before the look: loading a page and its first board is not what is measured
PATIENCE = 60_000  # milliseconds
VIEW = {"width": 1280, "height": 900}
COUNT_FRAMES = """() => {
  window.framesDrawn = 0;
  const draw = () => { window.framesDrawn += 1; requestAnimationFrame(draw); };
  requestAnimationFrame(draw);
}"""


def measure(ground: Ground) -> Iterator[Figure]:
    """Yield frames a second and the main thread's share, while thousands of calls change, against an empty page."""
    database_url = ground.sqlite()
    cookie = ground.tell(database_url, "people", "Supervisors")["Supervisors"]
    busy: list[tuple[float, float]] = []
    idle: list[tuple[float, float]] = []
    with ground.product(database_url) as server, sync_playwright() as playwright:
        scene = Scene(ground, server, database_url, calls=CALLS)
        scene.fill()
        chromium = playwright.chromium.launch(executable_path=find(), args=ARGUMENTS)
        page = _signed_in(chromium.new_context(viewport=VIEW), server, cookie)
        for _ in range(RUNS):
            page.goto("about:blank")
            idle.append(_look(page, lambda: time.sleep(SECONDS)))
            page.goto(f"http://localhost:{server.port}/")
            page.get_by_text("Caller ").first.wait_for(timeout=PATIENCE)
            scene.change(CHANGES_A_SECOND, WARM_SECONDS)
            busy.append(_look(page, lambda: scene.change(CHANGES_A_SECOND, SECONDS)))
        chromium.close()
    what = f"{CALLS:,} live calls, {CHANGES_A_SECOND:.0f} changes a second in Chromium"
    frames, shares = zip(*busy, strict=True)
    told = f"an empty page: {sorted(idle)[RUNS // 2][0]:.0f}"
    yield Figure.plain(f"{what}: frames a second", frames, "≥ 55", "", told)
    told = f"an empty page: {100 * sorted(idle)[RUNS // 2][1]:.0f} %"
    yield Figure.plain(f"{what}: share of the main thread", [100 * share for share in shares], "≤ 15 %", "%", told)


def _signed_in(context: BrowserContext, server: Server, cookie: str) -> Page:
    name, _, value = cookie.partition("=")
    context.add_cookies([{"name": name, "value": value, "url": f"http://localhost:{server.port}"}])
    return context.new_page()


def _look(page: Page, meanwhile: Callable[[], object]) -> tuple[float, float]:
    """Return the frames drawn in a second, and the main thread's share, while something goes on elsewhere."""
    session = page.context.new_cdp_session(page)
    session.send("Performance.enable")
    page.evaluate(COUNT_FRAMES)
    frames, began, busy = page.evaluate("framesDrawn"), time.perf_counter(), _busy(session)
    meanwhile()
    seconds = time.perf_counter() - began
    return (page.evaluate("framesDrawn") - frames) / seconds, (_busy(session) - busy) / seconds


def _busy(session: CDPSession) -> float:
    """Return the seconds the main thread has worked so far."""
    metrics = session.send("Performance.getMetrics")["metrics"]
    return next(float(metric["value"]) for metric in metrics if metric["name"] == "TaskDuration")
