"""The audit trail as a chain: each line carries the hash of the one before (R9).

What may have to be erased, the address, stands beside the hash: a line's hash covers
only ``SHA-256(salt + value)``, so that erasing value and salt leaves the chain whole.
"""

from __future__ import annotations

import hashlib
import json
import secrets
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final

Line = dict[str, Any]
"""As stored: ``_id``, ``tenant_id``, ``n``, ``at``, ``action``, ``actor``, ``subject``,
``changed``, ``correlation_id``, ``commitments``, ``previous``, ``hash``; ``personal``, by
the names of ``commitments``, until it is erased."""

START: Final = "0" * 64
"""What the first line has as the hash of the one before."""

PERSONAL: Final = ("address",)
_HASHED: Final = (
    "_id",
    "tenant_id",
    "n",
    "at",
    "action",
    "actor",
    "subject",
    "changed",
    "correlation_id",
    "commitments",
    "previous",
)
_SALT_BYTES: Final = 16


@dataclass(frozen=True, slots=True)
class Break:
    """The first line that is not as it was written.

    Attributes:
        n: Its number, or the one that is missing.
    """

    n: int
    reason: str


@dataclass(frozen=True, slots=True)
class Verdict:
    """What became of a trail: how many lines are good, and where it breaks, if anywhere."""

    lines: int
    broken: Break | None = None


def chained(entry: Mapping[str, Any], tenant_id: str, n: int, previous: str) -> Line:
    """The entry, as it waits in a document, as line `n` of its tenant's trail."""
    personal = {
        name: {"value": entry[name], "salt": secrets.token_hex(_SALT_BYTES)}
        for name in PERSONAL
        if entry.get(name) is not None
    }
    line: Line = {
        "_id": entry["id"],
        "tenant_id": tenant_id,
        "n": n,
        "at": entry["at"],
        "action": entry["action"],
        "actor": entry["actor"],
        "subject": entry["subject"],
        "changed": list(entry["changed"]),
        "correlation_id": entry.get("correlation_id"),
        "commitments": {name: _commitment(part) for name, part in personal.items()},
        "previous": previous,
    }
    line["hash"] = _hash(line)
    if personal:
        line["personal"] = personal
    return line


def verify(lines: Iterable[Line], tenant_id: str, head: tuple[int, str] | None = None) -> Verdict:
    """Whether the lines, in the order of their numbers, are the trail that was written.

    Args:
        head: Number and hash of a line that is known to have been written, so that an end
            that was cut off is missed.
    """
    n, previous = 0, START
    for line in lines:
        reason = _objection(line, tenant_id, n + 1, previous)
        if reason is not None:
            return Verdict(n, Break(n + 1, reason))
        n, previous = line["n"], line["hash"]
        if head is not None and head[0] == n and head[1] != previous:
            return Verdict(n - 1, Break(n, "is not the one that was written"))
    if head is not None and head[0] > n:
        return Verdict(n, Break(n + 1, "is missing"))
    return Verdict(n)


def _objection(line: Line, tenant_id: str, n: int, previous: str) -> str | None:
    if not {*_HASHED, "hash"} <= line.keys() <= {*_HASHED, "hash", "personal"}:
        return "has other fields than a line has"
    if type(line["n"]) is not int or line["n"] != n:
        return "is missing"
    if line["tenant_id"] != tenant_id or line["previous"] != previous:
        return "does not follow the line before it"
    try:
        fits = line["hash"] == _hash(line) and _personal_fits(line)
    except (AttributeError, KeyError, TypeError, ValueError):
        fits = False
    return None if fits else "was changed"


def _personal_fits(line: Line) -> bool:
    """Erased as a whole, or as it was committed to."""
    if "personal" not in line:
        return True
    personal, commitments = line["personal"], line["commitments"]
    return personal.keys() == commitments.keys() and all(
        part.keys() == {"value", "salt"} and _commitment(part) == commitments[name]
        for name, part in personal.items()
    )


def _commitment(part: Mapping[str, str]) -> str:
    # The salt's length is fixed, so that no other pair of salt and value reads the same.
    if len(part["salt"]) != 2 * _SALT_BYTES:
        raise ValueError("salt")
    return hashlib.sha256((part["salt"] + part["value"]).encode()).hexdigest()


def _hash(line: Line) -> str:
    """SHA-256 over the canonical JSON of all but what may be erased."""
    hashed = {name: line[name] for name in _HASHED}
    hashed["at"] = _moment(line["at"])
    text = json.dumps(
        hashed, ensure_ascii=False, sort_keys=True, separators=(",", ":"), allow_nan=False
    )
    return hashlib.sha256(text.encode()).hexdigest()


def _moment(at: datetime) -> str:
    return at.astimezone(UTC).isoformat(timespec="milliseconds")
