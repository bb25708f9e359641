"""`staffroll tenant …`: what the platform team does to tenants that are there."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager

import click

from staffroll.errors import NotFound, StaffrollError
from staffroll.ids import TENANT_PATTERN
from staffroll.runtime import Runtime
from staffroll_accounts.actions import AccountsScope, tenants
from staffroll_accounts.domain.tenants import Tenant
from staffroll_accounts.here import tenants_of

Opened = Callable[[], AbstractContextManager[Runtime]]
MakeScope = Callable[[Runtime, str], AccountsScope]
Doing = Callable[[AccountsScope], Tenant]

_one = click.argument("tenant_id")


def tenant_commands(opened: Opened, make_scope: MakeScope) -> list[click.Command]:
    """The commands, to be added to `staffroll tenant`."""

    def do(tenant_id: str, doing: Doing) -> Tenant:
        if not TENANT_PATTERN.match(tenant_id):
            raise click.ClickException(f"{tenant_id} cannot be a tenant's id.")
        with opened() as runtime:
            try:
                return doing(make_scope(runtime, tenant_id))
            except NotFound as error:
                raise click.ClickException(f"There is no tenant {tenant_id}.") from error
            except StaffrollError as error:
                raise click.ClickException(error.detail) from error

    @click.command("list")
    def list_() -> None:
        """List all tenants; changes nothing."""
        with opened() as runtime:
            found = sorted(tenants_of(runtime), key=lambda one: one.id)
        for one in found:
            click.echo(f"{one.id}  {one.status}  {one.name}".rstrip())

    @click.command()
    @_one
    def show(tenant_id: str) -> None:
        """Show the settings of TENANT_ID; changes nothing."""
        one = do(tenant_id, tenants.get)
        click.echo(f"Tenant:          {one.id}")
        click.echo(f"Name:            {one.name}")
        click.echo(f"Status:          {one.status}")
        click.echo(f"Languages:       {', '.join(one.languages)}")
        click.echo(f"Time zone:       {one.time_zone}")
        click.echo(f"Password length: {one.password_min_length}")
        click.echo(f"Second factor:   {'enforced' if one.enforce_two_factor else 'by choice'}")

    @click.command()
    @_one
    def suspend(tenant_id: str) -> None:
        """Let nobody of TENANT_ID sign in or go on; all data is kept."""
        do(tenant_id, tenants.suspend)
        click.echo(f"{tenant_id} is suspended.")

    @click.command()
    @_one
    def resume(tenant_id: str) -> None:
        """Let the users of TENANT_ID sign in again."""
        do(tenant_id, tenants.resume)
        click.echo(f"{tenant_id} is active.")

    @click.command()
    @_one
    @click.option("--confirm", required=True, help="The tenant's id once more.")
    def delete(tenant_id: str, confirm: str) -> None:
        """Delete TENANT_ID with all that it has, in all services, for ever.

        Its id is never given again.
        """
        if confirm != tenant_id:
            raise click.ClickException("Repeat the tenant's id after --confirm.")
        do(tenant_id, tenants.delete)
        click.echo(f"{tenant_id} is deleted; the services are erasing what they have of it.")

    return [list_, show, suspend, resume, delete]
