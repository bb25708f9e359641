"""What happens on a working day, drawn beforehand: the same seed, the same day.

The rates are fixed: a request is due at its moment, however long others take, as people do not
wait for each other.
"""

from __future__ import annotations

import random
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True, slots=True)
class Part:
    """A part of the day.

    Attributes:
        share: How much of the day's time.
        per_second: How often each kind of request comes.
    """

    name: str
    share: float
    per_second: Mapping[str, float]


@dataclass(frozen=True, slots=True)
class Due:
    """One request, so many seconds after the day began."""

    at: float
    kind: str
    draw: float
    """From 0 to 1: whom it is about."""


_WORK: Final = {
    "list users": 2.0,
    "list employees": 3.0,
    "list people": 2.0,
    "search users": 2.0,
    "search employees": 3.0,
    "search people": 2.0,
    "read a user": 3.0,
    "read an employee": 3.0,
    "edit a user": 1.0,
    "edit a person": 1.0,
    "set a leave date": 0.5,
    "give a role": 0.5,
    "create a user": 1.0,
}


def _work(factor: float, **more: float) -> dict[str, float]:
    named = {name.replace("_", " "): rate for name, rate in more.items()}
    return {**{name: factor * rate for name, rate in _WORK.items()}, **named}


DAY: Final = (
    Part("everybody comes", 0.25, _work(0.5, sign_in=12.0)),
    Part("before noon", 0.3, _work(1.0, sign_in=3.0)),
    Part("noon", 0.15, _work(0.4, sign_in=2.0)),
    Part("after noon", 0.3, _work(1.0, sign_in=3.0)),
)


def drawn(parts: Sequence[Part], seconds: float, seed: int, *, pace: float = 1.0) -> Iterator[Due]:
    """The requests of a day that takes so many seconds, in the order in which they are due.

    Of each kind come as many as its rate says, to the nearest; when, is up to chance, so that
    some come at once.

    Args:
        pace: So many times as often as the rates say.
    """
    draw = random.Random(seed)
    began = 0.0
    for part in parts:
        length = seconds * part.share
        due = [
            Due(began + draw.random() * length, kind, draw.random())
            for kind, rate in part.per_second.items()
            for _ in range(round(pace * rate * length))
        ]
        yield from sorted(due, key=lambda one: one.at)
        began += length
