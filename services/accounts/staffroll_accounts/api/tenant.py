"""``/v1/tenant``: what the organisation sets for all of its users."""

from __future__ import annotations

from typing import Any, Final

from marshmallow import Schema, ValidationError, fields, validate, validates_schema

from staffroll.errors import NotFound, OutboxFull
from staffroll.scope import StepUpNeeded
from staffroll.web.fields import Name, TimeZone
from staffroll.web.resource import Resource
from staffroll_accounts.actions import AccountsScope
from staffroll_accounts.actions import tenants as actions
from staffroll_accounts.domain.tenants import (
    LANGUAGES_MAX,
    PASSWORD_MIN_LENGTH_RANGE,
    Tenant,
)

_TAG_MAX_CHARACTERS: Final = 35


class TenantSchema(Schema):
    """An organisation, and what it sets for all of its users."""

    id = fields.String(required=True)
    version = fields.Integer(required=True)
    status = fields.String(required=True, validate=validate.OneOf(["active", "suspended"]))
    name = fields.String(required=True)
    languages = fields.List(
        fields.String(), required=True, metadata={"description": "BCP 47, the default first."}
    )
    time_zone = fields.String(required=True)
    password_min_length = fields.Integer(required=True)


class TenantChangesSchema(Schema):
    """What may be changed; what is left out stays (JSON Merge Patch)."""

    name = Name()
    languages = fields.List(
        fields.String(validate=validate.Length(min=1, max=_TAG_MAX_CHARACTERS)),
        validate=validate.Length(min=1, max=LANGUAGES_MAX),
        metadata={"description": "BCP 47; the first is what new users get.", "example": ["de"]},
    )
    time_zone = TimeZone()
    password_min_length = fields.Integer(
        strict=True,
        validate=validate.Range(*PASSWORD_MIN_LENGTH_RANGE),
        metadata={"description": "Characters that a new password must have at least (R30)."},
    )

    @validates_schema
    def _not_empty(self, data: dict[str, Any], **_: object) -> None:
        if not data:
            raise ValidationError("Name at least one field to change.", "body")


def tenant() -> Resource:
    """The routes of ``/v1/tenant``."""
    bp = Resource("tenant", __name__, description="The organisation's settings.")

    @bp.get("/tenant")
    @bp.needs("accounts.tenant:read")
    @bp.answers(TenantSchema, refuses=[NotFound], with_etag=True)
    def get_tenant(scope: AccountsScope) -> Tenant:
        """Read the organisation's settings."""
        return actions.get(scope)

    @bp.patch("/tenant")
    @bp.needs("accounts.tenant:edit")
    @bp.expects_version()
    @bp.accepts(TenantChangesSchema)
    @bp.answers(TenantSchema, refuses=[NotFound, StepUpNeeded, OutboxFull], with_etag=True)
    def edit_tenant(changes: dict[str, Any], scope: AccountsScope, expected: int | None) -> Tenant:
        """Change them; every service learns of it by `tenant.updated`.

        The password length is a security setting: password or code must have been entered
        within the last ten minutes.
        """
        return actions.edit(changes, scope, expected=expected)

    return bp
