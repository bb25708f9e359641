"""`staffroll plugin`: for who writes and installs plugins; needs no server."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import click
from marshmallow import ValidationError

from staffroll.logs import errors_only
from staffroll.plugins.facts import (
    ENGLISH,
    Candidate,
    NewUser,
    PublicUser,
    Role,
    RoleChange,
    in_language,
)
from staffroll.plugins.installed import Installed, find_installed
from staffroll.plugins.scaffold import CannotMake, make
from staffroll.plugins.tenant import TenantPlugins, load_settings

HOOKS = ("check_password", "describe_password_policy", "check_roles", "default_roles")


@click.group()
def plugin() -> None:
    """Make, list and try plugins."""


@plugin.command()
@click.argument("name")
@click.option(
    "--in",
    "parent",
    type=click.Path(path_type=Path, file_okay=False, exists=True),
    default=Path(),
    help="The folder to make it in; this one by default.",
)
def new(name: str, parent: Path) -> None:
    """Write a small plugin, complete with tests, to be changed into yours."""
    try:
        folder = make(name, parent)
    except CannotMake as error:
        raise click.ClickException(str(error)) from None
    click.echo(f"Made {folder}. Next: cd {folder} && pip install -e '.[test]' && pytest")


@plugin.command("list")
def list_() -> None:
    """Show what is installed here, and why something of it cannot be used."""
    installed = _installed()
    if not installed.plugins and not installed.broken:
        click.echo("No plugin is installed in this environment.")
    for one in installed.plugins.values():
        click.echo(f"{one.name} {one.version}  {in_language(one.description.summary, ENGLISH)}")
        click.echo(f"    hooks: {', '.join(sorted(one.hooks))}")
    for name, reason in installed.broken.items():
        click.echo(f"{name}  BROKEN: {reason}")
    if installed.broken:
        raise SystemExit(1)


@plugin.command("try")
@click.argument("name")
@click.argument("hook", type=click.Choice(HOOKS))
@click.option("--settings", default="{}", help="As JSON, as an admin would fill them in.")
@click.option("--password", default="", help="For check_password.")
@click.option("--email", default="anna@acme.example", help="Of the user.")
@click.option("--before", multiple=True, help="A role they have; for check_roles.")
@click.option("--after", multiple=True, help="A role they would have; for check_roles.")
@click.option("--admin", is_flag=True, help="They would have admin access; for check_roles.")
@click.option("--holders", default=0, help="How many others have each role; for check_roles.")
@click.option("--language", default="en", help="In which the answer is read.")
def try_(name: str, hook: str, settings: str, language: str, **given: Any) -> None:
    """Call one hook of an installed plugin and show what it says; exit code 1 if it objects."""
    installed = _installed()
    name = _as_installed(name, installed)
    if name not in installed.plugins:
        why = installed.broken.get(name, "it is not installed in this environment")
        raise click.ClickException(f"{name}: {why}.")
    found = installed.plugins[name]
    if hook not in found.hooks:
        raise click.ClickException(f"{name} does not implement {hook}.")
    filled_in = _settings(settings)
    try:
        load_settings(found, filled_in)
    except ValidationError as error:
        raise click.ClickException(f"The settings are refused: {error.messages_dict}") from None
    enabled = TenantPlugins(installed, {name: filled_in}, lambda *_: None)
    said = _call(enabled, hook, language, **given)
    for line in said or ["nothing to object" if hook.startswith("check_") else "nothing"]:
        click.echo(line)
    if said and hook.startswith("check_"):
        raise SystemExit(1)


def _call(
    enabled: TenantPlugins,
    hook: str,
    language: str,
    *,
    password: str,
    email: str,
    before: tuple[str, ...],
    after: tuple[str, ...],
    admin: bool,
    holders: int,
) -> list[str]:
    user = PublicUser("1", "Anna", "Müller", email, language, "Europe/Berlin")
    match hook:
        case "check_password":
            found = enabled.check_password(Candidate(password, user), language)
            return [f"{one.code}: {one.text()}" for one in found]
        case "check_roles":
            change = RoleChange(
                user,
                _roles(before),
                _roles(after),
                is_admin=admin,
                holders=lambda _role_id: holders,
            )
            return [f"{one.code}: {one.text()}" for one in enabled.check_roles(change, language)]
        case "default_roles":
            known = _roles(after)
            given = enabled.default_roles(NewUser(user, roles=_roles(before), known=known))
            return [role.name for role in known if role.id in given]
        case _:
            return enabled.describe_password_policy(language)


def _as_installed(name: str, installed: Installed) -> str:
    """`acme-policy` means `acme_policy`, as `new` takes the one and makes the other."""
    known = {*installed.plugins, *installed.broken}
    return name if name in known else name.replace("-", "_")


def _roles(names: tuple[str, ...]) -> tuple[Role, ...]:
    return tuple(Role(name, name, name.lower()) for name in names)


def _settings(text: str) -> dict[str, Any]:
    try:
        found = json.loads(text)
    except ValueError:
        found = None
    if not isinstance(found, dict):
        raise click.ClickException("--settings must be a JSON object.")
    return found


def _installed() -> Installed:
    with errors_only():
        return find_installed()
