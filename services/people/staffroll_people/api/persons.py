"""``/v1/people``: the persons."""

from __future__ import annotations

from marshmallow import Schema, fields

from staffroll.following import Actions
from staffroll.web.fields import Line, PhoneNumber
from staffroll.web.followed import NewRecordSchema, RecordChangesSchema, RecordSchema
from staffroll.web.records import RecordRoutes, record_routes
from staffroll.web.resource import Resource
from staffroll_people.domain.persons import Profile


def _shown(name: str) -> fields.String:
    return fields.String(required=True, attribute=f"own.{name}")


class PersonSchema(RecordSchema):
    """A person."""

    title = _shown("title")
    middle_name = _shown("middle_name")
    private_phone = _shown("private_phone")
    business_phone = _shown("business_phone")


class _ProfileSchema(Schema):
    """All optional; null stands for empty."""

    title = Line(allow_none=True)
    middle_name = Line(allow_none=True)
    private_phone = PhoneNumber(allow_none=True)
    business_phone = PhoneNumber(allow_none=True)


class NewPersonSchema(NewRecordSchema, _ProfileSchema):
    """A new person."""


class PersonChangesSchema(RecordChangesSchema, _ProfileSchema):
    """What may be changed of a person; what is left out stays, null removes."""


def persons(actions: Actions[Profile]) -> Resource:
    """The routes of ``/v1/people``."""
    made = RecordRoutes(
        name="people",
        description="Profiles: contact and address data.",
        permission="people.profile",
        shown=PersonSchema,
        new=NewPersonSchema,
        changes=PersonChangesSchema,
    )
    return record_routes(made, actions)
