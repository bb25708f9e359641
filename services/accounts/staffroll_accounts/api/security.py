"""``/v1/security``: who has a second factor, and whether all must (R41)."""

from __future__ import annotations

from typing import Any

from marshmallow import Schema, fields

from staffroll.errors import NotFound, OutboxFull
from staffroll.web.fields import Flag
from staffroll.web.resource import Resource
from staffroll_accounts.actions import AccountsScope
from staffroll_accounts.actions import security as actions
from staffroll_accounts.actions.security import SecurityOverview


class SpreadSchema(Schema):
    """Numbers of active users by the state of their second factor."""

    off = fields.Integer(required=True)
    enforced = fields.Integer(
        required=True, metadata={"description": "To be set up at the next sign-in."}
    )
    on = fields.Integer(required=True, metadata={"description": "By choice."})
    on_enforced = fields.Integer(required=True)


class SecuritySchema(Schema):
    """The tenant's security settings, and how things stand."""

    enforce_two_factor = fields.Boolean(required=True)
    two_factor = fields.Nested(SpreadSchema, required=True)


class SecurityChangeSchema(Schema):
    """The tenant's security settings."""

    enforce_two_factor = Flag(required=True)


def security() -> Resource:
    """The routes of ``/v1/security``."""
    bp = Resource("security", __name__, description="Security of the tenant.")

    @bp.get("/security")
    @bp.needs("accounts.security:read")
    @bp.answers(SecuritySchema, refuses=[NotFound])
    def get_security(scope: AccountsScope) -> SecurityOverview:
        """Read the security settings, and how many users have a second factor."""
        return actions.overview(scope)

    @bp.put("/security")
    @bp.needs("accounts.security:edit", fresh=True)
    @bp.accepts(SecurityChangeSchema)
    @bp.answers(SecuritySchema, refuses=[NotFound, OutboxFull])
    def set_security(body: dict[str, Any], scope: AccountsScope) -> SecurityOverview:
        """Say whether all users must have a second factor, from their next sign-in on."""
        return actions.set_enforcement(scope, enforced=body["enforce_two_factor"])

    return bp
