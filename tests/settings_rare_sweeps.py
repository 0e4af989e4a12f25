"""The settings of tests for a dashboard that learns of changes from hints alone: no sweep comes while a test runs."""

from tests.settings import *  # noqa: F403

BOARD_SWEEP_SECONDS = 600.0
