"""What will be done and what will break, in which order: the same for the same seed."""

from __future__ import annotations

import random
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

SERVICES: Final = ("accounts", "scheduling", "people", "export")
TENANTS: Final = 2
NUMBERS: Final = 60
"""Personnel numbers that are asked for; they are unique in a tenant."""

DAYS: Final = 6
"""On which shifts are planned, so that they overlap."""

_IN_THREE: Final = {"accounts": 4, "scheduling": 3, "people": 3}
_KINDS: Final[Mapping[str, int]] = {
    "create": 22,
    "rename": 14,
    "move": 11,
    "entitle": 5,
    "number": 4,
    "assign_roles": 6,
    "make_admin": 2,
    "leave": 8,
    "leave_later": 2,
    "come_back": 7,
    "provision": 3,
    "plan_shift": 12,
    "move_shift": 4,
    "drop_shift": 3,
    "correct": 4,
    "discard": 2,
    "delete": 4,
    "create_role": 2,
    "edit_role": 2,
}
_SETTLED_AFTER: Final = 24
"""Operations after which somebody who was created is probably known to all."""

_CALM: Final = 20
"""Operations at the beginning in which nothing breaks."""

_TARGETS: Final[Mapping[str, int]] = {"worker": 5, "serve": 3, "consume": 5, "broker": 2}
_WAYS: Final[Mapping[str, int]] = {"kill": 3, "pause": 2}


@dataclass(frozen=True, slots=True)
class Operation:
    """One thing that somebody does.

    Attributes:
        human: The number of the operation that creates whom this is about; None: nobody. What
            was refused, and who has shifts, shows only while it happens: there the client looks.
        place: Where it is done.
        waits: Whether accounts' answer is waited for.
        insists: Whether it is done again until there is an answer.
        values: What more the kind of operation needs.
    """

    number: int
    kind: str
    tenant: int
    place: str
    human: int | None = None
    waits: bool = True
    insists: bool = True
    values: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Failure:
    """Something that breaks when the operation `before` is about to begin.

    Attributes:
        target: ``worker`` (one of a web server), ``serve``, ``consume``, ``broker``, ``database``.
        service: Of the first three.
        seconds: Until it is started again, or goes on.
    """

    before: int
    target: str
    way: str
    service: str
    seconds: float


@dataclass(frozen=True, slots=True)
class Schedule:
    seed: int
    operations: tuple[Operation, ...]
    failures: tuple[Failure, ...]


def schedule(
    seed: int, operations: int, *, every: int = 40, with_database: bool = False
) -> Schedule:
    """The storm of this seed.

    Args:
        every: After how many operations something breaks, on average.
        with_database: Whether the database breaks, too.
    """
    chance = random.Random(seed)
    planned = tuple(_Plan(chance, mailboxes=60 + operations // 4).operations(operations))
    return Schedule(seed, planned, tuple(_failures(chance, operations, every, with_database)))


class _Plan:
    """Args: `mailboxes` says for how many addresses all compete; the fewer, the more collide."""

    def __init__(self, chance: random.Random, mailboxes: int) -> None:
        self._chance = chance
        self._mailboxes = mailboxes
        self._left: list[list[int]] = [[] for _ in range(TENANTS)]
        self._living: list[list[int]] = [[] for _ in range(TENANTS)]

    def operations(self, count: int) -> Iterator[Operation]:
        for number in range(count):
            tenant = self._chance.randrange(TENANTS)
            kind = _pick(self._chance, _KINDS)
            human = self._somebody(tenant, number)
            if human is None and kind not in ("create_role", "edit_role"):
                kind = "create"
            if kind == "create":
                self._living[tenant].append(number)
                human = number
            elif kind == "leave" and human is not None:
                self._left[tenant].append(human)
            elif kind == "come_back" and self._left[tenant]:
                human = self._left[tenant].pop(0)
            elif kind == "delete" and human is not None:
                self._living[tenant].remove(human)
            yield Operation(
                number=number,
                kind=kind,
                tenant=tenant,
                place=self._place(),
                human=human,
                waits=self._chance.random() < 0.6,
                insists=self._chance.random() < 0.7,
                values=self._values(),
            )

    def _somebody(self, tenant: int, number: int) -> int | None:
        """Often one of the newest, so that many do things to the same at once."""
        settled = [one for one in self._living[tenant] if one < number - _SETTLED_AFTER]
        if not settled:
            return None
        return self._chance.choice(settled[-8:] if self._chance.random() < 0.5 else settled)

    def _place(self) -> str:
        return _pick(self._chance, _IN_THREE)

    def _values(self) -> dict[str, Any]:
        chance = self._chance
        return {
            "name": chance.choice(["Berg", "Tal", "Müller", "Óre", "de Wit", "Šimková"])
            + f"-{chance.randrange(1000)}",
            "mailbox": chance.randrange(self._mailboxes),
            "number": chance.randrange(NUMBERS),
            "day": chance.randrange(DAYS),
            "roles": chance.randrange(64),
            "yes": chance.random() < 0.5,
        }


def _failures(
    chance: random.Random, operations: int, every: int, with_database: bool
) -> Iterator[Failure]:
    targets = {**_TARGETS, **({"database": 2} if with_database else {})}
    for before in range(_CALM, operations, every):
        yield Failure(
            before=before + chance.randrange(every),
            target=_pick(chance, targets),
            way=_pick(chance, _WAYS),
            service=chance.choice(SERVICES),
            seconds=round(chance.choice([0.2, 1.0, 2.0, 4.0]) * chance.uniform(0.5, 1.5), 2),
        )


def _pick(chance: random.Random, weights: Mapping[str, int]) -> str:
    return chance.choices(list(weights), list(weights.values()))[0]
