"""``/v1/people``: the persons."""

from __future__ import annotations

from staffroll.errors import Forbidden
from staffroll.web.followed import NewRecordSchema, RecordChangesSchema, RecordSchema
from staffroll.web.records import RecordRoutes, record_routes
from staffroll.web.resource import Resource
from staffroll_people.actions.persons import PersonActions, seen
from staffroll_people.api.profiles import ProfileChangesSchema, ProfileSchema


class PersonSchema(ProfileSchema, RecordSchema):
    """A person."""


class NewPersonSchema(NewRecordSchema, ProfileChangesSchema):
    """A new person."""


class PersonChangesSchema(RecordChangesSchema, ProfileChangesSchema):
    """What may be changed of a person; what is left out stays, null removes."""


def persons(actions: PersonActions) -> Resource:
    """The routes of ``/v1/people``."""
    made = RecordRoutes(
        name="people",
        description="Profiles: contact and address data. Date of birth, private phone, address, "
        "emergency contact and notes are sensitive: they are missing without "
        "`people.sensitive:read`, and changed only with `people.sensitive:edit`.",
        permission="people.profile",
        shown=PersonSchema,
        new=NewPersonSchema,
        changes=PersonChangesSchema,
        conflicts=[Forbidden],
        shows=seen,
    )
    return record_routes(made, actions)
