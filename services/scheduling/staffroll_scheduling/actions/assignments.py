"""What an employee has out of the catalogues, and when they can work (R80, R81)."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from typing import Any

from staffroll.idempotency import Once, spent_with
from staffroll.ids import new_id
from staffroll.records import Decision, own_changed
from staffroll.scope import Scope
from staffroll_scheduling.actions.catalogue import check_level
from staffroll_scheduling.actions.changing import change
from staffroll_scheduling.domain import assignments as rules
from staffroll_scheduling.domain import reach
from staffroll_scheduling.domain.assignments import NOTHING_NEEDED, Assignment, Kind, Known
from staffroll_scheduling.domain.availability import Availability, available
from staffroll_scheduling.domain.employees import (
    RULES,
    Employee,
    Employment,
    with_current_units,
)
from staffroll_scheduling.domain.errors import EntryUnknown
from staffroll_scheduling.domain.membership import day_in
from staffroll_scheduling.store import Store

_Rule = Callable[[tuple[Assignment, ...], Known, date], tuple[Assignment, ...]]
"""What becomes of an employee's assignments, from what is known and today's date there."""


@dataclass(frozen=True, slots=True)
class Shown:
    """One assignment with the name of what it is about, and the version of its employee."""

    assignment: Assignment
    name: str
    version: int


@dataclass(frozen=True, slots=True)
class AllShown:
    """All assignments of one kind, ended and future ones included, in the order of their days."""

    items: Sequence[Shown]
    version: int


def find_all(kind: Kind, employee_id: str, scope: Scope[Store]) -> AllShown:
    """Raises `NotFound`, also where the employee is out of the actor's reach (R73)."""
    record = scope.store.records.get(employee_id)
    found = [one for one in record.own.assignments if one.kind == kind]
    names = scope.store.catalogues.names(one.target_id for one in found)
    shown = [Shown(one, names.get(one.target_id, ""), record.version) for one in found]
    return AllShown(shown, record.version)


def assign(
    kind: Kind,
    employee_id: str,
    wished: Mapping[str, Any],
    scope: Scope[Store],
    once: Once | None = None,
    *,
    expected: int | None = None,
) -> Shown:
    """A new assignment; repeated with the same `once`, the one that it made.

    Args:
        wished: Of an `Assignment`, by name: target_id, valid_from, and what else is not None.
        expected: The version that the editor saw; None for any.
    Raises:
        NotFound, NotConfirmed, Stale, OutboxFull: See `actions.changing`.
        EntryUnknown, LevelUnknown: There is no such thing in the catalogue.
        PlanningUnitOutOfReach: None of the actor's roles reaches the unit (R73).
        IdempotencyKeyReused: The same key came with another body.
        DeletedMeanwhile: What the key made.
        Overlap, PeriodEmpty, SkillMissing, PriorityOneNeeded, TooManyAssignments: See
            `domain.assignments`.
    """
    kept = once.document(scope.now) if once is not None else None
    new = Assignment(kind=kind, id=new_id(), once=kept, **wished)
    made = _made_by(once, scope.store.records.get(employee_id), scope)
    if made is None:
        check_target(new, scope)

    def decide(record: Employee) -> Decision[Employment] | None:
        if _made_by(once, record, scope) is not None:
            return None
        return assigning(record, new, scope)

    record = change(employee_id, scope, decide, expected=expected)
    return _shown(_made_by(once, record, scope) or new, record, scope)


def edit(
    kind: Kind,
    employee_id: str,
    assignment_id: str,
    changes: Mapping[str, Any],
    scope: Scope[Store],
    *,
    expected: int | None = None,
) -> Shown:
    """One assignment with other dates, another level or priority.

    Raises:
        NotFound: There is no such employee or assignment.
        As `assign` does.
    """

    def rule(before: tuple[Assignment, ...], known: Known, today: date) -> tuple[Assignment, ...]:
        old = rules.found(before, kind, assignment_id)
        check_target(replace(old, **changes), scope, is_new=False)
        return rules.changed(before, kind, assignment_id, changes, known, today)

    def decide(record: Employee) -> Decision[Employment] | None:
        return _decision(record, kind, "changed", rule, scope)

    record = change(employee_id, scope, decide, expected=expected)
    return _shown(rules.found(record.own.assignments, kind, assignment_id), record, scope)


