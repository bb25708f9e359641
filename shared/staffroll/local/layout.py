"""Which processes a suite consists of, and where its services stand."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from staffroll.local import ports
from staffroll.service import Service


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


def together(services: Sequence[Service], port: int) -> Layout:
    """All on one port, in one web process, with one consumer process.

    Raises:
        PortTaken: Somebody listens there.
    """
    port = ports.claim(port, "--port")
    bind = f"{ports.HOST}:{port}"
    roles = (
        Role("web", ["serve", "all", "--bind", bind]),
        Role("consumer", ["consume", "all"]),
    )
    is_alone = len(services) == 1
    urls = {one.name: f"http://{bind}{'' if is_alone else one.mount}" for one in services}
    return Layout(roles, urls, f"http://{bind}/{'api' if is_alone else ''}")


def apart(services: Sequence[Service], base_port: int | None) -> Layout:
    """Each on a port of its own, with its own web and consumer process, as in production.

    Args:
        base_port: Where the lowest port goes; the others keep their distance from it.
    Raises:
        PortTaken: Somebody listens on one of them.
    """
    lowest = min(service.port for service in services)
    shift = 0 if base_port is None else base_port - lowest
    roles: list[Role] = []
    urls: dict[str, str] = {}
    for service in services:
        bind = f"{ports.HOST}:{ports.claim(service.port + shift, '--base-port')}"
        urls[service.name] = f"http://{bind}"
        environ = {"STAFFROLL_PUBLIC_URL": urls[service.name]}
        name = service.name
        roles.append(Role(f"{name}-web", ["serve", name, "--bind", bind], environ))
        roles.append(Role(f"{name}-consumer", ["consume", name], environ))
    return Layout(roles, urls, f"{urls[services[0].name]}/api")
