"""``/v1/users``: the user list and its users."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from flask import Response
from marshmallow import Schema, ValidationError, fields, post_load, validate, validates_schema

from staffroll.errors import ConfirmationNeeded, NotFound, OutboxFull
from staffroll.giving import RoleNotYours, RoleUnknown
from staffroll.idempotency import IdempotencyKeyReused, Once
from staffroll.ids import UUID_PATTERN
from staffroll.scope import StepUpNeeded
from staffroll.search import TooManyTerms, parse_terms
from staffroll.web.confirming import ConfirmQuerySchema, confirmation_needed
from staffroll.web.fields import EmailAddress, Flag, Instant, Name, TimeZone, language_tag, role_ids
from staffroll.web.lists import CursorInvalid, PageQuerySchema, Position, SearchText, page_of
from staffroll.web.resource import Resource, stands_at
from staffroll_accounts.actions import AccountsScope, deletion
from staffroll_accounts.actions import users as actions
from staffroll_accounts.api.passwords import PASSWORD_FORM_MAX_CHARACTERS, Password
from staffroll_accounts.domain.errors import AccountNotYours, EmailTaken, LastAdmin
from staffroll_accounts.domain.users import NewUser, User
from staffroll_accounts.passwords import Passwords

PASSWORD_MAX_CHARACTERS = PASSWORD_FORM_MAX_CHARACTERS


class UserSchema(Schema):
    """A user."""

    id = fields.UUID(required=True)
    version = fields.Integer(required=True)
    status = fields.String(
        required=True,
        validate=validate.OneOf(["active", "deactivated"]),
        metadata={"description": "Active users are billed, deactivated ones are not."},
    )
    first_name = fields.String(required=True)
    last_name = fields.String(required=True)
    email = fields.String(required=True)
    language = fields.String(required=True)
    time_zone = fields.String(required=True)
    roles = fields.List(fields.String(), required=True)
    is_admin = fields.Boolean(required=True)
    locked = fields.Boolean(required=True)
    created_at = Instant(required=True)
    created_in = fields.String(required=True)


@dataclass(frozen=True, slots=True)
class NewUserBody:
    """What a client sends to create a user."""

    user: NewUser
    password: str | None = field(default=None, repr=False)
    invite: bool = False


class NewUserSchema(Schema):
    """A new user; language and time zone default to the tenant's."""

    last_name = Name(required=True)
    first_name = Name(required=True)
    email = EmailAddress(required=True)
    language = language_tag()
    time_zone = TimeZone()
    roles = role_ids()
    is_admin = Flag()
    password = Password("Without one, nobody can sign in yet.")
    invite = Flag(
        load_only=True,
        metadata={"description": "Mail them a link with which they set their password."},
    )

    @validates_schema
    def _not_both(self, data: dict[str, Any], **_: object) -> None:
        if data.get("invite") and data.get("password"):
            raise ValidationError("Either a password, or an invitation to set one.", "invite")

    @post_load
    def _build(self, data: dict[str, Any], **_: object) -> NewUserBody:
        password, invite = data.pop("password", None), data.pop("invite", False)
        data["roles"] = tuple(data.pop("roles", ()))
        return NewUserBody(NewUser(**data), password, invite)


class UserChangesSchema(Schema):
    """What may be changed; what is left out stays (JSON Merge Patch)."""

    last_name = Name()
    first_name = Name(may_be_empty=True)
    email = EmailAddress()
    language = language_tag()
    time_zone = TimeZone()
    roles = role_ids()
    is_admin = Flag()

    @validates_schema
    def _not_empty(self, data: dict[str, Any], **_: object) -> None:
        if not data:
            raise ValidationError("Name at least one field to change.", "body")


class UserQuerySchema(PageQuerySchema):
    """Tab, search and role filter combine with *and* (R13)."""

    status = fields.String(
        load_default="billed",
        validate=validate.OneOf(["billed", "unbilled"]),
        metadata={"description": "`billed`: active users. `unbilled`: deactivated ones."},
    )
    q = SearchText(load_default="")
    role = fields.List(
        fields.String(validate=validate.Regexp(UUID_PATTERN, error="This is not a role's id.")),
        load_default=list,
        validate=validate.Length(max=100),
        metadata={"description": "Repeatable: users with at least one of these roles."},
    )


