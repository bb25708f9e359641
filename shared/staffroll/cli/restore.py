"""`staffroll restore`: get a service in step whose database was put back to an earlier time."""

from __future__ import annotations

import sys
import time
import urllib.error
import urllib.request
from typing import Final

import click

from staffroll.bus.topology import SERVICES
from staffroll.cli.check import UNKNOWN, check, token_maker, url_of
from staffroll.cli.digests import CouldNotAsk

_DATABASE_SECONDS: Final = 30
_BROKER_SECONDS: Final = 30
_POLL_SECONDS: Final = 0.5


@click.command()
@click.argument("service", type=click.Choice(SERVICES))
@click.option(
    "--wait",
    "wait_seconds",
    type=click.FloatRange(0),
    default=600.0,
    show_default=True,
    help="Seconds that the service may take to be started, before it is compared.",
)
def restore(service: str, *, wait_seconds: float) -> None:
    """Get SERVICE in step after its database was put back to an earlier time.

    To be called while the service is stopped and its siblings run. What was deleted meanwhile
    stays deleted; what the service owns is told again, in versions above all that siblings have
    seen. Then start the service: as soon as it is ready, `staffroll check --repair` is run, whose
    exit code is this one's. Cut off, it can be called again.
    """
    if _answers(service, "/healthz"):
        raise click.ClickException(f"{service} answers at {url_of(service)}: stop it first.")
    try:
        _restore(service)
    except CouldNotAsk as error:
        raise click.ClickException(f"{error}. Call this again when it answers.") from error
    click.echo(f"Start {service} now: it is compared as soon as it is ready.")
    deadline = time.monotonic() + wait_seconds
    while not _answers(service, "/readyz"):
        if time.monotonic() > deadline:
            click.echo(f"{service} is not ready: call `staffroll check --repair` when it is.")
            sys.exit(UNKNOWN)
        time.sleep(_POLL_SECONDS)
    click.get_current_context().invoke(check, repair=True)


def _restore(name: str) -> None:
    from staffroll.cli.siblings import HttpSiblings
    from staffroll.errors import DatabaseAway
    from staffroll.restoring import NotAllApplied
    from staffroll.service import installed

    service = installed([name]).get(name)
    if service is None:
        raise click.ClickException(f"{name} is not installed here.")
    runtime = service.runtime("command")
    try:
        if not runtime.wait_until_usable(_DATABASE_SECONDS):
            raise DatabaseAway
        if not runtime.wait_for_broker(_BROKER_SECONDS):
            raise click.ClickException("The broker is away, and nobody would hear of anything.")
        siblings = HttpSiblings(name, _token)
        for said in service.restore(runtime, siblings):
            click.echo(said)
    except NotAllApplied as error:
        raise click.ClickException(str(error)) from error
    finally:
        runtime.close()


def _token(tenant_id: str) -> str:
    return token_maker()(tenant_id)


def _answers(service: str, path: str) -> bool:
    try:
        with urllib.request.urlopen(f"{url_of(service)}{path}", timeout=5):  # noqa: S310 - ours
            return True
    except OSError:
        return False
