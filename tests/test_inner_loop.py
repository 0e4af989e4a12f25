"""The inner loop: what hangs fails, and the suite runs side by side."""

import pytest


def test_every_test_has_a_time_limit(pytestconfig: pytest.Config) -> None:
    assert 0 < float(pytestconfig.getini("timeout")) <= 120