class UserTabSchema(page_of(UserSchema)):  # type: ignore[misc]
    """A page of a tab, with the counts of both tabs."""

    billed = fields.Integer(required=True)
    unbilled = fields.Integer(required=True)


def users(passwords: Passwords) -> Resource:
    """The routes of ``/v1/users``."""
    bp = Resource("users", __name__, description="The user list and its users.")

    @bp.get("/users")
    @bp.needs("accounts.users:read")
    @bp.asks(UserQuerySchema)
    @bp.answers(UserTabSchema, refuses=[TooManyTerms, CursorInvalid])
    def list_users(query: dict[str, Any], scope: AccountsScope) -> dict[str, Any]:
        """List users, by last name, first name, id."""
        after = Position.from_cursor(query["cursor"]) if query["cursor"] else None
        tab = actions.find_tab(
            scope,
            is_billed=query["status"] == "billed",
            terms=parse_terms(query["q"]),
            roles=query["role"],
            after=(after.sort, after.id) if after else None,
            limit=query["limit"],
        )
        return {
            "items": tab.users,
            "total": tab.total,
            "next_cursor": Position(*tab.end).to_cursor() if tab.end else None,
            "billed": tab.billed,
            "unbilled": tab.unbilled,
        }

    @bp.post("/users")
    @bp.needs("accounts.users:edit")
    @bp.once_only()
    @bp.accepts(NewUserSchema)
    @bp.answers(
        UserSchema,
        201,
        refuses=[EmailTaken, RoleUnknown, RoleNotYours, IdempotencyKeyReused, OutboxFull],
        with_etag=True,
    )
    def create_user(body: NewUserBody, scope: AccountsScope, once: Once | None) -> User:
        """Create a user; every service learns of it by `user.created`."""
        user = actions.create(
            body.user,
            scope,
            password=body.password,
            passwords=passwords,
            invite=body.invite,
            once=once,
        )
        stands_at("get_user", user_id=user.id)
        return user

    @bp.get("/users/<id:user_id>")
    @bp.needs("accounts.users:read")
    @bp.answers(UserSchema, refuses=[NotFound], with_etag=True)
    def get_user(user_id: str, scope: AccountsScope) -> User:
        """Read a user."""
        return actions.get(user_id, scope)

    @bp.patch("/users/<id:user_id>")
    @bp.needs("accounts.users:edit")
    @bp.expects_version()
    @bp.accepts(UserChangesSchema)
    @bp.answers(
        UserSchema,
        refuses=[
            NotFound,
            EmailTaken,
            RoleUnknown,
            RoleNotYours,
            AccountNotYours,
            LastAdmin,
            StepUpNeeded,
            OutboxFull,
        ],
        with_etag=True,
    )
    def edit_user(
        changes: dict[str, Any], user_id: str, scope: AccountsScope, expected: int | None
    ) -> User:
        """Change a user; every service learns of it by `user.updated`."""
        return actions.edit(user_id, changes, scope, expected=expected)

    @bp.delete("/users/<id:user_id>")
    @bp.needs("accounts.users:delete", fresh=True)
    @bp.expects_version()
    @bp.asks(ConfirmQuerySchema)
    @bp.answers(
        None, 204, refuses=[NotFound, ConfirmationNeeded, AccountNotYours, LastAdmin, OutboxFull]
    )
    def delete_user(
        query: dict[str, Any], user_id: str, scope: AccountsScope, expected: int | None
    ) -> Response | None:
        """Delete a user and all their data, everywhere and for ever.

        The id is sent once more as `confirm`; without it the answer, 428, says what would be
        lost. Every service learns of it by `user.deleted`, and `/v1/erasures/{user_id}` shows
        which of them have erased what they had.
        """
        if query["confirm"] != user_id:
            lost = deletion.preview(user_id, scope, expected=expected)
            as_of = {"future_shifts": lost.told_at}
            return confirmation_needed(user_id, lost.name, lost.counts(), as_of)
        deletion.delete(user_id, scope, expected=expected)
        return None

    return bp
