"""The group behind `staffroll`: imports a command when it is called, and never shows a
traceback for what a person at the terminal can mend."""

from __future__ import annotations

import copy
import importlib
import importlib.metadata
from collections.abc import Callable, Collection, Mapping
from contextlib import AbstractContextManager, nullcontext
from functools import wraps
from typing import Any, Final

import click

from staffroll.cli.expected import sentence_for

SERVICES: Final = "staffroll.services"


class LazyGroup(click.Group):
    """Our own commands by address, and behind them what the installed services offer.

    Args:
        own: ``module:attribute`` and a short help by command name.
        within: Entered when a command really runs, and not for its help or a wrong usage.
        alone: The commands that run without it.
    """

    def __init__(
        self,
        *args: Any,
        own: Mapping[str, tuple[str, str]],
        within: Callable[[], AbstractContextManager[None]] = nullcontext,
        alone: Collection[str] = (),
        **kwargs: Any,
    ) -> None:
        super().__init__(*args, **kwargs)
        self._own = own
        self._within = within
        self._alone = alone
        self._contributed: dict[str, click.Command] | None = None

    def list_commands(self, ctx: click.Context) -> list[str]:
        return [*self._own, *sorted(self._from_services())]

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        command = self._find(cmd_name)
        if command is None or cmd_name in self._alone:
            return command
        return _running_within(command, self._within)

    def _find(self, cmd_name: str) -> click.Command | None:
        if cmd_name in self._own:
            module, attribute = self._own[cmd_name][0].split(":")
            command: click.Command = getattr(importlib.import_module(module), attribute)
            return command
        return self._from_services().get(cmd_name)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        rows = [(name, help_text) for name, (_, help_text) in self._own.items()]
        with formatter.section("Commands"):
            formatter.write_dl(rows)
        offered = sorted(self._from_services().items())
        rows = [(name, one.get_short_help_str(80)) for name, one in offered if not one.hidden]
        if rows:
            with formatter.section("Commands of the installed services"):
                formatter.write_dl(rows)

    def invoke(self, ctx: click.Context) -> Any:
        try:
            return super().invoke(ctx)
        except Exception as error:
            sentence = sentence_for(error)
            if sentence is None:
                raise
            raise click.ClickException(sentence) from error

    def _from_services(self) -> dict[str, click.Command]:
        if self._contributed is None:
            self._contributed = _contributed_commands()
        return self._contributed


def _running_within(
    command: click.Command, within: Callable[[], AbstractContextManager[None]]
) -> click.Command:
    wrapped = copy.copy(command)
    callback = command.callback
    if isinstance(wrapped, click.Group):
        wrapped.commands = {
            name: _running_within(one, within) for name, one in wrapped.commands.items()
        }
    elif callback is not None:

        @wraps(callback)
        def run(*args: Any, **kwargs: Any) -> Any:
            with within():
                return callback(*args, **kwargs)

        wrapped.callback = run
    return wrapped


def _contributed_commands() -> dict[str, click.Command]:
    if not importlib.metadata.entry_points(group=SERVICES):
        return {}
    try:
        from staffroll.service import installed

        services = installed()
    except ImportError as error:
        # One broken installation must not take the commands away that help to mend it.
        click.echo(f"Warning: the services' own commands are missing ({error}).", err=True)
        return {}
    return {
        command.name: command
        for service in services.values()
        for command in service.commands
        if command.name
    }
