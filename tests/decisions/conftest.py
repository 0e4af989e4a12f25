"""Fixtures of the tests of decisions."""

from collections.abc import Callable

import pytest
from django.contrib.auth.models import User

from tests.clients import Browser
from tests.conftest import People

Opener = Callable[[User], Browser]


@pytest.fixture
def supervisor(browser_of: Opener, people: People) -> Browser:
    return browser_of(people.supervisor)
