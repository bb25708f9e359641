"""What must be, and what may be, after all that was tried: of each write when it was tried, and
what the answer said.

A value is a *register*: each write of it began at one moment and was answered at another, and
took effect somewhere between. One whose connection was cut may have taken effect, or may yet, as
long as a paused process holds it; both are allowed. What stands there in the end must be what
some write wrote that no acknowledged one followed wholly after.
"""

from __future__ import annotations

import math
import threading
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Any, Final, Literal

Outcome = Literal["done", "accepted", "unknown", "refused"]
"""``accepted``: kept, to be answered later, as with 202."""

FOR_EVER: Final = math.inf
LONGEST_HELD_SECONDS: Final = 30.0
"""A request that was given up may still be in the hands of a paused process; not for longer."""

LONGEST_LAG_SECONDS: Final = 120.0
"""So much later does another place hear of what was done, while consumers and broker are killed."""

ANYTHING: Final = object()
"""A value that is not known beforehand, such as a number that is generated."""


@dataclass(eq=False)
class Write:
    """One try to write.

    Attributes:
        began, ended: Of a monotonic clock, in seconds.
        place: Where it was tried.
        asks: Whether accounts is asked there, so that it may take effect much later.
        is_first: Whether it is part of a creation.
        always: Whether an accepted one takes effect unless it is refused visibly.
        is_overtaken: Whether the place was told another wish since then, with which it forgets
            why it was refused this one.
    """

    value: Any
    began: float
    ended: float = FOR_EVER
    outcome: Outcome = "unknown"
    place: str = ""
    asks: bool = False
    is_first: bool = False
    always: bool = True
    is_overtaken: bool = False

    @property
    def counts(self) -> bool:
        return self.outcome != "refused"

    def settle(self, outcome: Outcome, answered: float) -> None:
        self.outcome = outcome
        if outcome in ("done", "refused"):
            self.ended = answered
        elif outcome == "unknown" and not self.asks:
            self.ended = answered + LONGEST_HELD_SECONDS

    def is_over(self, moment: float) -> None:
        """By then it had taken effect, or never will."""
        if self.outcome != "done":
            self.ended = min(self.ended, moment)


class Register:
    """All tries to write one value."""

    def __init__(self) -> None:
        self.writes: list[Write] = []

    def possible(self) -> list[Any]:
        """What may stand there once all is at rest; empty where nothing was ever written."""
        kept = [one for one in self.writes if one.counts]
        return [
            one.value
            for one in kept
            if not any(other.outcome == "done" and other.began > one.ended for other in kept)
        ]

    def allows(self, value: Any) -> bool:
        return any(one is ANYTHING or one == value for one in self.possible())

    def last(self) -> Write | None:
        """The write that began when all others had been answered, if there is such a one."""
        kept = [one for one in self.writes if one.counts]
        newest = max(kept, key=lambda one: one.began, default=None)
        if newest is None or any(one.ended > newest.began for one in kept if one is not newest):
            return None
        return newest

    def may_be_news(self, write: Write) -> bool:
        """Whether somebody may have written it elsewhere of which the place had not heard when it
        took this one: accounts does not overwrite what its wisher has not seen."""
        return any(
            one.counts
            and one.place != write.place
            and one.ended > write.began - LONGEST_LAG_SECONDS
            for one in self.writes
            if one is not write
        )

    def held(self, value: Any, since: float, until: float) -> bool:
        """Whether it may have had the value at some moment between."""
        for one in self.writes:
            if one.value != value or not one.counts or one.began > until:
                continue
            let_go = [
                other.ended
                for other in self.writes
                if other.outcome == "done" and other.value != value and other.began > one.ended
            ]
            if not any(moment < since for moment in let_go):
                return True
        return False


@dataclass(eq=False)
class Shift:
    """Attributes: `day` is a register of the day, `gone` one of tries to delete it."""

    human: int
    id: str | None = None
    day: Register = field(default_factory=Register)
    gone: Register = field(default_factory=Register)


