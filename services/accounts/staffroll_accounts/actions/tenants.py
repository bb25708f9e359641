"""Making tenants: the platform team's business."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from typing import Any, Final

from staffroll import humans
from staffroll.errors import Invalid, NotFound, Stale, Unavailable
from staffroll.ids import TENANT_PATTERN, new_id
from staffroll_accounts.actions import AccountsScope, users
from staffroll_accounts.domain import passwords
from staffroll_accounts.domain import roles as role_rules
from staffroll_accounts.domain import tenants as rules
from staffroll_accounts.domain.errors import TenantExists, TenantIdInvalid
from staffroll_accounts.domain.passwords import Policy
from staffroll_accounts.domain.roles import DEFAULTS, RoleDecision
from staffroll_accounts.domain.tenants import Tenant, TenantDecision
from staffroll_accounts.domain.users import SOURCE, NewUser, User
from staffroll_accounts.passwords import Passwords

_TRIES: Final = 10


@dataclass(frozen=True, slots=True)
class NewTenant:
    """What is wished of a new tenant and its first admin."""

    id: str
    name: str
    languages: tuple[str, ...]
    time_zone: str
    admin_email: str
    admin_first_name: str
    admin_last_name: str
    admin_password: str


def create(new: NewTenant, scope: AccountsScope, hasher: Passwords) -> User:
    """A tenant with its default roles and its first admin, who is returned.

    Repeating it after a crash completes what is missing; a tenant that has users is
    complete.

    Raises:
        TenantIdInvalid, TenantExists, Invalid.
    """
    check_form(new)
    cause = scope.cause(SOURCE)
    tenant, event = rules.create(new.id, new.name, new.languages, new.time_zone, cause)
    with suppress(TenantExists):
        scope.store.tenants.insert(tenant, event, scope.now)
    is_deleted = scope.store.tenants.status() == "deleted"
    if is_deleted or not scope.store.users.is_empty():
        raise TenantExists(tenant_id=new.id)
    roles = [role_rules.default_role(category, new_id()) for category in DEFAULTS]
    scope.store.roles.insert_missing(
        [RoleDecision(role, (role_rules.told(role, cause),)) for role in roles], scope.now
    )
    admin = NewUser(
        last_name=new.admin_last_name,
        first_name=new.admin_first_name,
        email=new.admin_email,
        is_admin=True,
    )
    return users.create(admin, scope, password=new.admin_password, passwords=hasher)


def get(scope: AccountsScope) -> Tenant:
    """Raises `NotFound` where there is no such tenant, or no longer."""
    found = scope.store.tenants.find()
    if found is None or found.status == "deleted":
        raise NotFound
    return found


def edit(changes: Mapping[str, Any], scope: AccountsScope, *, expected: int | None) -> Tenant:
    """The tenant after `changes`.

    Raises:
        NotFound, Stale, Invalid.
        StepUpNeeded: The password length changes, and the actor has not shown lately who they are.
        Unavailable: Too many change the tenant at this very moment.
    """

    def rule(tenant: Tenant) -> TenantDecision:
        decision = rules.edit(tenant, changes, scope.cause(SOURCE))
        if decision.tenant.password_min_length != tenant.password_min_length:
            scope.check_fresh()
        return decision

    return decide(scope, rule, expected)


def suspend(scope: AccountsScope) -> Tenant:
    """Nobody of the tenant signs in or goes on. Raises `NotFound`, `Unavailable`."""
    return decide(scope, lambda tenant: rules.suspend(tenant, scope.cause(SOURCE)))


def resume(scope: AccountsScope) -> Tenant:
    """The tenant's users may sign in again. Raises `NotFound`, `Unavailable`."""
    return decide(scope, lambda tenant: rules.resume(tenant, scope.cause(SOURCE)))


def delete(scope: AccountsScope) -> Tenant:
    """The tenant is no more; what the services have of it is erased soon.

    Raises:
        NotFound: There is none, or it is deleted already.
        Unavailable.
    """
    return decide(scope, lambda tenant: rules.delete(tenant, scope.cause(SOURCE)))


def decide(
    scope: AccountsScope,
    rule: Callable[[Tenant], TenantDecision],
    expected: int | None = None,
) -> Tenant:
    """The tenant as `rule` wants it, kept; where somebody was quicker, decided again.

    Raises:
        NotFound; Stale: It is not `expected` any more; and whatever `rule` raises.
        Unavailable: Too many change the tenant at this very moment.
    """
    for _ in range(_TRIES):
        tenant = get(scope)
        if expected is not None and expected != tenant.version:
            raise Stale
        try:
            return scope.store.tenants.save(rule(tenant), tenant, scope.now)
        except Stale:
            if expected is not None:
                raise
    raise Unavailable


def check_form(new: NewTenant) -> None:
    """Whether it can be wished for at all; asks no database.

    Raises:
        TenantIdInvalid, Invalid.
    """
    if not TENANT_PATTERN.match(new.id):
        raise TenantIdInvalid
    problems = {
        "admin_email": humans.email_problem(new.admin_email),
        "admin_last_name": humans.name_problem(new.admin_last_name),
        "time_zone": humans.time_zone_problem(new.time_zone),
        "languages": rules.languages_problem(new.languages),
    }
    found = {name: [problem] for name, problem in problems.items() if problem is not None}
    personal = (new.admin_first_name, new.admin_last_name, new.admin_email)
    if objections := passwords.problems(new.admin_password, Policy(), personal):
        found["admin_password"] = objections
    if found:
        raise Invalid(errors=found)