def remove(
    kind: Kind,
    employee_id: str,
    assignment_id: str,
    scope: Scope[Store],
    *,
    expected: int | None = None,
) -> None:
    """One assignment is taken away, as if it had never been; to end one, set its last day.

    Raises:
        NotFound, NotConfirmed, Stale, OutboxFull, PlanningUnitOutOfReach, SkillMissing,
        PriorityOneNeeded.
    """

    def rule(before: tuple[Assignment, ...], known: Known, today: date) -> tuple[Assignment, ...]:
        _check_reach(rules.found(before, kind, assignment_id), scope)
        return rules.removed(before, kind, assignment_id, known, today)

    def decide(record: Employee) -> Decision[Employment] | None:
        return _decision(record, kind, "removed", rule, scope)

    change(employee_id, scope, decide, expected=expected)


def set_availabilities(
    employee_id: str,
    wished: Iterable[Availability],
    scope: Scope[Store],
    *,
    expected: int | None = None,
) -> Employee:
    """The employee can work at these times of the week, and at no others.

    Raises:
        NotFound, NotConfirmed, Stale, OutboxFull: See `actions.changing`.
        AvailabilitiesOverlap. Source: R81.
    """
    record = scope.store.records.get(employee_id)
    times = available(wished)

    def decide(record: Employee) -> Decision[Employment] | None:
        if record.own.availabilities == times:
            return None
        own = replace(record.own, availabilities=times)
        action = "employee.availabilities-changed"
        return own_changed(record, own, RULES, scope.cause(RULES.name), action=action)

    return change(record.id, scope, decide, expected=expected)


def assigning(
    record: Employee, new: Assignment, scope: Scope[Store]
) -> Decision[Employment] | None:
    """The employee with a new assignment; `check_target` comes first.

    Raises:
        Overlap, PeriodEmpty, SkillMissing, PriorityOneNeeded, TooManyAssignments: See
            `domain.assignments`.
    """

    def rule(before: tuple[Assignment, ...], known: Known, today: date) -> tuple[Assignment, ...]:
        return rules.assigned(before, new, known, today)

    return _decision(record, new.kind, "assigned", rule, scope, new)


def _decision(
    record: Employee, kind: Kind, done: str, rule: _Rule, scope: Scope[Store], *new: Assignment
) -> Decision[Employment] | None:
    before, zone = record.own.assignments, record.followed.user.time_zone
    after = rule(before, _known(kind, (*before, *new), scope), day_in(zone, scope.now))
    if after == before:
        return None
    stay = {one.id for one in after}
    gone = (one.once for one in before if one.id not in stay)
    spent = spent_with(record.own.spent, gone, scope.now)
    own = with_current_units(replace(record.own, assignments=after, spent=spent), zone, scope.now)
    action = f"employee.{kind.replace('_', '-')}-{done}"
    return own_changed(record, own, RULES, scope.cause(RULES.name), action=action)


def _known(kind: Kind, assignments: Iterable[Assignment], scope: Scope[Store]) -> Known:
    """What the catalogues say of the activities, where it matters for this kind."""
    if kind not in ("skill", "activity"):
        return NOTHING_NEEDED
    activities = {one.target_id for one in assignments if one.kind == "activity"}
    needs = scope.store.catalogues.needs(activities)
    skills = {need.skill_id for needed in needs.values() for need in needed}
    return Known(needs, scope.store.catalogues.names(skills))


def check_target(new: Assignment, scope: Scope[Store], *, is_new: bool = True) -> None:
    """Raises unless it is in the catalogue, with this level, and the actor may give it.

    Args:
        is_new: What was given before may be changed, also where it was deleted meanwhile.
    Raises:
        EntryUnknown, LevelUnknown, PlanningUnitOutOfReach.
    """
    _check_reach(new, scope)
    entry = scope.store.catalogues.of(new.kind).some([new.target_id]).get(new.target_id)
    if entry is None:
        if is_new:
            raise EntryUnknown(f"{new.kind}_id")
        return
    if new.level is not None:
        check_level(entry, new.level)


def _check_reach(one: Assignment, scope: Scope[Store]) -> None:
    if one.kind == "planning_unit":
        reach.check_unit(scope.actor, one.target_id)


def _made_by(once: Once | None, record: Employee, scope: Scope[Store]) -> Assignment | None:
    for one in record.own.assignments:
        if once is None or one.once is None or one.once["key"] != once.key:
            continue
        if once.is_repeated_by(one.once, scope.now):
            return one
    if once is not None:
        once.check_unspent(record.own.spent, scope.now)
    return None


def _shown(one: Assignment, record: Employee, scope: Scope[Store]) -> Shown:
    names = scope.store.catalogues.names([one.target_id])
    return Shown(one, names.get(one.target_id, ""), record.version)
