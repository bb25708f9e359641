"""The roles of services as processes, and their indexes."""

from __future__ import annotations

import socket
from collections.abc import Sequence
from typing import TYPE_CHECKING, Final

import click

from staffroll.observing.workers import shared_folder

if TYPE_CHECKING:
    from staffroll.service import Service

ALL: Final = "all"
SHARED_PORT: Final = 8000


def chosen(names: Sequence[str]) -> list[Service]:
    """The services of these names; ``all`` stands for every installed one.

    Raises:
        click.UsageError: One is not installed, or none is.
    """
    from staffroll.service import installed, installed_names

    known = installed_names()
    if not known:
        raise click.UsageError("No service is installed here: pip install staffroll-accounts …")
    if ALL in names:
        return list(installed().values())
    for name in names:
        if name not in known:
            raise click.UsageError(
                f"There is no service {name!r} here; installed: {', '.join(known)}."
            )
    services = installed(names)
    return [services[name] for name in dict.fromkeys(names)]


_services = click.argument("services", nargs=-1, required=True, metavar="SERVICE...")


@click.command()
@_services
@click.option(
    "--bind", metavar="HOST:PORT", help="Where to listen; default: 127.0.0.1 and its port."
)
@click.option("--workers", type=click.IntRange(1), default=1, show_default=True)
@click.option(
    "--threads",
    type=click.IntRange(1),
    default=8,
    show_default=True,
    help="Requests that each worker works on at once; a few of them are left to other tenants.",
)
def serve(services: tuple[str, ...], bind: str | None, workers: int, threads: int) -> None:
    """Serve the API and pages of one SERVICE at the root, or of several under their mounts.

    `all` stands for every installed one.
    """
    if workers > 1:
        # Before anything imports prometheus_client, which decides at its import.
        with shared_folder():
            _serve(services, bind, workers, threads)
    else:
        _serve(services, bind, workers, threads)


def _serve(services: Sequence[str], bind: str | None, workers: int, threads: int) -> None:
    from staffroll import process
    from staffroll.logs import configure_logging
    from staffroll.observing import tracing
    from staffroll.settings import read

    wanted = chosen(services)
    port = wanted[0].port if len(wanted) == 1 else SHARED_PORT
    place = bind or f"127.0.0.1:{port}"
    # Here and not first in a worker, where gunicorn would answer with a traceback, or in
    # gunicorn itself, which tries for five seconds.
    _require_free(place)
    found = [(service, read(service.settings)) for service in wanted]
    for service, settings in found:
        tracing.require(settings)
        configure_logging(settings)
        _declare(service, settings.broker_url, settings.mongodb_uri, settings.broker_prefix)
    process.serve(wanted, bind=place, workers=workers, threads=threads)


def _require_free(bind: str, option: str = "--bind") -> None:
    host, colon, port = bind.rpartition(":")
    if not (colon and port.isascii() and port.isdigit() and int(port) < 2**16):
        raise click.UsageError(f"{option} {bind} is not of the form HOST:PORT.")
    try:
        places = socket.getaddrinfo(host.strip("[]") or None, int(port), type=socket.SOCK_STREAM)
        family, kind, _, _, address = places[0]
        with socket.socket(family, kind) as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind(address)
    except OSError as error:
        reason = error.strerror or str(error)
        raise click.ClickException(f"Nobody can listen at {bind} ({reason}).") from error


def _declare(service: Service, broker_url: str, mongodb_uri: str, prefix: str) -> None:
    """Refuse to start on a broker with other queues; one that is away may come later."""
    from staffroll import bus

    name = f"{service.name}-start"
    broker = bus.connect(broker_url, mongodb_uri=mongodb_uri, prefix=prefix, name=name)
    try:
        broker.declare()
    except bus.BrokerAway:
        pass
    finally:
        broker.close()


@click.command()
@_services
def consume(services: tuple[str, ...]) -> None:
    """Consume the events and requests of each SERVICE, and do its chores, until told to stop.

    `all` stands for every installed one. Any number of these processes may run.
    """
    from staffroll import process
    from staffroll.settings import read

    wanted = chosen(services)
    for service in wanted:
        settings = read(service.settings)  # so that none starts where another one cannot
    if settings.metrics_port:
        _require_free(f"{settings.metrics_address}:{settings.metrics_port}", "STAFFROLL_METRICS_…")
    process.consume(wanted)


@click.command()
@click.argument("services", nargs=-1, metavar="[SERVICE...]")
def indexes(services: tuple[str, ...]) -> None:
    """Make the database indexes that are missing, of each SERVICE or of all.

    Changes no document. Every process does the same when it starts; do it before that
    where much data is there already.
    """
    from staffroll.mongo import connect, ensure_indexes
    from staffroll.settings import read

    for service in chosen(services or (ALL,)):
        settings = read(service.settings)
        name = f"{service.name}-indexes"
        with connect(settings.mongodb_uri, name=name, is_patient=True) as client:
            database = client[f"{settings.mongodb_prefix}{service.name}"]
            ensure_indexes(database, service.indexes)
        click.echo(f"{service.name}: {len(service.indexes)} indexes are there")
