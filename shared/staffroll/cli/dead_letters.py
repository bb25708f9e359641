"""`staffroll dead-letters`: messages that could not be applied, until a person decides."""

from __future__ import annotations

import json
from collections.abc import Collection, Sequence
from typing import Final

import click

from staffroll.bus.contract import DeadLetter, DeadLetters
from staffroll.bus.topology import SERVICES
from staffroll.cli.broker import open_broker

NAME: Final = "staffroll-dead-letters"

_MOST: Final = 10_000

_HELP: Final = "Whose dead letters: one of ours, or a subscriber of another team."

_service = click.option("--service", help=_HELP)
_one_service = click.option("--service", required=True, help=_HELP)
_ids = click.argument("ids", nargs=-1, metavar="[ID...]")
_all = click.option("--all", "everything", is_flag=True, help="All of them, instead of some ids.")


@click.group("dead-letters")
def dead_letters() -> None:
    """Look at messages that could not be applied; retry or drop them."""


@dead_letters.command("list")
@_service
@click.option("--limit", type=click.IntRange(1), default=100, show_default=True)
def list_(service: str | None, limit: int) -> None:
    """List them, the oldest first; changes nothing."""
    with open_broker(NAME) as broker:
        for name in [service] if service else SERVICES:
            grave = broker.dead_letters(name)
            click.echo(f"{name}: {grave.count()}")
            for letter in grave.list(limit):
                click.echo(f"  {_line(letter)}")


@dead_letters.command()
@_one_service
@_ids
def show(service: str, ids: tuple[str, ...]) -> None:
    """Show them whole, personal data included; changes nothing."""
    with open_broker(NAME) as broker:
        letters = broker.dead_letters(service)
        found = [letter for letter in letters.list(_MOST) if not ids or letter.id in ids]
    for letter in found:
        click.echo(f"{_line(letter)}\n{_readable(letter.body)}\n")
    _name_missing(set(ids) - {letter.id for letter in found})


@dead_letters.command()
@_one_service
@_all
@_ids
def retry(service: str, ids: tuple[str, ...], *, everything: bool) -> None:
    """Put them back into the queue they died in, to be applied once more."""
    wanted = _wanted(ids, everything=everything)
    with open_broker(NAME) as broker:
        letters = broker.dead_letters(service)
        missing = _missing(letters, ids)
        click.echo(f"{letters.retry(wanted)} put back")
    _name_missing(missing)


@dead_letters.command()
@_one_service
@_all
@_ids
def drop(service: str, ids: tuple[str, ...], *, everything: bool) -> None:
    """Forget them for ever. `staffroll check` tells whether that left a difference."""
    wanted = _wanted(ids, everything=everything)
    with open_broker(NAME) as broker:
        letters = broker.dead_letters(service)
        missing = _missing(letters, ids)
        click.echo(f"{letters.drop(wanted)} dropped")
    _name_missing(missing)


def _wanted(ids: tuple[str, ...], *, everything: bool) -> tuple[str, ...] | None:
    if everything == bool(ids):
        raise click.UsageError("Name ids, or say --all.")
    return None if everything else ids


def _missing(letters: DeadLetters, ids: Sequence[str]) -> set[str]:
    return set(ids) - {letter.id for letter in letters.list(_MOST)} if ids else set()


def _name_missing(ids: Collection[str]) -> None:
    if ids:
        raise click.ClickException(f"Not among them: {', '.join(sorted(ids))}.")


def _line(letter: DeadLetter) -> str:
    died = letter.died_at.isoformat(timespec="seconds")
    error = f" ({letter.error})" if letter.error else ""
    return f"{letter.id}  {died}  {letter.queue}  {letter.type}  {letter.reason}{error}"


def _readable(body: bytes) -> str:
    try:
        return json.dumps(json.loads(body), indent=2, ensure_ascii=False)
    except ValueError:
        return repr(body)
