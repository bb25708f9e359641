"""``/v1/roles``: the roles of the tenant."""

from __future__ import annotations

from typing import Any

from marshmallow import Schema, fields

from staffroll.web.resource import Resource
from staffroll_accounts.actions import AccountsScope


class RoleSchema(Schema):
    """A role."""

    id = fields.UUID(required=True)
    version = fields.Integer(required=True)
    name = fields.String(required=True)
    abbreviation = fields.String(required=True)
    description = fields.String(required=True)
    category = fields.String(required=True)
    permissions = fields.List(fields.String(), required=True)
    is_default = fields.Boolean(required=True)


class RolesSchema(Schema):
    """All roles, by name."""

    items = fields.List(fields.Nested(RoleSchema), required=True)


def roles() -> Resource:
    """The routes of ``/v1/roles``."""
    bp = Resource("roles", __name__, description="Roles and their permissions.")

    @bp.get("/roles")
    @bp.needs("accounts.users:read")
    @bp.answers(RolesSchema)
    def list_roles(scope: AccountsScope) -> dict[str, Any]:
        """List all roles."""
        return {"items": scope.store.roles.all()}

    return bp
