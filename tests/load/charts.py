"""Plots as small SVG files that can be read on light and on dark ground, and as text."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from html import escape
from typing import Final

_STYLE: Final = (
    "<style>text{font:12px system-ui,sans-serif;fill:#57606a}.grid{stroke:#8c959f55}"
    "@media(prefers-color-scheme:dark){text{fill:#b3bac2}}</style>"
)
_COLOURS: Final = (
    "#3b82f6",
    "#e8710a",
    "#16a34a",
    "#d946a6",
    "#8b5cf6",
    "#b58900",
    "#0f9fb5",
    "#dc2626",
    "#7a828c",
)
_WIDTH: Final = 820


class Scale:
    """Places of values between two ends, where each step is ten times the last.

    Args:
        low, high: The powers of ten at the ends.
        first, last: Where these are drawn.
    """

    def __init__(self, values: Sequence[float], first: float, last: float) -> None:
        real = [value for value in values if value > 0] or [1.0]
        self.low = math.floor(math.log10(min(real)))
        self.high = max(math.ceil(math.log10(max(real))), self.low + 1)
        self._first, self._last = first, last

    def place(self, value: float) -> float:
        power = math.log10(value) if value > 0 else self.low
        share = (max(power, self.low) - self.low) / (self.high - self.low)
        return self._first + share * (self._last - self._first)

    @property
    def marks(self) -> list[float]:
        return [10.0**power for power in range(self.low, self.high + 1)]


def lines(title: str, steps: Sequence[int], series: Mapping[str, Sequence[float]]) -> str:
    """Milliseconds by size, one line each, both axes by tens.

    Args:
        series: For each name a value for each step.
    """
    height, left, right = 420, 62, 575
    across = Scale(steps, left, right)
    down = Scale([value for values in series.values() for value in values], height - 40, 34)
    drawn = [_text(left, 18, title)]
    for mark in down.marks:
        y = down.place(mark)
        drawn += [_line(left, y, right, y), _text(left - 6, y + 4, f"{_short(mark)} ms", "end")]
    for step in steps:
        drawn.append(_text(across.place(step), height - 18, f"{step:,}", "middle"))
    labels = _apart({name: down.place(values[-1]) for name, values in series.items()}, 17)
    for colour, (name, values) in zip(_cycle(len(series)), series.items(), strict=True):
        points = " ".join(
            f"{across.place(step):.1f},{down.place(value):.1f}"
            for step, value in zip(steps, values, strict=True)
        )
        drawn.append(
            f'<polyline points="{points}" fill="none" stroke="{colour}" stroke-width="2"/>'
        )
        drawn.append(_text(right + 10, labels[name] + 4, name, colour=colour))
    return _picture(height, title, drawn)


def spans(title: str, unit: str, rows: Mapping[str, tuple[float, float, float]]) -> str:
    """For each name a bar from the first value to the third with a mark at the second, by tens."""
    left, right, step, top = 170, 700, 24, 44
    height = top + step * len(rows) + 34
    across = Scale([value for values in rows.values() for value in values], left, right)
    drawn = [_text(10, 18, title)]
    for mark in across.marks:
        x = across.place(mark)
        drawn += [_line(x, top - 12, x, height - 30)]
        drawn.append(_text(x, height - 12, f"{_short(mark)} {unit}", "middle"))
    for number, (name, (low, middle, high)) in enumerate(rows.items()):
        y = top + step * number
        begin, mid, end = across.place(low), across.place(middle), across.place(high)
        drawn += [
            _text(left - 10, y + 5, name, "end"),
            _box(begin, y - 5, max(end - begin, 2), 10, opacity=0.45),
            _box(begin - 2, y - 7, 4, 14),
            _box(mid - 1, y - 5, 2, 10),
            _text(end + 8, y + 5, f"{high:,.0f}" if high >= 10 else f"{high:.1f}"),
        ]
    return _picture(height, title, drawn)


def bars(title: str, unit: str, rows: Mapping[str, float]) -> str:
    """A bar for each name, from nought."""
    left, right, step, top = 170, 700, 22, 40
    height = top + step * len(rows) + 6
    most = max(rows.values(), default=0.0) or 1.0
    drawn = [_text(10, 18, title)]
    for number, (name, value) in enumerate(rows.items()):
        y, width = top + step * number, (right - left) * value / most
        drawn += [
            _text(left - 10, y + 5, name, "end"),
            _box(left, y - 6, width, 12, opacity=0.75),
            _text(left + width + 8, y + 5, f"{value:.1f} {unit}"),
        ]
    return _picture(height, title, drawn)


def _cycle(count: int) -> list[str]:
    return [_COLOURS[number % len(_COLOURS)] for number in range(count)]


def _apart(places: Mapping[str, float], distance: float) -> dict[str, float]:
    """The same places, moved down where labels would lie on each other."""
    found: dict[str, float] = {}
    last = -math.inf
    for name, place in sorted(places.items(), key=lambda one: one[1]):
        last = max(place, last + distance)
        found[name] = last
    return found


def _short(value: float) -> str:
    return f"{value:,.0f}" if value >= 1 else f"{value:g}"


def _text(x: float, y: float, text: str, anchor: str = "start", colour: str = "") -> str:
    style = f' style="fill:{colour}"' if colour else ""
    return f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}"{style}>{escape(text)}</text>'


def _line(x: float, y: float, to_x: float, to_y: float) -> str:
    return f'<line class="grid" x1="{x:.1f}" y1="{y:.1f}" x2="{to_x:.1f}" y2="{to_y:.1f}"/>'


def _box(x: float, y: float, width: float, height: float, *, opacity: float = 1) -> str:
    return (
        f'<rect x="{x:.1f}" y="{y}" width="{width:.1f}" height="{height}" rx="2" '
        f'fill="{_COLOURS[0]}" fill-opacity="{opacity}"/>'
    )


def _picture(height: float, title: str, drawn: Sequence[str]) -> str:
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_WIDTH} {height:.0f}" role="img" '
        f'aria-label="{escape(title)}">\n{_STYLE}\n' + "\n".join(drawn) + "\n</svg>\n"
    )
