"""Tenants: what an organisation sets for all of its users."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Final, Literal

from staffroll import humans
from staffroll.audit import AuditEntry, noted
from staffroll.errors import FieldError, Invalid, NotFound
from staffroll.events import Cause, Event, TenantState
from staffroll.ids import TENANT_PATTERN
from staffroll_accounts.domain.errors import TenantIdInvalid

Status = Literal["active", "suspended", "deleted"]

PASSWORD_MIN_LENGTH: Final = 12
PASSWORD_MIN_LENGTH_RANGE: Final = (8, 64)
LANGUAGES_MAX: Final = 50


@dataclass(frozen=True, slots=True)
class Tenant:
    """A customer organisation.

    Attributes:
        id: Short and for ever, such as ``acme``; people type it when they sign in.
        languages: What it offers its users (BCP 47), the default first.
        time_zone: What new users get (IANA name).
        enforce_two_factor: All users must have a second factor (R41).
        password_min_length: Characters, within `PASSWORD_MIN_LENGTH_RANGE` (R30).
        plugins: Settings of those that are switched on, by name; secret ones are encrypted.
    """

    id: str
    version: int
    name: str
    status: Status
    languages: tuple[str, ...]
    time_zone: str
    enforce_two_factor: bool = False
    password_min_length: int = PASSWORD_MIN_LENGTH
    plugins: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class TenantDecision:
    """What a tenant becomes, what is told of it, and noted in the audit trail: one write."""

    tenant: Tenant
    events: tuple[Event, ...] = ()
    audit: tuple[AuditEntry, ...] = ()


def enforce_two_factor(tenant: Tenant, cause: Cause, *, enforced: bool) -> TenantDecision:
    """Whether all users must have a second factor; works at their next sign-in (R41)."""
    if tenant.enforce_two_factor == enforced:
        return TenantDecision(tenant)
    changed = replace(tenant, version=tenant.version + 1, enforce_two_factor=enforced)
    return _decided(changed, "tenant.updated", "tenant.updated", ["enforce_two_factor"], cause)


def edit(tenant: Tenant, changes: Mapping[str, Any], cause: Cause) -> TenantDecision:
    """The tenant with `changes`, told as ``tenant.updated``; nothing where nothing changed.

    Users keep a language that is not offered any more until they choose another.

    Args:
        changes: By name, of name, languages, time_zone, password_min_length.
    Raises:
        Invalid: Fields are not as they should be; all of them are named.
    """
    wanted = dict(changes)
    if "languages" in wanted:
        wanted["languages"] = tidy_languages(wanted["languages"])
    changed = sorted(name for name, value in wanted.items() if getattr(tenant, name) != value)
    if not changed:
        return TenantDecision(tenant)
    edited = replace(tenant, version=tenant.version + 1, **{name: wanted[name] for name in changed})
    _check(edited, changed)
    return _decided(edited, "tenant.updated", "tenant.updated", changed, cause)


def set_plugin(
    tenant: Tenant, name: str, settings: Mapping[str, Any], cause: Cause
) -> TenantDecision:
    """The tenant with the plugin switched on, set up like this; told as ``tenant.updated``."""
    if tenant.plugins.get(name) == settings:
        return TenantDecision(tenant)
    action = "plugin.changed" if name in tenant.plugins else "plugin.switched-on"
    return _with_plugins(tenant, {**tenant.plugins, name: settings}, action, name, cause)


def remove_plugin(tenant: Tenant, name: str, cause: Cause) -> TenantDecision:
    """The tenant with the plugin switched off and its settings forgotten."""
    if name not in tenant.plugins:
        return TenantDecision(tenant)
    left = {other: kept for other, kept in tenant.plugins.items() if other != name}
    return _with_plugins(tenant, left, "plugin.switched-off", name, cause)


def suspend(tenant: Tenant, cause: Cause) -> TenantDecision:
    """Nobody signs in or goes on; told as ``tenant.suspended``. Raises `NotFound` if deleted."""
    return _turned(tenant, "suspended", "tenant.suspended", cause)


def resume(tenant: Tenant, cause: Cause) -> TenantDecision:
    """All is as it was; told as ``tenant.updated``. Raises `NotFound` if deleted."""
    return _turned(tenant, "active", "tenant.updated", cause)


def delete(tenant: Tenant, cause: Cause) -> TenantDecision:
    """The tenant's tombstone, told as ``tenant.deleted``: the id is never given again."""
    if tenant.status == "deleted":
        return TenantDecision(tenant)
    gone = Tenant(
        id=tenant.id,
        version=tenant.version + 1,
        name="",
        status="deleted",
        languages=("en",),
        time_zone="UTC",
    )
    # Its trail goes with it, so that nothing is noted.
    return TenantDecision(gone, (told(gone, "tenant.deleted", cause),))


