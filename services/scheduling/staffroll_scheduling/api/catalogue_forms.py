"""What the catalogues show and take, and what tells one from another (R80)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

from marshmallow import Schema, ValidationError, fields, post_load, validate, validates_schema

from staffroll.errors import StaffrollError
from staffroll.ids import UUID_PATTERN
from staffroll.web.fields import Flag, Line, Name, TimeZone
from staffroll_scheduling.domain.assignments import Kind, NeededSkill
from staffroll_scheduling.domain.catalogue import LEVELS_MAX, NEEDED_SKILLS_MAX
from staffroll_scheduling.domain.errors import (
    EntryUnknown,
    LevelsStay,
    LevelUnknown,
)

_WEEK_MINUTES: Final = 7 * 24 * 60


class EntrySchema(Schema):
    """What everything of a catalogue has."""

    id = fields.UUID(required=True)
    version = fields.Integer(required=True)
    name = fields.String(required=True)
    description = fields.String(required=True)


class EntryInputSchema(Schema):
    """What may be sent of anything in a catalogue."""

    name = Name()
    description = Line(max_characters=1000)


class _New(EntryInputSchema):
    name = Name(required=True)


class _Changes(EntryInputSchema):
    @validates_schema
    def _not_empty(self, data: dict[str, Any], **_: object) -> None:
        if not data:
            raise ValidationError("Name at least one field to change.", "body")


def _weekly_minutes(**kwargs: Any) -> fields.Integer:
    return fields.Integer(
        strict=True,
        validate=validate.Range(min=0, max=_WEEK_MINUTES),
        metadata={"description": "Working time each week, in minutes.", "example": 2400},
        **kwargs,
    )


class ContractSchema(EntrySchema):
    """A contract."""

    weekly_minutes = fields.Integer(required=True)


class NewContractSchema(_New):
    """A new contract."""

    weekly_minutes = _weekly_minutes(required=True)


class ContractChangesSchema(_Changes):
    """What may be changed of a contract; what is left out stays (JSON Merge Patch)."""

    weekly_minutes = _weekly_minutes()


class LevelSchema(Schema):
    """A level of a skill."""

    name = Name(required=True)


class _Levels(fields.List[Any]):
    """Names of levels, each in an object, so that a level may have more one day."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(
            fields.Nested(LevelSchema),
            validate=validate.Length(max=LEVELS_MAX),
            metadata={
                "description": "The lowest first: they count from 1. Without any, one has the "
                "skill or not. Levels are renamed and added, not taken away."
            },
            **kwargs,
        )

    def _serialize(self, value: Any, attr: str | None, obj: Any, **_: Any) -> Any:
        return [{"name": name} for name in value]

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> Any:
        levels: Any = super()._deserialize(value, attr, data, **kwargs)
        return tuple(level["name"] for level in levels)


class SkillSchema(EntrySchema):
    """A skill."""

    levels = _Levels(required=True)


class NewSkillSchema(_New):
    """A new skill."""

    levels = _Levels()


class SkillChangesSchema(_Changes):
    """What may be changed of a skill; what is left out stays (JSON Merge Patch)."""

    levels = _Levels()


class NeededSkillSchema(Schema):
    """A skill that an activity asks for."""

    skill_id = fields.String(required=True, validate=validate.Regexp(UUID_PATTERN))
    level = fields.Integer(
        strict=True,
        load_default=1,
        validate=validate.Range(min=1, max=LEVELS_MAX),
        metadata={"description": "At least this one."},
    )

    @post_load
    def _build(self, data: dict[str, Any], **_: object) -> NeededSkill:
        return NeededSkill(**data)


class _NeededSkills(fields.List[Any]):
    def __init__(self, **kwargs: Any) -> None:
        super().__init__(
            fields.Nested(NeededSkillSchema),
            metadata={"description": "Whoever is given the activity must have all of them."},
            **kwargs,
        )

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> Any:
        found: Any = super()._deserialize(value, attr, data, **kwargs)
        needed: tuple[NeededSkill, ...] = tuple(found)
        if len(needed) > NEEDED_SKILLS_MAX:
            raise ValidationError(f"At most {NEEDED_SKILLS_MAX}.")
        if len({one.skill_id for one in needed}) < len(needed):
            raise ValidationError("Each skill once.")
        return needed


def _colour(**kwargs: Any) -> fields.String:
    return fields.String(
        allow_none=True,
        validate=validate.Regexp(r"^#[0-9a-f]{6}$(?!\n)"),
        metadata={"description": "How it is shown, as `#3366ff`.", "example": "#3366ff"},
        **kwargs,
    )


class ActivitySchema(EntrySchema):
    """An activity."""

    required_skills = fields.List(fields.Nested(NeededSkillSchema), required=True)
    colour = fields.String(required=True, allow_none=True)
    is_paid = fields.Boolean(required=True)


class NewActivitySchema(_New):
    """A new activity."""

    required_skills = _NeededSkills()
    colour = _colour()
    is_paid = Flag()


class ActivityChangesSchema(_Changes):
    """What may be changed of an activity; what is left out stays (JSON Merge Patch)."""

    required_skills = _NeededSkills()
    colour = _colour()
    is_paid = Flag()


class PlanningUnitSchema(EntrySchema):
    """A planning unit."""

    time_zone = fields.String(required=True)


class NewPlanningUnitSchema(_New):
    """A new planning unit."""

    time_zone = TimeZone(required=True)


class PlanningUnitChangesSchema(_Changes):
    """What may be changed of a planning unit; what is left out stays (JSON Merge Patch)."""

    time_zone = TimeZone()


@dataclass(frozen=True, slots=True, kw_only=True)
class Catalogue:
    """What tells one catalogue's routes from another's.

    Attributes:
        path: Below ``/v1``.
        one, many: In sentences.
        refuses: What else may be wrong with its fields.
    """

    kind: Kind
    path: str
    one: str
    many: str
    shown: type[EntrySchema]
    new: type[EntryInputSchema]
    changes: type[EntryInputSchema]
    refuses: Sequence[type[StaffrollError]] = ()


CATALOGUES: Final = (
    Catalogue(
        kind="contract",
        path="contracts",
        one="a contract",
        many="contracts",
        shown=ContractSchema,
        new=NewContractSchema,
        changes=ContractChangesSchema,
    ),
    Catalogue(
        kind="skill",
        path="skills",
        one="a skill",
        many="skills",
        shown=SkillSchema,
        new=NewSkillSchema,
        changes=SkillChangesSchema,
        refuses=[LevelsStay],
    ),
    Catalogue(
        kind="activity",
        path="activities",
        one="an activity",
        many="activities",
        shown=ActivitySchema,
        new=NewActivitySchema,
        changes=ActivityChangesSchema,
        refuses=[EntryUnknown, LevelUnknown],
    ),
    Catalogue(
        kind="planning_unit",
        path="planning-units",
        one="a planning unit",
        many="planning units",
        shown=PlanningUnitSchema,
        new=NewPlanningUnitSchema,
        changes=PlanningUnitChangesSchema,
    ),
)
