"""What answers is loaded when it is first asked for."""

from __future__ import annotations

import inspect
import re
import subprocess
import sys
from importlib import import_module

import pytest

from staffroll_accounts.scim.routes import ROUTES, Route


def test_whoever_is_never_asked_for_scim_does_not_load_its_library() -> None:
    # With it, each web process would take nearly twice as long to start.
    code = """
import sys
import staffroll_accounts.app
print(sorted({"scim2_models", "pydantic"} & set(sys.modules)))
"""

    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)

    assert done.stdout.split() == ["[]"], done.stderr


@pytest.mark.parametrize("route", ROUTES, ids=lambda route: f"{route.method} {route.rule}")
def test_a_route_names_a_view_that_takes_what_it_is_handed(route: Route) -> None:
    view = getattr(import_module(f"staffroll_accounts.scim.{route.module}"), route.view)

    handed = set(re.findall(r"<(?:\w+:)?(\w+)>", route.rule))
    handed |= set() if route.is_public else {"scope"}
    handed |= {"at_hand"} if route.takes_at_hand else set()
    inspect.signature(view).bind(**dict.fromkeys(handed))
