"""The logic of the board's scripts, tested where scripts run: in the node that Playwright brings along."""

import re
import subprocess
from pathlib import Path

import playwright
import pytest

NODE = Path(playwright.__file__).parent / "driver" / "node"
TESTS = sorted((Path(__file__).parent / "js").glob("*.test.mjs"))
PASSED = re.compile(r"^ *ok \d+ - ", re.MULTILINE)
FAILED = re.compile(r"^ *not ok \d+ - (.*)$", re.MULTILINE)


@pytest.mark.parametrize("path", TESTS, ids=lambda path: path.name)
def test_scripts(path: Path) -> None:
    command = [NODE, "--test", "--test-reporter=tap", path]
    run = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)
    assert not FAILED.findall(run.stdout), run.stdout
    assert PASSED.search(run.stdout), f"Nothing was tested.\n{run.stdout}\n{run.stderr}"
    assert run.returncode == 0, f"{run.stdout}\n{run.stderr}"
