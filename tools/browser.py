"""Make sure there is a Chromium for the browser tests: `python tools/browser.py` prints its path.

Takes the one named by CHROMIUM, one on the PATH, or Playwright's own; installs Playwright's, or the system's package,
where there is none.
"""

import os
import shutil
import subprocess
import sys
from pathlib import Path

from playwright.sync_api import sync_playwright

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
# Nothing here needs to reach the outside, and a closed network answers such attempts slowly.
ARGUMENTS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]


def find() -> str | None:
    """Return the path of an installed Chromium, None where there is none."""
    named = os.environ.get("CHROMIUM")
    if named:
        return named
    found = next((path for name in NAMES if (path := shutil.which(name))), None)
    return found or _bundled()


def _bundled() -> str | None:
    with sync_playwright() as playwright:
        path = playwright.chromium.executable_path
    return path if Path(path).exists() else None


def install() -> None:
    """Install a Chromium; raise subprocess.CalledProcessError when no way leads to one."""
    playwright = [sys.executable, "-m", "playwright", "install", "chromium"]
    if subprocess.run(playwright, check=False).returncode == 0:
        return
    elevate = [] if os.geteuid() == 0 else ["sudo", "-n"]
    subprocess.run([*elevate, "apt-get", "update", "-q"], check=True)
    subprocess.run([*elevate, "apt-get", "install", "-y", "-q", "chromium"], check=True)


if __name__ == "__main__":
    if find() is None:
        install()
    print(f"Browser: {find() or sys.exit('No Chromium could be installed; set CHROMIUM to one.')}")
