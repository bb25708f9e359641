"""Tenants: what an organisation sets for all of its users."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from staffroll.events import Cause, Event, TenantState
from staffroll.ids import TENANT_PATTERN
from staffroll_accounts.domain.errors import TenantIdInvalid

Status = Literal["active", "suspended", "deleted"]


@dataclass(frozen=True, slots=True)
class Tenant:
    """A customer organisation.

    Attributes:
        id: Short and for ever, such as ``acme``; people type it when they sign in.
        languages: What it offers its users (BCP 47), the default first.
        time_zone: What new users get (IANA name).
    """

    id: str
    version: int
    name: str
    status: Status
    languages: tuple[str, ...]
    time_zone: str


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
    )
    return cause.event(event_type, tenant.id, tenant.version, state)
