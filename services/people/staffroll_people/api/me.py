"""``/v1/me``: one's own profile."""

from __future__ import annotations

from typing import Any

from marshmallow import ValidationError, validates_schema

from staffroll.errors import NotFound, OutboxFull
from staffroll.records import Record
from staffroll.web.resource import Resource
from staffroll_people.actions.persons import PersonActions, PersonScope
from staffroll_people.api.persons import PersonSchema
from staffroll_people.api.profiles import OwnProfileChangesSchema
from staffroll_people.domain.profiles import Profile


class MyChangesSchema(OwnProfileChangesSchema):
    """What one may change of oneself; what is left out stays, null removes."""

    @validates_schema
    def _not_empty(self, data: dict[str, Any], **_: object) -> None:
        if not data:
            raise ValidationError("Name at least one field to change.", "body")


def me(actions: PersonActions) -> Resource:
    """The routes of ``/v1/me``."""
    bp = Resource("me", __name__, description="One's own profile, whatever one's roles are.")

    @bp.get("/me")
    @bp.needs_sign_in()
    @bp.answers(PersonSchema, refuses=[NotFound], with_etag=True)
    def get_me(scope: PersonScope) -> Record[Profile]:
        """Read one's own profile, with all that is sensitive in it."""
        return actions.get(scope.actor.id, scope)

    @bp.patch("/me")
    @bp.needs_sign_in()
    @bp.expects_version()
    @bp.accepts(MyChangesSchema)
    @bp.answers(PersonSchema, refuses=[NotFound, OutboxFull], with_etag=True)
    def edit_me(
        changes: dict[str, Any], scope: PersonScope, expected: int | None
    ) -> Record[Profile]:
        """Change one's own contact data; notes are others' to write."""
        return actions.edit_oneself(changes, scope, expected=expected)

    return bp
