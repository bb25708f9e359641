"""Making tenants: the platform team's business."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass
from typing import Final

from staffroll import humans
from staffroll.errors import FieldError, Invalid
from staffroll.ids import TENANT_PATTERN, new_id
from staffroll_accounts.actions import AccountsScope, users
from staffroll_accounts.domain import roles as role_rules
from staffroll_accounts.domain import tenants as rules
from staffroll_accounts.domain.errors import TenantExists, TenantIdInvalid
from staffroll_accounts.domain.roles import DEFAULTS
from staffroll_accounts.domain.users import SOURCE, NewUser, User
from staffroll_accounts.passwords import Passwords

PASSWORD_CHARACTERS: Final = range(12, 257)


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


def create(new: NewTenant, scope: AccountsScope, passwords: Passwords) -> User:
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
    if not scope.store.users.is_empty():
        raise TenantExists(tenant_id=new.id)
    for category in DEFAULTS:
        role = role_rules.default_role(category, new_id())
        scope.store.roles.insert_missing(role, role_rules.told(role, cause), scope.now)
    admin = NewUser(
        last_name=new.admin_last_name,
        first_name=new.admin_first_name,
        email=new.admin_email,
        is_admin=True,
    )
    return users.create(admin, scope, password=new.admin_password, passwords=passwords)


def check_form(new: NewTenant) -> None:
    """Whether it can be wished for at all; asks no database.

    Raises:
        TenantIdInvalid, Invalid.
    """
    if not TENANT_PATTERN.match(new.id):
        raise TenantIdInvalid
    languages = [humans.language_tag_problem(tag) for tag in new.languages]
    problems = {
        "admin_email": humans.email_problem(new.admin_email),
        "admin_last_name": humans.name_problem(new.admin_last_name),
        "time_zone": humans.time_zone_problem(new.time_zone),
        "admin_password": _password_problem(new.admin_password),
        "languages": next(filter(None, languages), None)
        if new.languages
        else FieldError("required", "Must not be empty."),
    }
    found = {name: [problem] for name, problem in problems.items() if problem is not None}
    if found:
        raise Invalid(errors=found)


def _password_problem(password: str) -> FieldError | None:
    if len(password) in PASSWORD_CHARACTERS:
        return None
    return FieldError("password_length", "A password has 12 to 256 characters.")
