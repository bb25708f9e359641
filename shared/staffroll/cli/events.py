"""`staffroll events`: watch them go by, or have owners tell them again."""

from __future__ import annotations

import queue
from collections.abc import Mapping, Sequence
from typing import Final

import click

from staffroll.bus.contract import Broker, Delivery
from staffroll.bus.topology import SERVICES, events_queue
from staffroll.cli.broker import open_broker
from staffroll.cli.replaying import ask_again
from staffroll.cli.tenants import require_subjects, require_tenant
from staffroll.events import Event, NotAnEvent
from staffroll.ids import new_id

NAME: Final = "staffroll-events"

TOLD_BY: Final[Mapping[str, Sequence[str]]] = {
    "accounts": ("scheduling",),
    "scheduling": ("accounts",),
    "people": ("accounts",),
    "export": ("accounts",),
}
"""Whose objects each service hears of; follows `staffroll.bus.topology.EVENT_PATTERNS`."""


@click.group()
def events() -> None:
    """Watch events, or have them told again."""


@events.command()
@click.option("--tenant", default="*", help="Only this tenant's.")
@click.option("--type", "pattern", default="#", help="Such as user.created, or user.#.")
@click.option("--json", "as_json", is_flag=True, help="Whole CloudEvents, personal data included.")
@click.option("--limit", type=click.IntRange(1), help="End after so many; default: Ctrl-C.")
def tail(tenant: str, pattern: str, *, as_json: bool, limit: int | None) -> None:
    """Print events as they are published; takes none away from anybody."""
    if tenant != "*":
        require_tenant(tenant)
    with open_broker(NAME) as broker:
        name = f"tail.{new_id()}"
        broker.open_queue(name, [f"{tenant}.{pattern}"], expires_seconds=60)
        click.echo(f"Waiting for {tenant}.{pattern}; Ctrl-C ends this.", err=True)
        try:
            _follow(broker, name, as_json=as_json, limit=limit)
        except KeyboardInterrupt:
            click.echo(err=True)
        finally:
            broker.close_queue(name)


def _follow(broker: Broker, name: str, *, as_json: bool, limit: int | None) -> None:
    bodies: queue.SimpleQueue[bytes] = queue.SimpleQueue()

    def deliver(delivery: Delivery) -> None:
        bodies.put(delivery.body)
        delivery.ack()

    receiver = broker.receiver([name], deliver)
    seen = 0
    try:
        while limit is None or seen < limit:
            body = bodies.get()
            click.echo(body.decode(errors="replace") if as_json else _line(body))
            seen += 1
    finally:
        receiver.stop(1.0)


def _line(body: bytes) -> str:
    """Without personal data: a terminal is no place to erase from."""
    try:
        event = Event.from_json(body)
    except NotAnEvent as error:
        return f"(not an event: {error})"
    told = event.time.isoformat(timespec="milliseconds")
    changed = ",".join(event.data.get("changed") or ())
    again = "  (told again)" if event.replay else ""
    return (
        f"{told}  {event.tenant_id}  {event.type}  {event.subject}  v{event.sequence}"
        f"  by {event.actor}  {changed}{again}"
    ).rstrip()


@events.command()
@click.option("--to", "follower", required=True, type=click.Choice(SERVICES))
@click.option(
    "--from",
    "owners",
    multiple=True,
    type=click.Choice(["accounts", "scheduling", "people"]),
    help="Whose objects; default: all that the service follows.",
)
@click.option("--tenant", help="Only this tenant's.")
@click.option("--subject", "subjects", multiple=True, metavar="ID", help="Only these ids.")
def replay(
    follower: str, owners: tuple[str, ...], tenant: str | None, subjects: tuple[str, ...]
) -> None:
    """Ask owners to tell one service their objects as they are now.

    Harmless at any time: a service ignores what it knows already.
    """
    # What is malformed would be asked for all the same, and end among the owner's dead letters.
    require_subjects(subjects)
    if tenant is not None:
        require_tenant(tenant)
    with open_broker(NAME) as broker:
        for owner in owners or TOLD_BY[follower]:
            ask_again(broker, owner, events_queue(follower), tenant, subjects)
            what = f"{len(subjects)} objects" if subjects else "all its objects"
            whose = f" of {tenant}" if tenant else ""
            click.echo(f"Asked {owner} to tell {follower} {what}{whose}.")
