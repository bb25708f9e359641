"""Digests: what a service holds, in 256 numbers, so that siblings compare cheaply.

UUIDv7 ids end in random bits, so their last two hex digits spread evenly.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from typing import Any

BUCKETS = tuple(f"{number:02x}" for number in range(256))


def bucket_of(id_: str) -> str:
    return id_[-2:]


def digest(versions: Iterable[tuple[str, int]]) -> dict[str, dict[str, Any]]:
    """Count and hash of every bucket that is not empty; the order of `versions` does not matter."""
    counts: dict[str, int] = {}
    sums: dict[str, int] = {}
    for id_, version in versions:
        bucket = bucket_of(id_)
        entry = hashlib.blake2b(f"{id_}:{version}".encode(), digest_size=8).digest()
        counts[bucket] = counts.get(bucket, 0) + 1
        sums[bucket] = (sums.get(bucket, 0) + int.from_bytes(entry)) % 2**64
    return {bucket: {"count": counts[bucket], "hash": f"{sums[bucket]:016x}"} for bucket in counts}