def restored(tenant: Tenant, status: Status, version: int, cause: Cause) -> TenantDecision:
    """The tenant after accounts was put back to an earlier time, told as news.

    Args:
        status: As it is by now.
        version: Above all that was told of it.
    """
    if status == "deleted":
        return delete(replace(tenant, version=version), cause)
    again = replace(tenant, version=version, status=status)
    kind = "tenant.suspended" if status == "suspended" else "tenant.updated"
    return _decided(again, kind, "tenant.restored", [], cause)


def tidy_languages(tags: Iterable[str]) -> tuple[str, ...]:
    """Each once, valid ones in the standard form of BCP 47, in order."""
    from langcodes import standardize_tag, tag_is_valid

    found = (standardize_tag(tag) if tag_is_valid(tag) else tag for tag in tags)
    return tuple(dict.fromkeys(found))


def languages_problem(tags: Iterable[str]) -> FieldError | None:
    """What is wrong with the languages that a tenant offers, or None. Source: R5, BCP 47."""
    found = tuple(tags)
    if not found:
        return FieldError("required", "Must not be empty.")
    if len(found) > LANGUAGES_MAX:
        return FieldError("too_many", "At most {max} languages.", {"max": LANGUAGES_MAX})
    return next(filter(None, map(humans.language_tag_problem, found)), None)


def _turned(tenant: Tenant, status: Status, event_type: str, cause: Cause) -> TenantDecision:
    if tenant.status == "deleted":
        raise NotFound
    if tenant.status == status:
        return TenantDecision(tenant)
    turned = replace(tenant, version=tenant.version + 1, status=status)
    action = "tenant.suspended" if status == "suspended" else "tenant.resumed"
    return _decided(turned, event_type, action, ["status"], cause)


def _with_plugins(
    tenant: Tenant,
    plugins: Mapping[str, Mapping[str, Any]],
    action: str,
    name: str,
    cause: Cause,
) -> TenantDecision:
    changed = replace(tenant, version=tenant.version + 1, plugins=plugins)
    return _decided(changed, "tenant.updated", action, [name], cause)


def _decided(
    tenant: Tenant, event_type: str, action: str, changed: list[str], cause: Cause
) -> TenantDecision:
    entry = noted(cause, action, tenant.id, changed)
    return TenantDecision(tenant, (told(tenant, event_type, cause),), (entry,))


def _check(tenant: Tenant, names: Iterable[str]) -> None:
    least, most = PASSWORD_MIN_LENGTH_RANGE
    length = FieldError("out_of_range", "From {least} to {most}.", {"least": least, "most": most})
    problems = {
        "name": humans.name_problem(tenant.name),
        "languages": languages_problem(tenant.languages),
        "time_zone": humans.time_zone_problem(tenant.time_zone),
        "password_min_length": (None if least <= tenant.password_min_length <= most else length),
    }
    found = {name: [item] for name in names if (item := problems[name]) is not None}
    if found:
        raise Invalid(errors=found)


def create(
    id_: str, name: str, languages: tuple[str, ...], time_zone: str, cause: Cause
) -> tuple[Tenant, Event]:
    """A new tenant, told as ``tenant.created``.

    Raises:
        TenantIdInvalid: The id cannot be one.
    """
    if not TENANT_PATTERN.match(id_):
        raise TenantIdInvalid
    tenant = Tenant(
        id=id_, version=1, name=name, status="active", languages=languages, time_zone=time_zone
    )
    return tenant, told(tenant, "tenant.created", cause)


def told(tenant: Tenant, event_type: str, cause: Cause) -> Event:
    """The tenant's public state."""
    state = TenantState(
        name=tenant.name,
        status=tenant.status,
        languages=list(tenant.languages),
        time_zone=tenant.time_zone,
        enforce_two_factor=tenant.enforce_two_factor,
        plugins=dict(tenant.plugins),
    )
    return cause.event(event_type, tenant.id, tenant.version, state)
