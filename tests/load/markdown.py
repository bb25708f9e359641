"""Tables, and the measured parts of a page, which stand between two marks."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Final

PAGE: Final = Path("docs/performance.md")
PICTURES: Final = Path("docs/images")


class NoSuchPart(Exception):
    """The page has no place for what was measured."""


def table(head: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    """All columns but the first are figures, and stand to the right."""
    rule = ["---", *["---:"] * (len(head) - 1)]
    lines = [list(head), rule, *([str(cell) for cell in row] for row in rows)]
    return "\n".join(f"| {' | '.join(cell.replace('|', '¦') for cell in line)} |" for line in lines)


def milliseconds(seconds: float) -> str:
    """With as many places as say something: ``0.84``, ``8.4``, ``84``."""
    value = 1000 * seconds
    return f"{value:.2f}" if value < 1 else f"{value:.1f}" if value < 100 else f"{value:,.0f}"


def with_parts(page: str, parts: Mapping[str, str]) -> str:
    """The page with each part in its place, between ``<!-- measured: NAME -->`` and
    ``<!-- end -->``.

    Raises:
        NoSuchPart: There is none of this name, or more than one.
    """
    for name, text in parts.items():
        place = re.compile(rf"(<!-- measured: {re.escape(name)} -->\n).*?(<!-- end -->)", re.DOTALL)
        page, count = place.subn(lambda found, new=text: f"{found[1]}\n{new}\n\n{found[2]}", page)
        if count != 1:
            raise NoSuchPart(name)
    return page
