"""Accounts as a process, and its own commands."""

from __future__ import annotations

import secrets
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import timedelta

import click

from staffroll import clock
from staffroll.bus.asking import snapshot_request
from staffroll.bus.topology import events_queue
from staffroll.cli.tenants import NoTenant
from staffroll.errors import DatabaseAway, NotFound, StaffrollError
from staffroll.events import Event
from staffroll.ids import TENANT_PATTERN
from staffroll.mongo.audit import AuditWriter
from staffroll.restoring import AHEAD, Siblings
from staffroll.runtime import Runtime
from staffroll.scope import Actor, Scope
from staffroll.service import Chore, Service
from staffroll.settings import SettingsWrong
from staffroll.web.guard import PLATFORM_ACTOR
from staffroll_accounts import due
from staffroll_accounts.actions import AccountsScope, locking, tenants
from staffroll_accounts.actions.keys import drop_old
from staffroll_accounts.actions.restoring import Restored, restore_tenant
from staffroll_accounts.actions.tenants import NewTenant
from staffroll_accounts.here import (
    at_rest_of,
    keys_of,
    passwords_of,
    settings_of,
    store_of,
    tenants_of,
)
from staffroll_accounts.mail import chores as mail_chores
from staffroll_accounts.settings import AccountsSettings
from staffroll_accounts.store import AUDITED, FORMS, INDEXES, OUTBOXES, all_tenants
from staffroll_accounts.store.sealing import reseal_users, reseal_webhooks
from staffroll_accounts.sync import make_handler
from staffroll_accounts.tenant_commands import tenant_commands
from staffroll_accounts.tokens import Issuer
from staffroll_accounts.webhooks import chores as webhook_chores

_TOKEN_SECONDS = 300
_SHOW_EVERY = 1000
_DATABASE_SECONDS = 10
_BROKER_SECONDS = 5


def _handler(runtime: Runtime) -> Callable[[Event], None]:
    return make_handler(runtime, keys_of(runtime))


def _chores(runtime: Runtime) -> Sequence[Chore]:
    def publish_first_key() -> None:
        keys_of(runtime).signing()

    def drop_old_keys() -> None:
        longest = max(settings_of(runtime).access_token_seconds, _TOKEN_SECONDS)
        drop_old(keys_of(runtime), timedelta(seconds=longest), clock.now())

    return [
        Chore("first signing key", 1.0, publish_first_key),
        Chore("dropping old signing keys", 30.0, drop_old_keys),
        Chore("finishing deleted roles", 1.0, due.finish_roles(runtime).run),
        Chore("finishing ended sessions", 5.0, due.finish_ended_sessions(runtime).run),
        Chore("erasing deleted tenants", 5.0, due.erase_tenants(runtime).run),
        *due.erase_users(runtime).chores(),
        Chore("telling deletions again", 1.0, due.tell_deletions_again(runtime).run),
        Chore("deactivating who was the last admin", 2.0, due.deactivate_leaving(runtime).run),
        Chore("sending wishes again", 1.0, due.send_wishes_again(runtime).run),
        Chore("counting admins anew", 30.0, due.AdminMending(runtime).run),
        Chore("giving roles what is new", 5.0, due.grow_roles(runtime).run),
        Chore("importing users", 0.5, due.import_runner(runtime).run),
        Chore("writing the audit trail", 1.0, AuditWriter(runtime.platform, AUDITED).run),
        *mail_chores.chores(runtime),
        *webhook_chores.chores(runtime),
    ]


@contextmanager
def _command(environ: Mapping[str, str] | None = None) -> Iterator[Runtime]:
    runtime = service.runtime("command", environ)
    try:
        if not runtime.wait_until_usable(_DATABASE_SECONDS):
            raise DatabaseAway
        yield runtime
    finally:
        runtime.close()


def _scope(runtime: Runtime, tenant_id: str) -> AccountsScope:
    return Scope(
        tenant_id,
        Actor.system("platform"),
        store_of(runtime, tenant_id),
        clock.now(),
    )


@click.group()
def tenant() -> None:
    """Make and look after tenants."""


@tenant.command()
@click.argument("tenant_id")
@click.option("--name", help="Shown to people; the id where left out.")
@click.option("--admin-email", required=True, help="E-mail address of the first admin.")
@click.option("--admin-first-name", default="", help="First name of the first admin.")
@click.option("--admin-last-name", default="Admin", show_default=True)
@click.option(
    "--admin-password-stdin",
    is_flag=True,
    help="Read the admin's password from standard input; otherwise one is made and printed.",
)
@click.option("--language", "languages", multiple=True, default=("en", "de"), show_default=True)
@click.option("--time-zone", default="Europe/Berlin", show_default=True)
def create(
    tenant_id: str,
    name: str | None,
    admin_email: str,
    admin_first_name: str,
    admin_last_name: str,
    admin_password_stdin: bool,
    languages: tuple[str, ...],
    time_zone: str,
) -> None:
    """Make the tenant TENANT_ID, with default roles and a first admin."""
    password = sys.stdin.readline().rstrip("\n") if admin_password_stdin else new_password()
    wish = NewTenant(
        id=tenant_id,
        name=name or tenant_id,
        languages=languages,
        time_zone=time_zone,
        admin_email=admin_email,
        admin_first_name=admin_first_name,
        admin_last_name=admin_last_name,
        admin_password=password,
    )
    try:
        tenants.check_form(wish)
        with _command() as runtime:
            is_told = runtime.wait_for_broker(_BROKER_SECONDS)
            tenants.create(wish, _scope(runtime, tenant_id), passwords_of(runtime))
    except StaffrollError as error:
        fields = "; ".join(
            f"{field}: {item.text()}" for field, items in error.errors.items() for item in items
        )
        raise click.ClickException(f"{error.detail} {fields}".strip()) from error
    if not is_told:
        click.echo("Made; the news of it will be sent when the broker is back.", err=True)
    click.echo(f"Tenant:   {tenant_id}")
    click.echo(f"E-mail:   {admin_email}")
    if not admin_password_stdin:
        click.echo(f"Password: {password}")


