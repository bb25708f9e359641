"""Identifiers: UUIDv7 strings, so that they sort by the time they were made (RFC 9562)."""

import hashlib
import re
import uuid
from datetime import UTC, datetime
from typing import Final

import uuid_utils

# To Python, "$" also stands before a line feed at the end; the look-ahead forbids that, and
# unlike "\Z" it means the same in JSON Schema.
UUID_PATTERN: Final = re.compile(
    r"^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$(?!\n)"
)
TENANT_PATTERN: Final = re.compile(r"^[a-z][a-z0-9-]{1,38}[a-z0-9]$(?!\n)")

_SEVEN: Final = 7
_VERSION_BITS: Final = 0xF << 76 | 0b11 << 62
_VERSION_7: Final = 7 << 76 | 0b10 << 62


def new_id() -> str:
    """A fresh UUIDv7, lower case, with hyphens."""
    return str(uuid_utils.uuid7())


def made_at(id_: str) -> datetime | None:
    """When a UUIDv7 was made, to the millisecond; None where it is no UUIDv7."""
    found = uuid.UUID(id_)
    if found.version != _SEVEN:
        return None
    return datetime.fromtimestamp((found.int >> 80) / 1000, UTC)


def derived_id(source: str, name: str) -> str:
    """A UUIDv7 of the moment of `source`, always the same for the same two.

    Args:
        source: A UUIDv7.
        name: Such as the number of a line: what is made from `source` under it is made once.
    """
    moment = uuid.UUID(source).int >> 80 << 80
    noise = int.from_bytes(hashlib.sha256(f"{source}:{name}".encode()).digest()[:10])
    return str(uuid.UUID(int=moment | noise & ~_VERSION_BITS | _VERSION_7))
