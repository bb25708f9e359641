"""Where a browser finds the services, and what stands in the bars at the top of each page."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import urlsplit

from flask import current_app, request

from staffroll.scope import Scope
from staffroll.settings import ServiceSettings
from staffroll.web.pages.words import lazy_gettext

_EXTENSION: Final = "staffroll.places"


@dataclass(frozen=True, slots=True)
class Entry:
    """One entry of an area's bar.

    Attributes:
        service: Whose page it is.
        path: In that service.
        permission: Who sees the entry; None: everybody.
    """

    label: object
    service: str
    path: str
    permission: str | None


@dataclass(frozen=True, slots=True)
class Area:
    """One entry of the top bar, with the entries of its own bar."""

    label: object
    entries: Sequence[Entry]

    def seen_by(self, scope: Scope[Any]) -> list[Entry]:
        """What of it the reader may open."""
        return [
            entry
            for entry in self.entries
            if entry.permission is None or scope.actor.may(entry.permission)
        ]


AREAS: Final = (
    Area(
        lazy_gettext("Account"),
        [
            Entry(lazy_gettext("Users"), "accounts", "/users", "accounts.users:read"),
            Entry(lazy_gettext("Roles"), "accounts", "/roles", "accounts.roles:read"),
            Entry(lazy_gettext("Imports"), "accounts", "/imports", "accounts.imports:edit"),
            Entry(lazy_gettext("Plugins"), "accounts", "/plugins", "accounts.plugins:read"),
            Entry(lazy_gettext("Export"), "export", "/", "export.users:read"),
            Entry(
                lazy_gettext("Organisation"), "accounts", "/organisation", "accounts.tenant:read"
            ),
            Entry(lazy_gettext("Security"), "accounts", "/security", "accounts.security:read"),
            Entry(lazy_gettext("Audit trail"), "accounts", "/audit", "accounts.audit:read"),
        ],
    ),
    Area(
        lazy_gettext("WFM"),
        [
            Entry(
                lazy_gettext("Employees"), "scheduling", "/employees", "scheduling.employees:read"
            ),
            Entry(
                lazy_gettext("Catalogues"), "scheduling", "/catalogues", "scheduling.catalogue:read"
            ),
            Entry(lazy_gettext("Billing"), "scheduling", "/billing", "scheduling.billing:read"),
        ],
    ),
    Area(
        lazy_gettext("People"),
        [Entry(lazy_gettext("People"), "people", "/people", "people.profile:read")],
    ),
)
"""A page group adds its entry here once it is there."""

MOUNTS: Final[Mapping[str, str]] = {
    "accounts": "/account",
    "scheduling": "/wfm",
    "people": "/people",
    "export": "/export",
}
"""Where they stand when all share one port."""

PORTS: Final[Mapping[str, int]] = {
    "accounts": 8101,
    "scheduling": 8102,
    "people": 8103,
    "export": 8104,
}
"""Where they stand when each has its own."""


class Places:
    """The addresses of the services, as a browser needs them on a page of `service`."""

    def __init__(self, service: str, settings: ServiceSettings) -> None:
        self.service = service
        self._known = {
            name: str(getattr(settings, f"public_url_{name}")).rstrip("/") for name in MOUNTS
        }
        self._own = self._known[service] or settings.public_url.rstrip("/")

    def url(self, service: str) -> str:
        """Where `service` begins, without a slash at the end.

        Only the path, where it has this page's origin: so whatever name of the host people
        typed, they stay there.
        """
        if service == self.service:
            return request.script_root
        known = self._known[service]
        if known:
            is_here = _origin(known) == _origin(self._own)
            return urlsplit(known).path if is_here else known
        mount = MOUNTS[self.service]
        if request.script_root.endswith(mount):
            return request.script_root.removesuffix(mount) + MOUNTS[service]
        return f"{request.scheme}://{request.host.partition(':')[0]}:{PORTS[service]}"

    def here(self) -> str:
        """The present address, for coming back from a page of accounts."""
        query = f"?{request.query_string.decode()}" if request.query_string else ""
        path = f"{request.script_root}{request.path}{query}"
        if self.url("accounts").startswith("/") or self.service == "accounts":
            return path
        return self._origin_here() + path

    def safe(self, address: str | None) -> str | None:
        """The address, where it leads to one of our services; else None.

        Whatever a browser might read as another host is refused: so nobody is sent away by a
        link that begins with our name.
        """
        if not address or not address.isprintable() or "\\" in address or " " in address:
            return None
        if address.startswith("/"):
            return None if address.startswith("//") else address
        return address if _origin(address) in self.origins() else None

    def origins(self) -> set[str]:
        """The origins of all services, this one's included."""
        absolute = (self.url(name) for name in MOUNTS)
        found = {_origin(url) for url in absolute if not url.startswith("/")} - {""}
        return found | {self._origin_here()}

    @property
    def is_secure(self) -> bool:
        """Whether people reach us by https."""
        return request.is_secure or self._own.startswith("https:")

    def _origin_here(self) -> str:
        return _origin(self._own) or f"{request.scheme}://{request.host}"


def _origin(url: str) -> str:
    try:
        parts = urlsplit(url)
    except ValueError:
        return ""
    if parts.scheme not in ("http", "https") or not parts.hostname or "@" in parts.netloc:
        return ""
    return f"{parts.scheme}://{parts.netloc.lower()}"


def areas(scope: Scope[Any]) -> Iterator[tuple[Area, list[Entry]]]:
    """The areas in which the reader may open something, with what that is."""
    for area in AREAS:
        entries = area.seen_by(scope)
        if entries:
            yield area, entries


def install(app: Any, places: Places) -> None:
    app.extensions[_EXTENSION] = places


def current() -> Places:
    """The places of the app that answers now."""
    places: Places = current_app.extensions[_EXTENSION]
    return places
