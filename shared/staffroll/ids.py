"""Identifiers: UUIDv7 strings, so that they sort by the time they were made (RFC 9562)."""

import re
from typing import Final

import uuid_utils

# To Python, "$" also stands before a line feed at the end; the look-ahead forbids that, and
# unlike "\Z" it means the same in JSON Schema.
UUID_PATTERN: Final = re.compile(
    r"^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$(?!\n)"
)
TENANT_PATTERN: Final = re.compile(r"^[a-z][a-z0-9-]{1,38}[a-z0-9]$(?!\n)")


def new_id() -> str:
    """A fresh UUIDv7, lower case, with hyphens."""
    return str(uuid_utils.uuid7())
