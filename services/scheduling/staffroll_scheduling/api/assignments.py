"""``/v1/employees/{id}/{contracts,skills,activities,planning-units}``: who has what when (R80).

One set of routes for the four kinds; an `Assignable` says what tells one from another.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from marshmallow import Schema, ValidationError, fields, post_load, validate, validates_schema

from staffroll.errors import NotFound, OutboxFull, StaffrollError
from staffroll.followed import NotConfirmed
from staffroll.idempotency import DeletedMeanwhile, IdempotencyKeyReused, Once
from staffroll.ids import UUID_PATTERN
from staffroll.scope import Scope
from staffroll.web.resource import Resource, stands_at
from staffroll_scheduling.actions import assignments as actions
from staffroll_scheduling.actions.assignments import AllShown, Shown
from staffroll_scheduling.api.days import day
from staffroll_scheduling.domain.assignments import PRIORITY_MAX, Kind
from staffroll_scheduling.domain.catalogue import LEVELS_MAX
from staffroll_scheduling.domain.errors import (
    EntryUnknown,
    LevelUnknown,
    Overlap,
    PeriodEmpty,
    PlanningUnitOutOfReach,
    PriorityOneNeeded,
    SkillMissing,
    TooManyAssignments,
)
from staffroll_scheduling.store import Store


def level(**kwargs: Any) -> fields.Integer:
    """A level of a skill."""
    return fields.Integer(
        strict=True,
        validate=validate.Range(min=1, max=LEVELS_MAX),
        metadata={"description": "From 1, the lowest."},
        **kwargs,
    )


def priority(**kwargs: Any) -> fields.Integer:
    """The priority of a planning unit."""
    return fields.Integer(
        strict=True,
        validate=validate.Range(min=1, max=PRIORITY_MAX),
        metadata={
            "description": "1 is the first. Whoever is in units has one of priority 1 every day."
        },
        **kwargs,
    )


def entry_id(**kwargs: Any) -> fields.String:
    """The id of something in a catalogue."""
    return fields.String(validate=validate.Regexp(UUID_PATTERN), **kwargs)


class AssignmentSchema(Schema):
    """What every assignment shows."""

    id = fields.UUID(required=True, attribute="assignment.id")
    name = fields.String(required=True, metadata={"description": "As in the catalogue."})
    valid_from = fields.Date(required=True, attribute="assignment.valid_from")
    valid_to = fields.Date(
        required=True,
        allow_none=True,
        attribute="assignment.valid_to",
        metadata={"description": "The first day without it; null while it is open."},
    )


class NewAssignmentSchema(Schema):
    """What every new assignment says; loads into the fields of an `Assignment`."""

    valid_from = day("The first day, in the employee's time zone.", required=True)
    valid_to = day("The first day without it; open where left out.", allow_none=True)

    @post_load
    def _build(self, data: dict[str, Any], **_: object) -> dict[str, Any]:
        return {"target_id" if name.endswith("_id") else name: data[name] for name in data}


class AssignmentChangesSchema(Schema):
    """What may be changed of every assignment; what is left out stays (JSON Merge Patch)."""

    valid_from = day("The first day, in the employee's time zone.")
    valid_to = day("The first day without it; null opens it again.", allow_none=True)

    @validates_schema
    def _not_empty(self, data: dict[str, Any], **_: object) -> None:
        if not data:
            raise ValidationError("Name at least one field to change.", "body")


@dataclass(frozen=True, slots=True, kw_only=True)
class Assignable:
    """What tells the routes of one kind from another's.

    Attributes:
        path: Below an employee's.
        new, changes, shown: Fields that only this kind has.
        refuses: What only this kind's rules refuse.
    """

    kind: Kind
    path: str
    new: Mapping[str, fields.Field[Any]]
    changes: Mapping[str, fields.Field[Any]]
    shown: Mapping[str, fields.Field[Any]]
    refuses: Sequence[type[StaffrollError]] = ()

    @property
    def title(self) -> str:
        return "".join(part.capitalize() for part in self.kind.split("_"))

    def shown_schema(self) -> type[Schema]:
        about = fields.String(required=True, attribute="assignment.target_id")
        own = {f"{self.kind}_id": about, **self.shown}
        return type(f"{self.title}AssignmentSchema", (AssignmentSchema,), own)

    def new_schema(self) -> type[Schema]:
        own = {f"{self.kind}_id": entry_id(required=True), **self.new}
        return type(f"New{self.title}AssignmentSchema", (NewAssignmentSchema,), own)

    def changes_schema(self) -> type[Schema]:
        name = f"{self.title}AssignmentChangesSchema"
        return type(name, (AssignmentChangesSchema,), dict(self.changes))


ASSIGNABLES: Final = (
    Assignable(kind="contract", path="contracts", new={}, changes={}, shown={}),
    Assignable(
        kind="skill",
        path="skills",
        new={"level": level(load_default=1)},
        changes={"level": level()},
        shown={"level": fields.Integer(required=True, attribute="assignment.level")},
        refuses=[LevelUnknown, SkillMissing],
    ),
    Assignable(
        kind="activity",
        path="activities",
        new={},
        changes={},
        shown={},
        refuses=[SkillMissing],
    ),
    Assignable(
        kind="planning_unit",
        path="planning-units",
        new={"priority": priority(load_default=1)},
        changes={"priority": priority()},
        shown={"priority": fields.Integer(required=True, attribute="assignment.priority")},
        refuses=[PriorityOneNeeded, PlanningUnitOutOfReach],
    ),
)

NEW_SCHEMAS: Final = {made.kind: made.new_schema() for made in ASSIGNABLES}
"""What a new assignment of a kind is loaded by."""

_ALWAYS: Final = (NotFound, NotConfirmed, OutboxFull)


def assignments(made: Assignable) -> Resource:
    """The routes of one kind of assignment: all with their history, give, change, take away."""
    bp = Resource(
        f"employee-{made.path}", __name__, description=f"Employees' {made.path}, and when."
    )
    all_ = f"/employees/<id:employee_id>/{made.path}"
    one = f"{all_}/<id:assignment_id>"
    shown = made.shown_schema()
    found = {
        "__doc__": "All of one employee, ended and future ones included, by their first days.",
        "items": fields.List(fields.Nested(shown), required=True),
    }
    every = type(f"{made.title}AssignmentsSchema", (Schema,), found)

    @bp.get(all_)
    @bp.needs("scheduling.employees:read")
    @bp.answers(every, refuses=[NotFound], with_etag=True)
    def list_assignments(employee_id: str, scope: Scope[Store]) -> AllShown:
        """All of an employee, with their history; the ETag is the employee's."""
        return actions.find_all(made.kind, employee_id, scope)

    @bp.post(all_)
    @bp.needs("scheduling.employees:edit")
    @bp.once_only()
    @bp.expects_version()
    @bp.accepts(NEW_SCHEMAS[made.kind])
    @bp.answers(
        shown,
        201,
        refuses=[
            *(*_ALWAYS, IdempotencyKeyReused, DeletedMeanwhile, EntryUnknown),
            *(Overlap, PeriodEmpty, TooManyAssignments, *made.refuses),
        ],
        with_etag=True,
    )
    def assign(
        body: dict[str, Any],
        employee_id: str,
        scope: Scope[Store],
        once: Once | None,
        expected: int | None,
    ) -> Shown:
        """Give it to an employee for a time; the same thing never twice on one day."""
        made_ = actions.assign(made.kind, employee_id, body, scope, once, expected=expected)
        stands_at("list_assignments", employee_id=employee_id)
        return made_

    @bp.patch(one)
    @bp.needs("scheduling.employees:edit")
    @bp.expects_version()
    @bp.accepts(made.changes_schema())
    @bp.answers(shown, refuses=[*_ALWAYS, Overlap, PeriodEmpty, *made.refuses], with_etag=True)
    def change_assignment(
        body: dict[str, Any],
        employee_id: str,
        assignment_id: str,
        scope: Scope[Store],
        expected: int | None,
    ) -> Shown:
        """Change one, such as its end: `valid_to` is the first day without it."""
        return actions.edit(made.kind, employee_id, assignment_id, body, scope, expected=expected)

    @bp.delete(one)
    @bp.needs("scheduling.employees:edit")
    @bp.expects_version()
    @bp.answers(None, 204, refuses=[*_ALWAYS, *made.refuses])
    def remove_assignment(
        employee_id: str, assignment_id: str, scope: Scope[Store], expected: int | None
    ) -> None:
        """Take one away as if it had never been; to keep the history, set its end instead."""
        actions.remove(made.kind, employee_id, assignment_id, scope, expected=expected)

    return bp


def all_assignments() -> list[Resource]:
    """The routes of all kinds."""
    return [assignments(made) for made in ASSIGNABLES]