@tenant.command()
@click.argument("tenant_id")
@click.argument("email")
def unlock(tenant_id: str, email: str) -> None:
    """Let the user with EMAIL in TENANT_ID sign in again, as when the only admin is locked."""
    with _command() as runtime:
        try:
            user = locking.unlock_by_email(email, _scope(runtime, tenant_id))
        except NotFound as error:
            raise click.ClickException(f"Nobody in {tenant_id} has this e-mail.") from error
    click.echo(f"{user.email} may sign in again.")


@click.group()
def keys() -> None:
    """Look after the keys that sign tokens, and the secret that encrypts."""


@keys.command()
@click.option(
    "--at-once",
    is_flag=True,
    help="Trust the old keys no longer, as when one has leaked: all access tokens are void.",
)
def rotate(at_once: bool) -> None:
    """Make a new signing key, and encrypt everything with the first of STAFFROLL_SECRET_KEY.

    Put the new secret before the old one, separated by a comma, and start all processes
    again before; when this has finished, the old one can be taken away.
    """
    with _command() as runtime:
        click.echo(f"New signing key: {keys_of(runtime).rotate(at_once=at_once)}")
        done = 0
        for done in reseal_users(runtime.platform, at_rest_of(runtime)):
            if done % _SHOW_EVERY == 0:
                click.echo(f"{done} users ...")
        reseal_webhooks(runtime.platform, at_rest_of(runtime))
    click.echo(
        f"Encrypted anew: the signing keys, what {done} users have that is secret, and the "
        "secrets of webhooks."
    )


for _each in tenant_commands(_command, _scope):
    tenant.add_command(_each)


def new_password() -> str:
    """A password that is long enough to be safe and short enough to be typed."""
    return "-".join(secrets.token_hex(3) for _ in range(3))


def platform_token(tenant_id: str, environ: Mapping[str, str] | None = None) -> str:
    """A short token with which the platform team's commands may do everything in a tenant.

    Raises:
        NoTenant: There is no such tenant.
        SettingsWrong: The secret key does not open the signing keys.
    """
    with _command(environ) as runtime:
        found = _scope(runtime, tenant_id).store.tenants.find()
        if found is None or found.status == "deleted":
            raise NoTenant(tenant_id)
        keys = keys_of(runtime)
        if (locked := keys.waits_for_secret()) is not None:
            raise SettingsWrong(locked)
        return Issuer(keys, _TOKEN_SECONDS).issue(
            subject=PLATFORM_ACTOR,
            tenant_id=tenant_id,
            is_admin=True,
            permissions=(),
            generation=0,
        )


def platform_tenants(environ: Mapping[str, str] | None = None) -> list[str]:
    """The ids of all tenants that are not deleted."""
    with _command(environ) as runtime:
        return [one.id for one in all_tenants(runtime.platform) if one.status != "deleted"]


@click.command()
@click.argument("tenant_id")
def token(tenant_id: str) -> None:
    """Print a token, good for five minutes, that may do everything in TENANT_ID."""
    if not TENANT_PATTERN.match(tenant_id):
        raise click.ClickException(f"{tenant_id} cannot be a tenant's id.")
    click.echo(platform_token(tenant_id))


def _restore(runtime: Runtime, siblings: Siblings) -> Iterator[str]:
    keys = keys_of(runtime)
    if (locked := keys.waits_for_secret()) is not None:
        raise SettingsWrong(locked)
    # A key that was taken back meanwhile must not come back, and siblings let nobody in with
    # one that they do not know.
    keys.rotate(at_once=True, ahead=AHEAD)
    yield "there is a new signing key; everybody signs in again"
    for one in sorted(tenants_of(runtime), key=lambda one: one.id):
        if one.status != "deleted":
            yield from _restored(one.id, restore_tenant(siblings, _scope(runtime, one.id)))
    whole = snapshot_request("accounts", "scheduling", events_queue("accounts"))
    runtime.broker.publish([whole])
    yield "scheduling is asked to tell whose membership runs"


def _restored(tenant_id: str, found: Restored) -> Iterator[str]:
    if found.status == "deleted":
        yield f"{tenant_id} was deleted meanwhile, and is deleted"
        return
    yield (
        f"{tenant_id}: {found.told} told again ({found.taken_back} as siblings know them), "
        f"{found.buried} were deleted meanwhile, and are deleted"
    )
    for user_id in found.left:
        yield f"{tenant_id}: {user_id} is known elsewhere and could not be taken back"


service = Service(
    name="accounts",
    title="Accounts: users, roles, sign-in",
    mount="/account",
    port=8101,
    settings=AccountsSettings,
    indexes=INDEXES,
    outboxes=OUTBOXES,
    app="staffroll_accounts.app:create_app",
    make_handler=_handler,
    make_chores=_chores,
    restore=_restore,
    forms=FORMS,
    commands=(tenant, token, keys),
)
