"""``/v1/me``: one's own account."""

from __future__ import annotations

from typing import Any

from marshmallow import Schema, ValidationError, validates_schema

from staffroll.errors import NotFound, OutboxFull
from staffroll.web.fields import TimeZone, language_tag
from staffroll.web.guard import ANY_NARROWED
from staffroll.web.resource import Resource
from staffroll_accounts.actions import AccountsScope
from staffroll_accounts.actions import users as actions
from staffroll_accounts.api.users import UserSchema
from staffroll_accounts.domain.users import User


class OwnChangesSchema(Schema):
    """What one may change of oneself; what is left out stays (JSON Merge Patch)."""

    language = language_tag()
    time_zone = TimeZone()

    @validates_schema
    def _not_empty(self, data: dict[str, Any], **_: object) -> None:
        if not data:
            raise ValidationError("Name at least one field to change.", "body")


def me() -> Resource:
    """The routes of ``/v1/me``."""
    bp = Resource("me", __name__, description="One's own account.")

    @bp.get("/me")
    @bp.needs_sign_in(narrowed_ok=ANY_NARROWED)
    @bp.answers(UserSchema, refuses=[NotFound], with_etag=True)
    def get_me(scope: AccountsScope) -> User:
        """Read one's own account."""
        return actions.get(scope.actor.id, scope)

    @bp.patch("/me")
    @bp.needs_sign_in()
    @bp.expects_version()
    @bp.accepts(OwnChangesSchema)
    @bp.answers(UserSchema, refuses=[NotFound, OutboxFull], with_etag=True)
    def edit_me(changes: dict[str, Any], scope: AccountsScope, expected: int | None) -> User:
        """Change one's own language and time zone; every service learns of it."""
        return actions.edit(scope.actor.id, changes, scope, expected=expected)

    return bp
