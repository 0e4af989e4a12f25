"""The board's scripts: their logic, tested in the node that Playwright brings along, and which room imports which."""

import re
import subprocess
from os.path import normpath
from pathlib import Path

import playwright
import pytest

from calls.web.stack.script_modules import IMPORT

NODE = Path(playwright.__file__).parent / "driver" / "node"
ROOT = Path(__file__).parent.parent
STATIC = ROOT / "static"
TESTS = sorted((ROOT / "tests" / "js").rglob("*.test.mjs"))
SCRIPTS = sorted([*(STATIC / "board").rglob("*.js"), *(STATIC / "site").rglob("*.js")])
PASSED = re.compile(r"^ *ok \d+ - ", re.MULTILINE)
FAILED = re.compile(r"^ *not ok \d+ - (.*)$", re.MULTILINE)


# From the outside in: a script may import its own room and the rooms further in, but no room beside it.
ROOMS = [{"board"}, {"board/actions", "board/alerts"}, {"board/view"}, {"board/data"}, {"site"}]
MOST_IN_BOARD = 6


def room_of(path: Path) -> str:
    return path.parent.relative_to(STATIC).as_posix()


def depth_of(room: str) -> int:
    return next(depth for depth, rooms in enumerate(ROOMS) if room in rooms)


def imported_by(path: Path) -> list[Path]:
    """Return the scripts that a script imports by itself, without those that others wrote."""
    named = [Path(normpath(path.parent / found)) for found in IMPORT.findall(path.read_text())]
    return [found for found in named if STATIC / "vendor" not in found.parents]


@pytest.mark.parametrize("path", TESTS, ids=lambda path: path.relative_to(ROOT / "tests" / "js").as_posix())
def test_scripts(path: Path) -> None:
    command = [NODE, "--test", "--test-reporter=tap", path]
    run = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)
    assert not FAILED.findall(run.stdout), run.stdout
    assert PASSED.search(run.stdout), f"Nothing was tested.\n{run.stdout}\n{run.stderr}"
    assert run.returncode == 0, f"{run.stdout}\n{run.stderr}"


@pytest.mark.parametrize("path", SCRIPTS, ids=lambda path: path.relative_to(STATIC).as_posix())
def test_scripts_import_from_the_outside_in(path: Path) -> None:
    own = room_of(path)
    outwards = [
        found.relative_to(STATIC).as_posix()
        for found in imported_by(path)
        if not found.is_file() or (room_of(found) != own and depth_of(room_of(found)) <= depth_of(own))
    ]
    assert not outwards


@pytest.mark.parametrize("path", SCRIPTS, ids=lambda path: path.relative_to(STATIC).as_posix())
def test_no_script_imports_itself_through_others(path: Path) -> None:
    known = imported_by(path)
    for found in known:  # grows while it is walked
        known += [further for further in imported_by(found) if further not in known]
    assert path not in known


def test_only_what_joins_the_rooms_stands_outside_them() -> None:
    assert len(list((STATIC / "board").glob("*.js"))) <= MOST_IN_BOARD


def test_every_script_is_loaded_by_the_board_or_by_every_page() -> None:
    loaded = {found for path in SCRIPTS for found in imported_by(path)}
    entries = {STATIC / "board/main.js", *(STATIC / "site").glob("*.js")}
    assert set(SCRIPTS) == loaded | entries
