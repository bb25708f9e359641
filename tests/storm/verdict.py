"""Whether all is as it must be once the storm is over and everything runs again."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

from tests.storm.clients import LATER, Tenant, day_of
from tests.storm.model import ANYTHING, Human, Model, Register, Write
from tests.storm.world import Shown, World, differences, look, queued, unerased, unsent
from tests.support.apart import Apart
from tests.support.rabbitmq import RabbitNode
from tests.support.waiting import eventually

_SHOWN_IN: Final[Mapping[str, tuple[str, str]]] = {
    "last_name": ("accounts", "last_name"),
    "email": ("accounts", "email"),
    "roles": ("accounts", "roles"),
    "is_admin": ("accounts", "is_admin"),
    "title": ("people", "title"),
    "number": ("scheduling", "personnel_number"),
}
_MOST_TOLD: Final = 40


def rest(
    suite: Apart, tenants: Sequence[Tenant], broker: RabbitNode, seconds: float
) -> list[World]:
    """What is shown when nothing is under way any more.

    Raises:
        AssertionError: Something is, after `seconds`; names it.
    """
    worlds: list[World] = []

    def is_at_rest() -> bool:
        worlds[:] = [look(one) for one in tenants]
        busy = [
            *unsent(suite),
            *(text for one in worlds for text in one.under_way()),
            *(text for one in tenants for text in unerased(one)),
            *(text for one in worlds for text in differences(one)),
        ]
        busy = busy or queued(suite, broker)
        assert not busy, f"{len(busy)} are not at rest:\n" + "\n".join(busy[:_MOST_TOLD])
        return True

    deadline = time.monotonic() + seconds
    eventually(is_at_rest, max(1.0, deadline - time.monotonic()))
    return worlds


def verdict(suite: Apart, model: Model, tenants: Sequence[Tenant], worlds: Sequence[World]) -> list[str]:  # fmt: skip
    """What is wrong; nothing, one hopes."""
    found = list(model.faults)
    for number, (tenant, world) in enumerate(zip(tenants, worlds, strict=True)):
        humans = [one for one in model.humans.values() if one.tenant == number]
        found += [f"tenant {number}: {text}" for text in _of_tenant(model, humans, tenant, world)]
    try:
        suite.command_here("check", *(f"--tenant={one.id}" for one in tenants))
    except AssertionError as error:
        found.append(str(error))
    found += _noted_twice(suite)
    return found


def _of_tenant(
    model: Model, humans: Sequence[Human], tenant: Tenant, world: World
) -> Iterator[str]:
    emails = Counter(one["email"].casefold() for one in world.users.values())
    yield from (f"{email} is {count} users" for email, count in emails.items() if count > 1)
    numbers = Counter(one["personnel_number"] for one in world.confirmed("scheduling").values())
    yield from (f"number {one} is {count} employees" for one, count in numbers.items() if count > 1)
    known = {human.token for human in humans}
    for place, shown in world.places.items():
        tokens = Counter(
            one["first_name"] for one in shown.values() if one["email"] != tenant.email
        )
        yield from (f"{place}: {token} stands {n} times" for token, n in tokens.items() if n > 1)
        yield from (f"{place}: nobody created {token}" for token in tokens.keys() - known)
    by_token = {one["first_name"]: id_ for id_, one in world.users.items()}
    shifts: dict[str, list[Shown]] = {}
    for one in world.shifts:
        shifts.setdefault(one["employee_id"], []).append(one)
    for human in humans:
        id_ = by_token.get(human.token)
        yield from (f"{_named(human)} {text}" for text in _existence(human, id_, world))
        if id_ is None:
            if human.id and shifts.get(human.id):
                yield f"{_named(human)} is gone, and still has shifts"
            continue
        yield from (f"{_named(human)} {text}" for text in _fields(model, human, id_, world))
        yield from (f"{_named(human)} {text}" for text in _shifts(human, shifts.get(id_, [])))
    yield from _roles(model, tenant, world)


def _named(human: Human) -> str:
    return f"{human.token} ({human.id}, of {human.place})"


def _existence(human: Human, id_: str | None, world: World) -> Iterator[str]:
    if id_ is not None:
        if human.id not in (None, id_):
            yield f"has another id now: {id_}"
        if human.must_be_gone():
            yield "was deleted, and is there"
        if not any(one.counts for one in human.creations):
            yield "was refused, and is there"
        asked = [one for one in human.removals if one.outcome == "accepted"]
        if asked and not human.must_be_gone():
            refused = any((world.places[p].get(id_) or {}).get("deletion") for p in ("scheduling", "people"))  # fmt: skip
            if not refused:
                yield "was to be deleted, is there, and nobody says why"
        return
    stands = world.places[human.place].get(human.id or "") if human.place != "accounts" else None
    is_refused = stands is not None and stands["state"] == "rejected"
    if human.may_be_gone() or is_refused:
        return
    if any(one.outcome in ("done", "accepted") for one in human.creations):
        yield "was created, and is lost"
    elif human.id is not None:
        yield "was refused, and is not there to be corrected"


def _fields(model: Model, human: Human, id_: str, world: World) -> Iterator[str]:
    for name, register in human.fields.items():
        if name == "membership":
            value: Any = _membership(world.places["scheduling"][id_])
        else:
            place, shown = _SHOWN_IN[name]
            value = world.places[place][id_][shown]
        if register.possible() and not register.allows(value):
            yield f"has {name} {value!r}, not one of {register.possible()}: {_history(register)}"
        last = register.last()
        if last is None or last.outcome != "accepted" or not last.always:
            continue
        if last.value in (value, ANYTHING) or _may_be_forgotten(model, human, name, register, last):
            continue
        if not (world.places[last.place].get(id_) or {}).get("change"):
            yield f"has {name} {value!r}, {last.value!r} was accepted, and nobody says why not"
    employee, user = world.places["scheduling"][id_], world.users[id_]
    if (employee["status"] == "employed") != (user["status"] == "active"):
        yield f"is {employee['status']} and {user['status']}"


def _may_be_forgotten(
    model: Model, human: Human, name: str, register: Register, write: Write
) -> bool:
    """Whether it may have been refused, and the reason have made room for that of a later wish."""
    if not write.is_overtaken:
        return False
    if name != "email" or register.may_be_news(write):
        return True
    return model.may_refuse_address(write.value, human.tenant, human, write.began, write.ended)


def _membership(employee: Shown) -> str:
    if employee["status"] != "employed":
        return "over"
    return "later" if employee["leave_date"] == LATER else "open"


def _shifts(human: Human, shown: Sequence[Shown]) -> Iterator[str]:
    days = {one["id"]: day_of(one["start"]) for one in shown}
    if len(set(days.values())) < len(days):
        yield f"has shifts that overlap: {days}"
    ours = {one.id: one for one in human.shifts if one.id}
    nameless = sum(1 for one in human.shifts if not one.id and one.day.possible())
    if len(days.keys() - ours.keys()) > nameless:
        yield f"has shifts that nobody planned: {days.keys() - ours.keys()}"
    for id_, shift in ours.items():
        removals = human.removals_of(shift)
        if id_ not in days:
            if not removals:
                yield f"lost the shift {id_}: {_history(shift.day)}"
        elif any(one.outcome == "done" and one.began > shift.day.writes[0].ended for one in removals):  # fmt: skip
            yield f"has the shift {id_}, which was deleted"
        elif not shift.day.allows(days[id_]):
            yield f"has the shift {id_} on day {days[id_]}: {_history(shift.day)}"


def _roles(model: Model, tenant: Tenant, world: World) -> Iterator[str]:
    names = Counter(one["name"] for one in world.roles.values())
    yield from (f"role {name} stands {count} times" for name, count in names.items() if count > 1)
    for role in model.roles.values():
        if role.id is None or role.id not in world.roles:
            was_made = any(one.outcome == "done" for one in role.existence.writes)
            if was_made and role.tenant == tenant.number:
                yield f"role {role.number} is lost"
            continue
        text = world.roles[role.id]["description"]
        if not role.description.allows(text):
            yield f"role {role.number} is {text!r}: {_history(role.description)}"


def _noted_twice(suite: Apart) -> Iterator[str]:
    """Each creation and each deletion is noted once in the trail of its owner."""
    done = ["user.created", "user.deleted"]
    grouped: list[dict[str, Any]] = [
        {"$match": {"action": {"$in": done}}},
        {"$group": {"_id": ["$tenant_id", "$subject", "$action"], "count": {"$sum": 1}}},
        {"$match": {"count": {"$gt": 1}}},
    ]
    for one in suite.database("accounts")["audit"].aggregate(grouped):
        yield f"noted {one['count']} times: {one['_id']}"


def _history(register: Register) -> str:
    first = min(one.began for one in register.writes)
    return "; ".join(
        f"{one.value!r} {one.outcome} {one.began - first:.2f}-{one.ended - first:.2f}"
        for one in register.writes
    )
