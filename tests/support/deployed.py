"""What deployments may name: settings that are read, and commands that exist."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import fields
from functools import cache

import click
from click.testing import CliRunner

from staffroll.cli import main
from staffroll.service import installed
from staffroll.settings import PREFIX

SERVICES = ("accounts", "scheduling", "people", "export")
_NO_SUCH = 2


@cache
def known_variables() -> frozenset[str]:
    """The names of all variables that a service or a command reads."""
    services = installed()
    settings = {
        f"{PREFIX}{item.name.upper()}"
        for service in services.values()
        for item in fields(service.settings)
    }
    return frozenset(settings | {f"{PREFIX}URL_{name.upper()}" for name in services})


def refuses(command: Sequence[str], *, whole: bool = True) -> str:
    """Why `staffroll` does not know the command and its options; empty where it does.

    Args:
        whole: Something that is needed may not be missing.
    """
    context = click.Context(main)
    found: click.Command | None = main
    arguments = list(command)
    while isinstance(found, click.Group) and arguments and not arguments[0].startswith("-"):
        name = arguments.pop(0)
        found = found.get_command(context, name)
        if found is None:
            return f"there is no command {name}"
    if isinstance(found, click.Group):
        answer = CliRunner().invoke(found, arguments)
        return "" if answer.exit_code != _NO_SUCH else answer.output
    assert found is not None
    try:
        found.make_context("staffroll", arguments)
    except click.exceptions.Exit:
        return ""
    except click.MissingParameter as error:
        return error.format_message() if whole else ""
    except click.UsageError as error:
        return error.format_message()
    return ""
