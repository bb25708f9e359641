"""The suite that all modules of this folder share; it ends with the last of them."""

from __future__ import annotations

import secrets
from collections.abc import Iterator

import pytest

from staffroll.cli import surroundings
from staffroll.local.demo import PASSWORD_VARIABLE, people
from staffroll_accounts.demo import create_demo
from tests.support.browser import QUICK, AtHome
from tests.support.suite import RunningSuite


@pytest.fixture(scope="package")
def street(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningSuite]:
    """A whole suite on one port; starting one takes longer than most tests on it."""
    suite = RunningSuite(
        tmp_path_factory.mktemp("street") / "data", "--port", "0", "--no-demo", environ=QUICK
    )
    try:
        suite.wait_until_ready()
        yield suite
    finally:
        suite.end()


@pytest.fixture(scope="module")
def home(street: RunningSuite) -> AtHome:
    """The demo's people in a tenant of the module's own."""
    environ = {
        **surroundings.read(street.data / surroundings.FILE),
        PASSWORD_VARIABLE: "a quiet street at night",
    }
    tenant = f"acme-{secrets.token_hex(3)}"
    demo = create_demo(environ, people(), tenant=tenant)
    place = street.url("").rstrip("/")
    home = AtHome(place, demo.tenant, demo.email, demo.password, street.data / "mail")
    home.wait_until_in_step()
    return home
