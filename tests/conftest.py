"""What all tests have at hand, and how they are shared out among processes."""

from __future__ import annotations

import os
import sys

import pytest
from xdist.remote import Producer
from xdist.scheduler import LoadScopeScheduling
from xdist.scheduler.protocol import Scheduling

# Whatever the environment says: each of the many processes that tests start, and each run, would
# compile all files anew.
sys.dont_write_bytecode = False
os.environ.pop("PYTHONDONTWRITEBYTECODE", None)

pytest_plugins = [
    "tests.support.mongo",
    "tests.support.rabbitmq",
    "tests.support.browser",
    "tests.support.services",
]

SHARING = ("tests/end_to_end/apart", "tests/end_to_end/pages")
"""Folders whose modules share a running suite, so that one process runs them all."""

ORDER = (SHARING[0], "tests/integration", "tests/end_to_end", "tests/unit")
"""What waits much runs beside what computes much; at the end, what takes seconds fills up."""


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    items.sort(key=lambda item: _turn(item.nodeid))
    for item in items:
        _check_fixtures(item)


def _check_fixtures(item: pytest.Item) -> None:
    """Else a long test that lost one would be noticed when the long ones are run."""
    if isinstance(item, pytest.Function):
        there = item._fixtureinfo.name2fixturedefs
        if lost := [name for name in item._fixtureinfo.initialnames if name not in there]:
            raise pytest.UsageError(f"{item.nodeid} asks for fixtures that there are not: {lost}")


def _turn(nodeid: str) -> int:
    return next((turn for turn, folder in enumerate(ORDER) if nodeid.startswith(folder)), 0)


class BySuite(LoadScopeScheduling):
    """Gives a process a module, or a whole folder that shares a suite, at a time."""

    def _split_scope(self, nodeid: str) -> str:
        module = nodeid.split("::", 1)[0]
        return next((folder for folder in SHARING if module.startswith(folder)), module)


def pytest_xdist_make_scheduler(config: pytest.Config, log: Producer) -> Scheduling:
    return BySuite(config, log)
