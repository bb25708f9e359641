"""CPU time by process, which on a machine that others use too says more than the clock; memory."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

_TICKS_PER_SECOND = os.sysconf("SC_CLK_TCK")
_PAGE_BYTES = os.sysconf("SC_PAGE_SIZE")


@dataclass(frozen=True, slots=True)
class Usage:
    """CPU seconds that each part has used since it started, by its name."""

    seconds: Mapping[str, float]

    def since(self, before: Usage) -> Usage:
        return Usage({name: used - before.seconds[name] for name, used in self.seconds.items()})

    def __add__(self, other: Usage) -> Usage:
        return Usage({name: used + other.seconds[name] for name, used in self.seconds.items()})

    @property
    def together(self) -> float:
        return sum(self.seconds.values())


def used_by(groups: Mapping[str, int]) -> Usage:
    """What each process group has used by now, in ticks of 10 ms; processes that have ended
    are counted by their parent."""
    by_group: dict[int, float] = {}
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            # The name in parentheses may hold anything.
            fields = stat.read_text().rpartition(")")[2].split()
        except OSError:
            continue  # it has ended meanwhile
        group, ticks = int(fields[2]), sum(int(field) for field in fields[11:15])
        by_group[group] = by_group.get(group, 0.0) + ticks / _TICKS_PER_SECOND
    return Usage({name: by_group.get(group, 0.0) for name, group in groups.items()})


def megabytes_of(groups: Mapping[str, int]) -> dict[str, float]:
    """How much memory each process group holds now; what processes share counts in each."""
    by_group: dict[int, float] = {}
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            fields = stat.read_text().rpartition(")")[2].split()
        except OSError:
            continue
        pages = int(fields[21])
        by_group[int(fields[2])] = by_group.get(int(fields[2]), 0.0) + pages * _PAGE_BYTES / 1e6
    return {name: by_group.get(group, 0.0) for name, group in groups.items()}
