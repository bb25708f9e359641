"""``/v1/roles`` and ``/v1/permissions``: what users may, by category (R70-R72)."""

from __future__ import annotations

from typing import Any, Final

from marshmallow import Schema, ValidationError, fields, post_load, validate, validates_schema

from staffroll.errors import NotFound, OutboxFull
from staffroll.giving import RoleNotYours
from staffroll.idempotency import IdempotencyKeyReused, Once
from staffroll.ids import UUID_PATTERN
from staffroll.permissions import CATALOGUE, CATEGORIES, NAMES
from staffroll.web.fields import Line, Name
from staffroll.web.resource import Resource, stands_at
from staffroll_accounts.actions import AccountsScope
from staffroll_accounts.actions import roles as actions
from staffroll_accounts.domain.errors import (
    CategoryFixed,
    DefaultRoleStays,
    NoDefaultRole,
    PermissionUnknown,
    ReplacementUnknown,
    RoleHeldByTooMany,
    RoleInUse,
    RoleNameTaken,
)
from staffroll_accounts.domain.roles import NewRole, Role

_UNITS_MAX: Final = 1000
_USERS_MAX: Final = 100_000_000


def _planning_units(**kwargs: Any) -> fields.List[str]:
    return fields.List(
        fields.String(validate=validate.Regexp(UUID_PATTERN)),
        allow_none=True,
        validate=validate.Length(max=_UNITS_MAX),
        metadata={"description": "Ids of the planning units that it reaches; null: all."},
        **kwargs,
    )


def _permissions(**kwargs: Any) -> fields.List[str]:
    return fields.List(
        fields.String(validate=validate.Length(min=1, max=100)),
        validate=validate.Length(max=len(NAMES)),
        metadata={"description": "Names from `/v1/permissions`."},
        **kwargs,
    )


def _category(**kwargs: Any) -> fields.String:
    return fields.String(validate=validate.OneOf(CATEGORIES), **kwargs)


class RoleSchema(Schema):
    """A role."""

    id = fields.UUID(required=True)
    version = fields.Integer(required=True)
    name = fields.String(required=True)
    abbreviation = fields.String(required=True)
    description = fields.String(required=True)
    category = fields.String(required=True)
    permissions = fields.List(fields.String(), required=True)
    planning_units = fields.List(
        fields.String(),
        required=True,
        allow_none=True,
        metadata={"description": "Ids of the planning units that it reaches; null: all."},
    )
    is_default = fields.Boolean(required=True)


class RolesSchema(Schema):
    """All roles, by name."""

    items = fields.List(fields.Nested(RoleSchema), required=True)


class NewRoleSchema(Schema):
    """A new role; without permissions it takes its category's defaults, in *Other* none."""

    name = Name(required=True)
    category = _category(required=True)
    abbreviation = Line(max_characters=10)
    description = Line(max_characters=1000)
    permissions = _permissions()
    planning_units = _planning_units()

    @post_load
    def _build(self, data: dict[str, Any], **_: object) -> NewRole:
        for name in ("permissions", "planning_units"):
            if data.get(name) is not None:
                data[name] = tuple(data[name])
        return NewRole(**data)


class RoleChangesSchema(Schema):
    """What may be changed; what is left out stays (JSON Merge Patch)."""

    name = Name()
    category = _category()
    abbreviation = Line(max_characters=10)
    description = Line(max_characters=1000)
    permissions = _permissions()
    planning_units = _planning_units()

    @validates_schema
    def _not_empty(self, data: dict[str, Any], **_: object) -> None:
        if not data:
            raise ValidationError("Name at least one field to change.", "body")


class DeletionQuerySchema(Schema):
    """What becomes of the users of a role that is deleted."""

    replace_with = fields.String(
        load_default=None,
        validate=validate.Regexp(UUID_PATTERN),
        metadata={"description": "They get this role instead."},
    )
    remove_from = fields.Integer(
        load_default=None,
        validate=validate.Range(min=0, max=_USERS_MAX),
        metadata={"description": "They lose it: how many they are, to show that it is meant."},
    )

    @validates_schema
    def _one_of_them(self, data: dict[str, Any], **_: object) -> None:
        if data["replace_with"] is not None and data["remove_from"] is not None:
            raise ValidationError("Either replace it or remove it.", "remove_from")


