"""Roles: categories, default roles, permissions (R70-R72). Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, Final

from staffroll import humans
from staffroll import permissions as catalogue
from staffroll.audit import AuditEntry, noted
from staffroll.errors import FieldError, Invalid
from staffroll.events import Cause, Event, RoleState
from staffroll.giving import RoleNotYours, check_gives_no_more, gives_more
from staffroll.permissions import (
    AGENT,
    FINANCE,
    OTHER,
    PLANNER,
    SUPERVISOR_ADVANCED,
    SUPERVISOR_BASIC,
    TRAINER,
)
from staffroll.scope import Actor
from staffroll.standing import Grant
from staffroll_accounts.domain.errors import (
    CategoryFixed,
    DefaultRoleStays,
    NoDefaultRole,
    PermissionUnknown,
)

DEFAULTS: Final[Mapping[str, tuple[str, str]]] = {
    AGENT: ("Agent", "AG"),
    PLANNER: ("Planner", "PL"),
    SUPERVISOR_BASIC: ("Supervisor (basic)", "SB"),
    SUPERVISOR_ADVANCED: ("Supervisor (advanced)", "SA"),
    TRAINER: ("Trainer", "TR"),
    FINANCE: ("Finance", "FI"),
}
"""By category: name and abbreviation of its default role."""

__all__ = ["AGENT", "DEFAULTS", "OTHER"]


@dataclass(frozen=True, slots=True)
class Going:
    """A role is on its way out: it is taken from its users one by one, then deleted.

    Attributes:
        replace_with: The role that they get instead.
        actor: Who deletes it.
    """

    since: datetime
    actor: str
    replace_with: str | None = None
    correlation_id: str | None = None


@dataclass(frozen=True, slots=True)
class Role:
    """A named set of permissions that users have.

    Attributes:
        category: A key of `DEFAULTS`, or ``other``.
        permissions: ``<service>.<thing>:<read|edit|delete>``, sorted.
        is_default: The one that its category came with.
        planning_units: Ids of those that it reaches; None: all.
        edition: Of the catalogue of permissions that its category's defaults were given from.
        going: None unless it is being deleted; then nobody sees it or gets it any more.
        external_id: What a provisioning client calls it; told to nobody.
    """

    id: str
    version: int
    name: str
    abbreviation: str
    category: str
    permissions: tuple[str, ...]
    description: str = ""
    is_default: bool = False
    planning_units: tuple[str, ...] | None = None
    edition: int = catalogue.EDITION
    going: Going | None = None
    is_deleted: bool = False
    external_id: str | None = None


@dataclass(frozen=True, slots=True)
class NewRole:
    """What is wished of a new role; permissions of None take the category's defaults."""

    name: str
    category: str
    abbreviation: str = ""
    description: str = ""
    permissions: tuple[str, ...] | None = None
    planning_units: tuple[str, ...] | None = None
    external_id: str | None = None


@dataclass(frozen=True, slots=True)
class RoleDecision:
    """What a role becomes, what is told of it, and noted in the audit trail: one write."""

    role: Role
    events: tuple[Event, ...] = ()
    audit: tuple[AuditEntry, ...] = ()


def default_role(category: str, id_: str) -> Role:
    name, abbreviation = DEFAULTS[category]
    return Role(
        id=id_,
        version=1,
        name=name,
        abbreviation=abbreviation,
        category=category,
        permissions=catalogue.defaults(category),
        is_default=True,
    )


def create(new: NewRole, id_: str, actor: Actor, cause: Cause) -> RoleDecision:
    """A new role, told as ``role.updated``.

    Raises:
        Invalid: The name is no good.
        PermissionUnknown: It is not in the catalogue.
        RoleNotYours: The actor lacks one of its permissions (R72).
    """
    given = catalogue.defaults(new.category) if new.permissions is None else new.permissions
    role = Role(
        id=id_,
        version=1,
        name=humans.tidy_name(new.name),
        abbreviation=new.abbreviation,
        category=new.category,
        permissions=_sorted(given),
        description=new.description,
        planning_units=_units(new.planning_units),
        external_id=new.external_id,
    )
    _check(role, actor)
    return RoleDecision(role, (told(role, cause),), (noted(cause, "role.created", id_),))


def edit(role: Role, changes: Mapping[str, Any], actor: Actor, cause: Cause) -> RoleDecision:
    """The role with `changes`, told as ``role.updated``; nothing where nothing changed.

    Args:
        changes: By name, of name, abbreviation, description, category, planning_units,
            permissions, external_id.
    Raises:
        CategoryFixed: A default role stays in its category.
        Invalid, PermissionUnknown, RoleNotYours: As in `create`.
    """
    if role.is_default and changes.get("category", role.category) != role.category:
        raise CategoryFixed
    wanted = {name: _TIDIED.get(name, _as_is)(value) for name, value in changes.items()}
    return _changed(role, wanted, actor, cause)


