"""CPU time by process: on a machine that others use too, it says more than the clock."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

_TICKS_PER_SECOND = os.sysconf("SC_CLK_TCK")


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
