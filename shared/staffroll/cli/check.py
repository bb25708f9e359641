"""`staffroll check`: do all services know the same, and can what differs be mended?"""

from __future__ import annotations

import base64
import importlib.metadata
import json
import os
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final, cast

import click

from staffroll.bus.contract import BrokerAway
from staffroll.bus.topology import events_queue
from staffroll.cli.broker import open_broker
from staffroll.cli.digests import CouldNotAsk, Difference, Digest, differences
from staffroll.cli.replaying import ask_again
from staffroll.cli.tenants import all_tenants, require_tenant

TOKENS: Final = "staffroll.platform_token"
"""Entry points ``(tenant_id: str) -> str``: a token that may read every digest of a tenant."""

FOLLOWERS: Final[Mapping[str, Sequence[str]]] = {"accounts": ("scheduling", "people", "export")}
"""Who hears every event of whom. Accounts hears of scheduling only when memberships change,
so it rightly lacks versions, and comparing them would cry wolf."""

DEFAULT_URLS: Final = {
    "accounts": "http://127.0.0.1:8000/account",
    "scheduling": "http://127.0.0.1:8000/wfm",
    "people": "http://127.0.0.1:8000/people",
    "export": "http://127.0.0.1:8000/export",
}
"""Where `staffroll up` serves them."""

DIFFERS: Final = 1
UNKNOWN: Final = 2

_POLL_SECONDS: Final = 0.5


@dataclass(frozen=True, slots=True)
class Pair:
    """An owner and one of its followers, for one tenant."""

    tenant: str
    owner: str
    follower: str
    token: str

    def compare(self) -> list[Difference]:
        return differences(self._digest(self.owner), self._digest(self.follower))

    def settled(self, within_seconds: float) -> list[Difference]:
        """What still differs when events on their way have had their time."""
        deadline = time.monotonic() + within_seconds
        first = {one.id: one for one in self.compare()}
        found = list(first.values())
        while found and time.monotonic() < deadline:
            time.sleep(_POLL_SECONDS)
            # What changed meanwhile is not our question: it would never end under load.
            found = [one for one in self.compare() if one.id in first and _lags(first[one.id], one)]
        return found

    def _digest(self, service: str) -> Digest:
        return Digest(service, url_of(service), self.owner, self.token)


def url_of(service: str) -> str:
    """Where the service stands."""
    return os.environ.get(f"STAFFROLL_URL_{service.upper()}", DEFAULT_URLS[service])


@click.command()
@click.option("--tenant", "tenants", multiple=True, help="Only this one; default: all.")
@click.option("--token", envvar="STAFFROLL_TOKEN", help="Default: one is made by accounts.")
@click.option("--repair", is_flag=True, help="Have what differs told again, and compare again.")
@click.option(
    "--grace",
    "grace_seconds",
    type=click.FloatRange(0),
    default=5.0,
    show_default=True,
    help="Seconds that events on their way may take.",
)
@click.option(
    "--wait",
    "wait_seconds",
    type=click.FloatRange(0),
    default=60.0,
    show_default=True,
    help="Seconds a repair may take.",
)
@click.option(
    "--show",
    "shown",
    type=click.IntRange(0),
    default=20,
    show_default=True,
    help="Objects to name for each.",
)
def check(
    tenants: tuple[str, ...],
    token: str | None,
    *,
    repair: bool,
    grace_seconds: float,
    wait_seconds: float,
    shown: int,
) -> None:
    """Tell whether all services know the same of every user.

    Exit code 0: in step. 1: something differs. 2: a service could not be asked.
    Services are looked for at STAFFROLL_URL_ACCOUNTS, STAFFROLL_URL_SCHEDULING, …
    """
    outcomes = {0}
    try:
        for pair in _pairs(tenants, token):
            outcome = _check_one(
                pair,
                repair=repair,
                grace_seconds=grace_seconds,
                wait_seconds=wait_seconds,
                shown=shown,
            )
            outcomes.add(outcome)
    except (CouldNotAsk, BrokerAway) as error:
        click.echo(f"Error: {error}", err=True)
        outcomes.add(UNKNOWN)
    sys.exit(max(outcomes))


def _pairs(tenants: Sequence[str], token: str | None) -> Iterator[Pair]:
    if token:
        of_token = _tenant_of(token)
        if tenants and tuple(tenants) != (of_token,):
            raise CouldNotAsk(f"the token is for the tenant {of_token}")
        tenants = (of_token,)
    else:
        for tenant in tenants:
            require_tenant(tenant)
    for tenant in tenants or _every_tenant():
        bearer = token or str(token_maker()(tenant))
        for owner, followers in FOLLOWERS.items():
            for follower in followers:
                yield Pair(tenant, owner, follower, bearer)


def _check_one(
    pair: Pair, *, repair: bool, grace_seconds: float, wait_seconds: float, shown: int
) -> int:
    title = f"{pair.tenant}: {pair.owner} and {pair.follower}"
    found = pair.settled(grace_seconds)
    if found and repair:
        click.echo(f"{title}: {len(found)} differ; {pair.owner} is asked to tell them again")
        with open_broker("staffroll-check") as broker:
            ids = [one.id for one in found]
            ask_again(broker, pair.owner, events_queue(pair.follower), pair.tenant, ids)
        found = pair.settled(wait_seconds)
    if not found:
        click.echo(f"{title}: in step")
        return 0
    click.echo(f"{title}: {len(found)} differ")
    for one in found[:shown]:
        click.echo(
            f"  {one.id}  {pair.owner} {_version(one.at_owner)}, "
            f"{pair.follower} {_version(one.at_follower)}"
        )
    if len(found) > shown:
        click.echo(f"  … and {len(found) - shown} more")
    return DIFFERS


def _lags(then: Difference, now: Difference) -> bool:
    """Whether the follower has not reached what the owner had then."""
    if now.at_follower == then.at_follower:
        return True
    return then.at_owner is not None and (now.at_follower or 0) < then.at_owner


def _version(version: int | None) -> str:
    return "does not know it" if version is None else f"has version {version}"


def _tenant_of(token: str) -> str:
    """Read without verifying: it only names what is compared; the services verify."""
    try:
        claims = token.split(".")[1]
        return str(json.loads(base64.urlsafe_b64decode(claims + "=" * (-len(claims) % 4)))["tid"])
    except (IndexError, ValueError, KeyError, TypeError) as error:
        raise CouldNotAsk("the token is not an access token") from error


def _every_tenant() -> Sequence[str]:
    known = all_tenants()
    if known is None:
        raise CouldNotAsk("accounts, which knows the tenants, is not installed here: give --token")
    return known


def token_maker() -> Callable[[str], str]:
    """What makes a token that may read everything in a tenant.

    Raises:
        CouldNotAsk: Accounts, which makes them, is not installed here.
    """
    for entry in importlib.metadata.entry_points(group=TOKENS):
        return cast(Callable[[str], str], entry.load())
    raise CouldNotAsk("accounts, which makes tokens, is not installed here: give --token")