def reset(role: Role, actor: Actor, cause: Cause) -> RoleDecision:
    """The default role as its category came with it (R70).

    Raises:
        NoDefaultRole: It is one that the tenant made itself.
        RoleNotYours: As in `create`.
    """
    if not role.is_default:
        raise NoDefaultRole
    fresh = default_role(role.category, role.id)
    names = ("name", "abbreviation", "description", "permissions", "planning_units")
    return _changed(role, {name: getattr(fresh, name) for name in names}, actor, cause)


def grown(role: Role, cause: Cause) -> RoleDecision | None:
    """The role with what the product gained since, by its category; None: nothing (R70)."""
    if role.edition >= catalogue.EDITION:
        return None
    gained = catalogue.defaults(role.category, after=role.edition)
    current = replace(role, edition=catalogue.EDITION)
    wanted = {"permissions": _sorted((*role.permissions, *gained))}
    return _changed(current, wanted, Actor(cause.actor, is_admin=True), cause)


def let_go(role: Role, replacement: Role | None, actor: Actor, cause: Cause) -> RoleDecision:
    """The role on its way out; it is told of when nobody has it any more.

    Raises:
        DefaultRoleStays: It can be edited and reset, not deleted.
        RoleNotYours: The replacement allows what the actor lacks (R72).
    """
    if role.is_default:
        raise DefaultRoleStays
    if replacement is not None:
        check_no_escalation(actor, [replacement], admin_changes=False)
    going = Going(
        since=cause.now,
        actor=cause.actor,
        replace_with=replacement.id if replacement else None,
        correlation_id=cause.correlation_id,
    )
    gone = replace(role, version=role.version + 1, going=going)
    return RoleDecision(gone, audit=(noted(cause, "role.deleted", role.id),))


def delete(role: Role, cause: Cause) -> RoleDecision:
    """The role's tombstone, told as ``role.deleted``."""
    gone = replace(
        role,
        version=role.version + 1,
        name="",
        abbreviation="",
        description="",
        permissions=(),
        planning_units=(),
        going=None,
        is_deleted=True,
        external_id=None,
    )
    return RoleDecision(gone, (told(gone, cause),))


def told(role: Role, cause: Cause) -> Event:
    """The role's public state as ``role.updated``, or ``role.deleted``."""
    state = RoleState(
        name=role.name,
        category=role.category,
        permissions=list(role.permissions),
        abbreviation=role.abbreviation,
        description=role.description,
        is_default=role.is_default,
        is_deleted=role.is_deleted,
        planning_units=None if role.planning_units is None else list(role.planning_units),
    )
    kind = "role.deleted" if role.is_deleted else "role.updated"
    return cause.event(kind, role.id, role.version, state)


def grant_of(role: Role) -> Grant:
    """What the role gives, and where."""
    units = role.planning_units
    return Grant(frozenset(role.permissions), None if units is None else frozenset(units))


def permissions_of(roles: Iterable[Role]) -> frozenset[str]:
    """What roles allow together: permissions add up (R71)."""
    return frozenset(permission for role in roles for permission in role.permissions)


def check_no_escalation(actor: Actor, given: Iterable[Role], *, admin_changes: bool) -> None:
    """Raises `RoleNotYours` where the actor gives what they lack themselves. Source: R72, R16."""
    if admin_changes and not actor.is_admin:
        raise RoleNotYours
    known = {role.id: grant_of(role) for role in given}
    check_gives_no_more(actor, known, known)


def _changed(role: Role, wanted: Mapping[str, Any], actor: Actor, cause: Cause) -> RoleDecision:
    changed = sorted(name for name, value in wanted.items() if getattr(role, name) != value)
    version = role.version + 1 if changed else role.version
    edited = replace(role, **{name: wanted[name] for name in changed}, version=version)
    if not changed:
        return RoleDecision(edited)
    _check(edited, actor, before=role)
    entry = noted(cause, "role.updated", role.id, changed)
    return RoleDecision(edited, (told(edited, cause),), (entry,))


def _check(role: Role, actor: Actor, before: Role | None = None) -> None:
    problem = humans.name_problem(role.name)
    if problem is not None:
        raise Invalid(errors={"name": [problem]})
    added = frozenset(role.permissions) - frozenset(before.permissions if before else ())
    unknown = added - catalogue.NAMES
    if unknown:
        raise PermissionUnknown
    # Whoever already has the role may be the actor, so that only what is added is asked for.
    given = grant_of(role)
    if before is None or role.planning_units == before.planning_units:
        given = replace(given, permissions=added)
    if gives_more(actor, given):
        at = "permissions" if not given.permissions <= actor.permissions else "planning_units"
        raise RoleNotYours(errors={at: [FieldError(RoleNotYours.code, RoleNotYours.wording)]})


def _sorted(found: Iterable[str]) -> tuple[str, ...]:
    return tuple(sorted(set(found)))


def _units(found: Iterable[str] | None) -> tuple[str, ...] | None:
    return None if found is None else _sorted(found)


def _as_is(value: Any) -> Any:
    return value


_TIDIED: Final[Mapping[str, Any]] = {
    "name": humans.tidy_name,
    "permissions": _sorted,
    "planning_units": _units,
}
