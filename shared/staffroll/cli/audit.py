"""`staffroll audit`: whether the trails of what was done are as they were written."""

from __future__ import annotations

from typing import Final

import click

from staffroll.ids import TENANT_PATTERN

_BROKEN: Final = 1


@click.group()
def audit() -> None:
    """Look after the trails of who did what to whom."""


@audit.command("verify")
@click.option("--tenant", "tenant_id", help="Only this tenant's.")
def verify_(tenant_id: str | None) -> None:
    """Recompute the chain of every trail and name its first break; changes nothing.

    Exit code 1: a trail is not as it was written.
    """
    from staffroll.mongo import Platform, connect
    from staffroll.mongo.audit_trail import AuditTrail, trails
    from staffroll.service import installed_names
    from staffroll.settings import ServiceSettings, read

    if tenant_id is not None and not TENANT_PATTERN.match(tenant_id):
        raise click.ClickException(f"{tenant_id} cannot be a tenant's id.")
    settings = read(ServiceSettings)
    client = connect(settings.mongodb_uri, name="audit-verify")
    is_broken = False
    with client:
        for service in installed_names():
            platform = Platform(client[f"{settings.mongodb_prefix}{service}"])
            for one in trails(platform) if tenant_id is None else [tenant_id]:
                verdict = AuditTrail(platform.tenant(one)).verify()
                broken = verdict.broken
                is_broken = is_broken or broken is not None
                outcome = f"line {broken.n} {broken.reason}" if broken else "unbroken"
                click.echo(f"{service} {one}: {verdict.lines} lines, {outcome}")
    if is_broken:
        raise SystemExit(_BROKEN)
