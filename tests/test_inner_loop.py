"""The inner loop: what hangs fails, and waits are short."""

import re

import pytest

from callsdashboard import settings as product
from tests import settings, settings_rare_sweeps
from tests.servers import ROOT

SOURCE = ROOT / "callsdashboard" / "settings.py"


def test_every_test_has_a_time_limit(pytestconfig: pytest.Config) -> None:
    assert 0 < float(pytestconfig.getini("timeout")) <= 120


@pytest.mark.parametrize("module", [settings, settings_rare_sweeps])
def test_every_wait_that_tests_change_is_a_constant_of_the_product(module: object) -> None:
    ours = {name: value for name, value in vars(module).items() if name.endswith("_SECONDS")}
    changed = [name for name, value in ours.items() if value != getattr(product, name, None)]
    assert changed
    constants = re.findall(r"^([A-Z_]+) = [\d.]+(?:  #.*)?$", SOURCE.read_text(), re.MULTILINE)
    assert [name for name in changed if name not in constants] == []


def test_a_test_that_starts_a_process_is_left_out_of_the_quick_ones(
    request: pytest.FixtureRequest, product_environment: dict[str, str]
) -> None:
    assert request.node.get_closest_marker("slow")


def test_a_test_that_starts_none_is_a_quick_one(request: pytest.FixtureRequest, database: None) -> None:
    assert not request.node.get_closest_marker("slow")
