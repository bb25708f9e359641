"""A tenant to look around in, with people who could be somebody's colleagues."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Protocol

from staffroll import clock
from staffroll.scope import Actor, Scope
from staffroll_accounts.actions import AccountsScope, tenants, users
from staffroll_accounts.actions.tenants import NewTenant
from staffroll_accounts.domain.errors import EmailTaken, TenantExists
from staffroll_accounts.domain.users import NewUser
from staffroll_accounts.here import passwords_of, store_of
from staffroll_accounts.passwords import Passwords

TENANT = "acme"
ADMIN_EMAIL = "admin@acme.example"


class DemoPerson(Protocol):
    """One of the people of the demo."""

    @property
    def first_name(self) -> str: ...

    @property
    def last_name(self) -> str: ...

    @property
    def email(self) -> str: ...

    @property
    def language(self) -> str: ...

    @property
    def time_zone(self) -> str: ...

    @property
    def role(self) -> str: ...


@dataclass(frozen=True, slots=True)
class DemoSignIn:
    """What the demo's admin signs in with."""

    tenant: str
    email: str
    password: str = field(repr=False)


def create_demo(
    environ: Mapping[str, str], people: Sequence[DemoPerson], *, tenant: str = TENANT
) -> DemoSignIn:
    """Make the demo tenant with its admin and `people`; what is there already is left alone.

    The admin's password is taken from ``STAFFROLL_DEMO_PASSWORD``.
    """
    from staffroll_accounts.cli import service

    password = environ["STAFFROLL_DEMO_PASSWORD"]
    runtime = service.runtime("command", environ)
    try:
        runtime.wait_until_prepared(30)
        scope: AccountsScope = Scope(
            tenant,
            Actor.system("demo"),
            store_of(runtime, tenant),
            clock.now(),
        )
        passwords = passwords_of(runtime)
        with suppress(TenantExists):
            tenants.create(_demo_tenant(tenant, people, password), scope, passwords)
        _create_people(scope, people, passwords)
    finally:
        runtime.close()
    return DemoSignIn(tenant, ADMIN_EMAIL, password)


def _demo_tenant(tenant: str, people: Sequence[DemoPerson], password: str) -> NewTenant:
    spoken = {person.language for person in people} - {"en", "de"}
    return NewTenant(
        id=tenant,
        name="Acme",
        languages=("en", "de", *sorted(spoken)),
        time_zone="Europe/Berlin",
        admin_email=ADMIN_EMAIL,
        admin_first_name="Alex",
        admin_last_name="Admin",
        admin_password=password,
    )


def _create_people(
    scope: AccountsScope, people: Sequence[DemoPerson], passwords: Passwords
) -> None:
    roles = {role.category: role.id for role in scope.store.roles.all() if role.is_default}
    for person in people:
        new = NewUser(
            last_name=person.last_name,
            first_name=person.first_name,
            email=person.email,
            language=person.language,
            time_zone=person.time_zone,
            roles=(roles[person.role],),
        )
        with suppress(EmailTaken):
            users.create(new, scope, passwords=passwords)