@dataclass(eq=False)
class Human:
    """Whom one operation was to create.

    Attributes:
        token: Their first name, by which they are found, and which nothing changes.
        place: Where they were created, and stand if accounts refused.
        is_confirmed: Whether somebody was told that accounts has made them.
        existence: Tries to create, of the value True, and to delete or discard, of False.
        cleared: Tries to end the membership and to delete all shifts with that.
    """

    number: int
    tenant: int
    token: str
    place: str
    id: str | None = None
    is_confirmed: bool = False
    existence: Register = field(default_factory=Register)
    fields: dict[str, Register] = field(default_factory=dict)
    shifts: list[Shift] = field(default_factory=list)
    cleared: Register = field(default_factory=Register)

    def register(self, name: str) -> Register:
        return self.fields.setdefault(name, Register())

    @property
    def creations(self) -> list[Write]:
        return [one for one in self.existence.writes if one.value]

    @property
    def removals(self) -> list[Write]:
        return [one for one in self.existence.writes if not one.value]

    def removals_of(self, shift: Shift) -> list[Write]:
        """What may have deleted it, whether or not its planning had been answered by then."""
        planned = shift.day.writes[0].began
        cleared = [one for one in self.cleared.writes if one.counts and one.ended > planned]
        return [one for one in shift.gone.writes if one.counts] + cleared

    def was_confirmed(self, moment: float) -> None:
        """Somebody was told so: whatever their creation wrote stood there by then."""
        self.is_confirmed = True
        for register in self.fields.values():
            for one in register.writes:
                if one.is_first:
                    one.is_over(moment)

    def was_answered(self, place: str, moment: float) -> None:
        """Another change was accepted in the place, which waits for the one before."""
        for register in self.fields.values():
            for one in register.writes:
                if one.asks and one.place == place and one.began < moment:
                    one.is_over(moment)
                    one.is_overtaken = True

    def was_refused(self) -> bool:
        """Where they were to be created it stands, to be corrected, unless that was done."""
        return (
            self.id is not None
            and self.place != "accounts"
            and not any(one.outcome == "done" for one in self.existence.writes)
            and any(one.outcome == "refused" for one in self.creations)
        )

    def must_be_gone(self) -> bool:
        return any(one.outcome == "done" for one in self.removals)

    def may_be_gone(self) -> bool:
        return any(one.counts for one in self.removals)


@dataclass(eq=False)
class Role:
    number: int
    tenant: int
    id: str | None = None
    existence: Register = field(default_factory=Register)
    description: Register = field(default_factory=Register)


class Model:
    """All that anybody tried; safe to be used by many threads."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self.humans: dict[int, Human] = {}
        self.roles: dict[int, Role] = {}
        self.faults: list[str] = []

    def human(self, number: int) -> Human | None:
        with self._lock:
            return self.humans.get(number)

    def add(self, human: Human) -> None:
        with self._lock:
            self.humans[human.number] = human

    def add_role(self, role: Role) -> None:
        with self._lock:
            self.roles[role.number] = role

    def some_role(self, tenant: int, number: int) -> Role | None:
        """The newest that is known of those before an operation."""
        with self._lock:
            known = [
                one
                for one in self.roles.values()
                if one.tenant == tenant and one.id and one.number < number
            ]
        return max(known, key=lambda one: one.number, default=None)

    def some_human(
        self, tenant: int, number: int, is_meant: Callable[[Human], bool]
    ) -> Human | None:
        """One of those before an operation of whom it is true, another for each operation."""
        with self._lock:
            known = [
                one
                for one in self.humans.values()
                if one.tenant == tenant and one.number < number and is_meant(one)
            ]
        return known[number % len(known)] if known else None

    def fault(self, text: str) -> None:
        """What no answer may be, whatever breaks."""
        with self._lock:
            self.faults.append(text)

    def may_refuse_address(
        self, email: str, tenant: int, human: Human, since: float, until: float
    ) -> bool:
        """Whether a wish for it may have been refused between: somebody else has it, or the
        human has admin access, and accounts would ask for the password first."""
        return self.may_hold(email, tenant, human, since, until) or human.register("is_admin").held(
            True, since, until
        )

    def may_hold(self, email: str, tenant: int, but: Human, since: float, until: float) -> bool:
        """Whether somebody else in the tenant may have had the address between."""
        with self._lock:
            others = [
                one for one in self.humans.values() if one.tenant == tenant and one is not but
            ]
        return any(_had(one, email, since, until) for one in others)


def _had(human: Human, email: str, since: float, until: float) -> bool:
    if not any(one.counts and one.began <= until for one in human.creations):
        return False
    gone = (one.ended for one in human.removals if one.outcome == "done")
    return not any(at < since for at in gone) and human.register("email").held(email, since, until)


def begin(registers: Iterable[tuple[Register, Any]], **how: Any) -> list[Write]:
    """One try that writes all of these, to be settled together.

    Args:
        how: Of each `Write`, besides its value.
    """
    tries = []
    for register, value in registers:
        tries.append(Write(value, time.monotonic(), **how))
        register.writes.append(tries[-1])
    return tries
