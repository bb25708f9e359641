"""Schemas of records that follow accounts: what is shown, created, changed and asked for.

A service adds the fields of its own; everything that is not a field of the user counts
as its own.
"""

from __future__ import annotations

from typing import Any

from marshmallow import Schema, ValidationError, fields, post_load, validate, validates_schema

from staffroll.followed import EDITABLE
from staffroll.mongo.records import LISTED_STATES
from staffroll.records import NewHuman
from staffroll.web.fields import EmailAddress, Name, TimeZone, language_tag, role_ids
from staffroll.web.lists import PageQuerySchema, SearchText


def _field_errors(*, allow_none: bool = False) -> fields.Dict:
    return fields.Dict(
        keys=fields.String(),
        values=fields.List(fields.Dict(keys=fields.String(), values=fields.String())),
        required=True,
        allow_none=allow_none,
        metadata={"description": "What is wrong, by field: a list of code and detail."},
    )


class RefusalSchema(Schema):
    """Why accounts refused."""

    code = fields.String(required=True, metadata={"description": "Such as `email_taken`."})
    detail = fields.String(required=True)
    errors = _field_errors()


class DeletionSchema(Schema):
    """A deletion that accounts has not answered, or has refused; the latter with its reason."""

    state = fields.String(required=True, validate=validate.OneOf(["pending", "rejected"]))
    code = fields.String(
        required=True, allow_none=True, metadata={"description": "Such as `last_admin`."}
    )
    detail = fields.String(required=True, allow_none=True)


class UserChangeSchema(Schema):
    """A change that accounts has not answered, or has refused; the latter with its reason."""

    state = fields.String(required=True, validate=validate.OneOf(["pending", "rejected"]))
    fields_ = fields.Dict(
        keys=fields.String(),
        values=fields.String(),
        required=True,
        attribute="fields",
        data_key="fields",
        metadata={"description": "The wished values by name."},
    )
    code = fields.String(required=True, allow_none=True)
    detail = fields.String(required=True, allow_none=True)
    errors = _field_errors(allow_none=True)


def _copied(name: str) -> fields.String:
    return fields.String(required=True, attribute=f"followed.user.{name}")


class RecordSchema(Schema):
    """What every place shows of a human."""

    id = fields.UUID(required=True)
    version = fields.Integer(required=True)
    state = fields.String(
        required=True,
        attribute="followed.state",
        validate=validate.OneOf(LISTED_STATES),
        metadata={"description": "Whether accounts has made the user: `rejected` says why not."},
    )
    rejection = fields.Nested(
        RefusalSchema, required=True, allow_none=True, attribute="followed.rejection"
    )
    change = fields.Nested(
        UserChangeSchema, required=True, allow_none=True, attribute="followed.change"
    )
    deletion = fields.Nested(
        DeletionSchema, required=True, allow_none=True, attribute="followed.deletion"
    )
    first_name = _copied("first_name")
    last_name = _copied("last_name")
    email = _copied("email")
    language = _copied("language")
    time_zone = _copied("time_zone")
    user_status = fields.String(
        required=True,
        attribute="followed.user.status",
        metadata={"description": "`active` or `deactivated`; empty until confirmed."},
    )
    roles = fields.List(fields.String(), required=True, attribute="followed.user.roles")
    is_admin = fields.Boolean(required=True, attribute="followed.user.is_admin")


class BeingDeletedSchema(Schema):
    """Of somebody whose deletion was asked for: what becomes of that."""

    id = fields.UUID(required=True)
    version = fields.Integer(required=True)
    deletion = fields.Nested(
        DeletionSchema, required=True, allow_none=True, attribute="followed.deletion"
    )


class NewRecordSchema(Schema):
    """A new human; language and time zone default to the tenant's, roles to the Agent role.

    Loads into a `NewHuman` and the fields that are the service's own.
    """

    last_name = Name(required=True)
    first_name = Name(may_be_empty=True, load_default="")
    email = EmailAddress(required=True)
    language = language_tag()
    time_zone = TimeZone()
    roles = role_ids()

    @post_load
    def _build(self, data: dict[str, Any], **_: object) -> tuple[NewHuman, dict[str, Any]]:
        of_user = {name: data.pop(name) for name in EDITABLE if name in data}
        roles = data.pop("roles", None)
        return NewHuman(**of_user, roles=None if roles is None else tuple(roles)), data


class RecordChangesSchema(Schema):
    """What may be changed; what is left out stays (JSON Merge Patch).

    Loads into the changes of the user's fields and those of the service's own.
    """

    last_name = Name()
    first_name = Name(may_be_empty=True)
    email = EmailAddress()
    language = language_tag()
    time_zone = TimeZone()

    @validates_schema
    def _not_empty(self, data: dict[str, Any], **_: object) -> None:
        if not data:
            raise ValidationError("Name at least one field to change.", "body")

    @post_load
    def _build(self, data: dict[str, Any], **_: object) -> tuple[dict[str, str], dict[str, Any]]:
        of_user = {name: data.pop(name) for name in EDITABLE if name in data}
        return of_user, data


class RecordQuerySchema(PageQuerySchema):
    """State and search combine with *and* (R13)."""

    state = fields.String(
        load_default=None,
        validate=validate.OneOf(LISTED_STATES),
        metadata={"description": "Only those in this state; all where left out."},
    )
    q = SearchText(load_default="")
