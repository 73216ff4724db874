"""How many random cases each property is tried on: 50, the same in every run, or PLANNER_EXAMPLES new ones."""

import os

import pytest
from hypothesis import settings

examples = os.environ.get("PLANNER_EXAMPLES")
settings.register_profile("planner", max_examples=int(examples or 50), deadline=None, derandomize=examples is None)
settings.load_profile("planner")


@pytest.fixture(scope="module")
def browser():
    """Chromium without a network, one a module."""
    from tests.browser import chromium

    with chromium() as found:
        yield found
