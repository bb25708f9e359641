"""Passwords that are known from breaches are refused, without asking the network.

Looked up in a file of sorted 8-byte beginnings of SHA-1 hashes, which this module makes from
the list that haveibeenpwned.com offers for download. It is mapped, not read: a billion
entries cost a few page reads for each password. Without a file, the 30,000 commonest
passwords that zxcvbn knows are refused.
"""

from __future__ import annotations

import hashlib
import mmap
import os
import sys
from bisect import bisect_left
from collections.abc import Iterable, Iterator, Sequence
from functools import cache
from pathlib import Path
from typing import Final

from zxcvbn.frequency_lists import FREQUENCY_LISTS

from staffroll.plugins import Candidate, Description, Objection, Text, hookimpl

VARIABLE: Final = "STAFFROLL_BREACHED_PASSWORDS"
"""Names the file; set by the platform team."""

WIDTH: Final = 8
_TEXT: Final[Text] = {
    "en": "It is not known from a breach of another site.",
    "de": "Es ist nicht aus einem Datenleck einer anderen Seite bekannt.",
}


class _File(Sequence[bytes]):
    """The entries of a file, as a sorted sequence."""

    def __init__(self, path: Path) -> None:
        with path.open("rb") as file:
            self._map = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)
        if len(self._map) % WIDTH:
            raise ValueError(f"{path} has not been made by this module")

    def __len__(self) -> int:
        return len(self._map) // WIDTH

    def __getitem__(self, index: int) -> bytes:  # type: ignore[override]
        return self._map[index * WIDTH : (index + 1) * WIDTH]


@hookimpl
def describe_plugin() -> Description:
    return Description(
        title={"de": "Bekannte Passwörter"},
        summary={
            "de": "Passwörter, die aus Datenlecks bekannt sind, werden abgelehnt, ohne im Netz nachzufragen"
        },
    )


@hookimpl
def check_password(candidate: Candidate) -> list[Objection]:
    entry = entry_of(candidate.password)
    known = _known(os.environ.get(VARIABLE, ""))
    place = bisect_left(known, entry)
    if place < len(known) and known[place] == entry:
        return [Objection("breached", _TEXT)]
    return []


@hookimpl
def describe_password_policy() -> list[Text]:
    return [_TEXT]


def entry_of(password: str) -> bytes:
    """What stands in the file for a password."""
    # The list of the world's breached passwords is made of SHA-1; nothing is protected by it.
    return hashlib.sha1(password.encode(), usedforsecurity=False).digest()[:WIDTH]


def build(lines: Iterable[str], out: Path) -> int:
    """Make the file from lines ``<SHA-1 in hex>[:count]`` in the order of the hashes.

    Returns:
        How many entries it has.
    Raises:
        ValueError: A line is something else, or they are not in order.
    """
    count, before = 0, b""
    with out.open("wb") as file:
        for entry in _entries(lines):
            if entry < before:
                raise ValueError(f"line {count + 1} is not in the order of the hashes")
            file.write(entry)
            count, before = count + 1, entry
    return count


def _entries(lines: Iterable[str]) -> Iterator[bytes]:
    for line in lines:
        yield bytes.fromhex(line.partition(":")[0].strip())[:WIDTH]


@cache
def _known(path: str) -> Sequence[bytes]:
    if path:
        return _File(Path(path))
    return sorted(entry_of(password) for password in FREQUENCY_LISTS["passwords"])


if __name__ == "__main__":
    with Path(sys.argv[1]).open() as source:
        sys.stdout.write(f"{build(source, Path(sys.argv[2]))} entries\n")
