"""Which processes a suite consists of, and where its services stand."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

from staffroll.local import ports
from staffroll.service import Service

METRICS_PORT: Final = "STAFFROLL_METRICS_PORT"


@dataclass(frozen=True, slots=True)
class Role:
    """One process to be.

    Attributes:
        name: For people and for its log.
        arguments: What `staffroll` is called with.
        environ: What it gets besides the suite's settings.
    """

    name: str
    arguments: Sequence[str]
    environ: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Layout:
    """A suite on paper.

    Attributes:
        urls: Where each service stands, without a slash at the end.
        home: Where a person begins to look around.
    """

    roles: Sequence[Role]
    urls: Mapping[str, str]
    home: str

    def settings(self) -> dict[str, str]:
        """Variables that tell everybody where the services are, and links where people are."""
        return {
            f"STAFFROLL_{kind}_{name.upper()}": url
            for kind in ("URL", "PUBLIC_URL")
            for name, url in self.urls.items()
        }


def together(services: Sequence[Service], port: int, metrics_port: int = 0) -> Layout:
    """All on one port, in one web process, with one consumer process.

    Args:
        metrics_port: Of the consumer; 0 for any free one.
    Raises:
        PortTaken: Somebody listens there.
    """
    port = ports.claim(port, "--port")
    bind = f"{ports.HOST}:{port}"
    roles = (
        Role("web", ["serve", "all", "--bind", bind]),
        Role("consumer", ["consume", "all"], _metrics_at(metrics_port)),
    )
    is_alone = len(services) == 1
    urls = {one.name: f"http://{bind}{'' if is_alone else one.mount}" for one in services}
    home = _first_page(urls) if is_alone else f"http://{bind}/"
    return Layout(roles, urls, home)


def apart(services: Sequence[Service], base_port: int | None, metrics_port: int = 0) -> Layout:
    """Each on a port of its own, with its own web and consumer process, as in production.

    Args:
        base_port: Where the lowest port goes; the others keep their distance from it.
        metrics_port: Of the first consumer, those of the others follow; 0 for any free ones.
    Raises:
        PortTaken: Somebody listens on one of them.
    """
    lowest = min(service.port for service in services)
    shift = 0 if base_port is None else base_port - lowest
    roles: list[Role] = []
    urls: dict[str, str] = {}
    for number, service in enumerate(services):
        bind = f"{ports.HOST}:{ports.claim(service.port + shift, '--base-port')}"
        urls[service.name] = f"http://{bind}"
        environ = {"STAFFROLL_PUBLIC_URL": urls[service.name]}
        name = service.name
        roles.append(Role(f"{name}-web", ["serve", name, "--bind", bind], environ))
        watched = _metrics_at(metrics_port + number if metrics_port else 0)
        roles.append(Role(f"{name}-consumer", ["consume", name], {**environ, **watched}))
    return Layout(roles, urls, _first_page(urls))


def _first_page(urls: Mapping[str, str]) -> str:
    """Where people sign in, else where the only service's API can be tried."""
    if "accounts" in urls:
        return f"{urls['accounts']}/"
    return f"{next(iter(urls.values()))}/api"


def _metrics_at(port: int) -> dict[str, str]:
    return {METRICS_PORT: str(ports.claim(port, METRICS_PORT))}
