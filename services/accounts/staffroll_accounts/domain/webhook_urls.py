"""Where webhooks may lead: the form of their URLs, and which addresses may be reached. Pure.

A tenant's admin chooses the URL, and our own network trusts who connects from inside it; so
that a webhook must not become a way in (server-side request forgery).
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from ipaddress import (
    IPv4Address,
    IPv4Network,
    IPv6Address,
    IPv6Network,
    ip_address,
    ip_network,
)
from typing import Final
from urllib.parse import urlsplit

from staffroll.errors import FieldError
from staffroll_accounts.domain.errors import WebhookUrlRefused

Address = IPv4Address | IPv6Address
Network = IPv4Network | IPv6Network

URL_MAX_CHARACTERS: Final = 2000

_PORTS: Final = {"https": 443, "http": 80}
_PRINTABLE: Final = re.compile(r"[!-\[\]-~]+")
"""ASCII without spaces and backslashes, which programs read in different ways."""

_LABEL: Final = r"[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?"
_NAME: Final = re.compile(rf"(?=.{{1,253}}\Z)(?:{_LABEL}\.)*{_LABEL}")
_NUMBER: Final = re.compile(r"[0-9]+|0x[0-9a-f]*")
"""As the last part of a name it makes an address of it: ``127.1``, ``0x7f000001``."""

_NAT64: Final = IPv6Network("64:ff9b::/96")
_GLOBAL_UNICAST: Final = IPv6Network("2000::/3")
_SPECIAL: Final = tuple(
    map(
        ip_network,
        (
            *("0.0.0.0/8", "10.0.0.0/8", "100.64.0.0/10", "127.0.0.0/8", "169.254.0.0/16"),
            *("172.16.0.0/12", "192.0.0.0/24", "192.0.2.0/24", "192.88.99.0/24"),
            *("192.168.0.0/16", "198.18.0.0/15", "198.51.100.0/24", "203.0.113.0/24"),
            *("224.0.0.0/4", "240.0.0.0/4"),
            # Teredo and 6to4 among them, which lead to an IPv4 address of anybody's choice.
            *("2001::/23", "2001:db8::/32", "2002::/16", "3fff::/20"),
        ),
    )
)
"""What is not the public internet, after IANA's registries of special-purpose addresses; here,
since the version of Python decides what `ipaddress` knows of them."""


@dataclass(frozen=True, slots=True)
class Target:
    """A URL in the parts that a request is made of.

    Attributes:
        host: A name in lower case, or a literal address without brackets.
        path: With the query, which may hold a secret.
    """

    is_tls: bool
    host: str
    port: int
    path: str = field(repr=False)

    @property
    def host_header(self) -> str:
        shown = f"[{self.host}]" if ":" in self.host else self.host
        is_usual = self.port == _PORTS["https" if self.is_tls else "http"]
        return shown if is_usual else f"{shown}:{self.port}"


@dataclass(frozen=True, slots=True)
class Reach:
    """Which addresses webhooks may reach.

    Attributes:
        networks: Those besides the public internet; in them without TLS, too.
    """

    networks: tuple[Network, ...] = ()

    @classmethod
    def read(cls, text: str) -> Reach:
        """Of networks separated by commas. Raises `ValueError`."""
        return cls(tuple(ip_network(one.strip()) for one in text.split(",") if one.strip()))

    def allows(self, address: Address, *, is_tls: bool) -> bool:
        """Whether a request may be sent to the address."""
        real = _unwrapped(address)
        if any(real in network for network in self.networks):
            return True
        return is_tls and is_public(real)

    def target(self, url: str) -> Target:
        """What the URL says, if webhooks may lead there as far as can be told without asking a
        name server.

        Raises:
            WebhookUrlRefused: They may not, or it is none.
        """
        target = _parsed(url)
        if not target.is_tls and not self.networks:
            raise _refused("url_not_https", "Must begin with https://.")
        literal = _literal(target.host)
        if literal is not None and not self.allows(literal, is_tls=target.is_tls):
            raise _refused("address_not_public", "Must not lead to a private address.")
        return target


def host_of(url: str) -> str:
    """As much of a URL as people may be told: what comes behind it may hold a secret."""
    return urlsplit(url).hostname or ""


def is_public(address: Address) -> bool:
    """Whether the address is one of the public internet, and of one machine there."""
    real = _unwrapped(address)
    if isinstance(real, IPv6Address) and real not in _GLOBAL_UNICAST:
        return False
    return real.is_global and not any(real in network for network in _SPECIAL)


def _unwrapped(address: Address) -> Address:
    """The IPv4 address that an IPv6 address stands for, where it does (RFC 4291, RFC 6052)."""
    if isinstance(address, IPv4Address):
        return address
    if address.ipv4_mapped is not None:
        return address.ipv4_mapped
    if address in _NAT64:
        return IPv4Address(int(address) & 0xFFFF_FFFF)
    return address


def _parsed(url: str) -> Target:
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError as error:
        raise _no_url() from error
    host = (parts.hostname or "").lower()
    is_whole = (
        len(url) <= URL_MAX_CHARACTERS
        and _PRINTABLE.fullmatch(url) is not None
        and parts.scheme in _PORTS
        and "@" not in parts.netloc
        and not parts.netloc.endswith(":")
        and "#" not in url
        and port != 0
        and _is_host(host, is_bracketed=parts.netloc.startswith("["))
    )
    if not is_whole:
        raise _no_url()
    path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    return Target(parts.scheme == "https", host, port or _PORTS[parts.scheme], path)


def _is_host(host: str, *, is_bracketed: bool) -> bool:
    literal = _literal(host)
    if is_bracketed:
        return isinstance(literal, IPv6Address) and literal.scope_id is None
    if literal is not None:
        return True
    is_address = _NUMBER.fullmatch(host.rpartition(".")[2]) is not None
    return _NAME.fullmatch(host) is not None and not is_address


def _literal(host: str) -> Address | None:
    try:
        return ip_address(host)
    except ValueError:
        return None


def _no_url() -> WebhookUrlRefused:
    return _refused(
        "url_invalid",
        "Must be a URL such as https://hooks.example.org/staffroll, without user or fragment.",
    )


def _refused(code: str, wording: str) -> WebhookUrlRefused:
    return WebhookUrlRefused(FieldError(code, wording))