class PermissionSchema(Schema):
    """One thing that a role may allow."""

    name = fields.String(required=True, metadata={"example": "accounts.users:read"})
    description = fields.String(required=True)
    categories = fields.List(
        fields.String(),
        required=True,
        metadata={"description": "New roles of these categories have it from the start."},
    )


class PermissionsSchema(Schema):
    """All permissions there are, of all services."""

    items = fields.List(fields.Nested(PermissionSchema), required=True)


def roles() -> Resource:
    """The routes of ``/v1/roles`` and ``/v1/permissions``."""
    bp = Resource("roles", __name__, description="Roles and their permissions.")

    @bp.get("/permissions")
    @bp.needs("accounts.roles:read")
    @bp.answers(PermissionsSchema)
    def list_permissions(scope: AccountsScope) -> dict[str, Any]:  # noqa: ARG001 (given to all)
        """List all permissions."""
        return {"items": CATALOGUE}

    @bp.get("/roles")
    @bp.needs("accounts.roles:read")
    @bp.answers(RolesSchema)
    def list_roles(scope: AccountsScope) -> dict[str, Any]:
        """List all roles."""
        return {"items": scope.store.roles.all()}

    @bp.post("/roles")
    @bp.needs("accounts.roles:edit")
    @bp.once_only()
    @bp.accepts(NewRoleSchema)
    @bp.answers(
        RoleSchema,
        201,
        refuses=[RoleNameTaken, PermissionUnknown, RoleNotYours, IdempotencyKeyReused, OutboxFull],
        with_etag=True,
    )
    def create_role(new: NewRole, scope: AccountsScope, once: Once | None) -> Role:
        """Create a role; nobody puts more into it than they have themselves."""
        role = actions.create(new, scope, once)
        stands_at("get_role", role_id=role.id)
        return role

    @bp.get("/roles/<id:role_id>")
    @bp.needs("accounts.roles:read")
    @bp.answers(RoleSchema, refuses=[NotFound], with_etag=True)
    def get_role(role_id: str, scope: AccountsScope) -> Role:
        """Read a role."""
        return scope.store.roles.get(role_id)

    @bp.patch("/roles/<id:role_id>")
    @bp.needs("accounts.roles:edit")
    @bp.expects_version()
    @bp.accepts(RoleChangesSchema)
    @bp.answers(
        RoleSchema,
        refuses=[
            *(NotFound, RoleNameTaken, CategoryFixed, PermissionUnknown, RoleNotYours, OutboxFull)
        ],
        with_etag=True,
    )
    def edit_role(
        changes: dict[str, Any], role_id: str, scope: AccountsScope, expected: int | None
    ) -> Role:
        """Change a role; it works everywhere within the time an event takes."""
        return actions.edit(role_id, changes, scope, expected=expected)

    @bp.post("/roles/<id:role_id>/reset")
    @bp.needs("accounts.roles:edit")
    @bp.expects_version()
    @bp.answers(
        RoleSchema,
        refuses=[NotFound, NoDefaultRole, RoleNameTaken, RoleNotYours, OutboxFull],
        with_etag=True,
    )
    def reset_role(role_id: str, scope: AccountsScope, expected: int | None) -> Role:
        """Give a default role back what its category came with."""
        return actions.reset(role_id, scope, expected=expected)

    @bp.delete("/roles/<id:role_id>")
    @bp.needs("accounts.roles:edit")
    @bp.expects_version()
    @bp.asks(DeletionQuerySchema)
    @bp.answers(
        None,
        204,
        refuses=[
            *(NotFound, RoleInUse, RoleHeldByTooMany, DefaultRoleStays, ReplacementUnknown),
            *(RoleNotYours, OutboxFull),
        ],
    )
    def delete_role(
        query: dict[str, Any], role_id: str, scope: AccountsScope, expected: int | None
    ) -> None:
        """Delete a role; where users have it, say what becomes of them.

        It cannot be given from now on; that it is replaced or removed everywhere, and then
        `role.deleted`, follows in the time it takes.
        """
        actions.delete(
            role_id,
            scope,
            replace_with=query["replace_with"],
            remove_from=query["remove_from"],
            expected=expected,
        )

    return bp
