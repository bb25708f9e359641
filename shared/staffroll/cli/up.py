"""`staffroll up`."""

from __future__ import annotations

import contextlib
import os
from pathlib import Path

import click

from staffroll.cli.surroundings import DATA_VARIABLE, DEFAULT_DATA


@click.command()
@click.option(
    "--data",
    type=click.Path(path_type=Path),
    envvar=DATA_VARIABLE,
    default=DEFAULT_DATA,
    show_default=True,
    help="Folder for database, logs, mail and secrets; made if missing.",
)
@click.option("--port", type=click.IntRange(0, 65535), default=8000, show_default=True)
@click.option(
    "--apart", "is_apart", is_flag=True, help="Each service with processes and a port of its own."
)
@click.option(
    "--base-port", type=click.IntRange(1024, 65000), help="With --apart: the lowest port."
)
@click.option("--demo/--no-demo", "with_demo", default=True, help="Fill an empty database.")
def up(data: Path, *, port: int, is_apart: bool, base_port: int | None, with_demo: bool) -> None:
    """Run everything on this machine until Ctrl-C; the next start finds the data again.

    STAFFROLL_MONGODB_URI, STAFFROLL_BROKER_URL and STAFFROLL_SMTP_URL put it on real
    servers instead of its own.
    """
    from staffroll.local.up import Plan, run
    from staffroll.service import installed

    plan = Plan(data, port, is_apart, base_port, with_demo)
    run(plan, list(installed().values()), os.environ, _say)


def _say(line: str) -> None:
    # The suite goes on when nobody reads any more: a closed terminal, or `| head`.
    with contextlib.suppress(OSError):
        click.echo(line)
