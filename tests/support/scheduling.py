"""Scheduling's own things in a tenant here: catalogues, who is in which unit, limited planners."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from typing import Any

from werkzeug.test import TestResponse

from staffroll.events import RoleState
from staffroll.ids import new_id
from tests.support.services import TenantHere, a_user, body_of

EMPLOYEES = ("scheduling.employees:read", "scheduling.employees:edit")
Header = dict[str, str]

_names = itertools.count(1)
_NEEDED: dict[str, dict[str, Any]] = {
    "contracts": {"weekly_minutes": 2400},
    "skills": {},
    "activities": {},
    "planning-units": {"time_zone": "Europe/Berlin"},
}


def ask(
    tenant: TenantHere,
    method: str,
    path: str,
    body: Any = None,
    as_: Header | None = None,
    **more: Any,
) -> TestResponse:
    """Ask any path as the tenant's admin, or as somebody else."""
    headers = {**(as_ or tenant.token()), **more.pop("headers", {})}
    if body is not None:
        more["json"] = body
    return tenant.here.client.open(path, method=method, headers=headers, **more)


def an_entry(tenant: TenantHere, path: str, **fields: Any) -> dict[str, Any]:
    """Something new in a catalogue, such as ``skills``."""
    body = {"name": f"N{next(_names)}", **_NEEDED[path], **fields}
    response = ask(tenant, "POST", f"/v1/{path}", body)
    assert response.status_code == 201, response.text
    return body_of(response)


def a_unit(tenant: TenantHere) -> str:
    """The id of a new planning unit."""
    id_: str = an_entry(tenant, "planning-units")["id"]
    return id_


def put_in(tenant: TenantHere, employee_id: str, unit_id: str, **fields: Any) -> dict[str, Any]:
    """The assignment of an employee to a unit, since long and for ever."""
    body = {"planning_unit_id": unit_id, "valid_from": "2026-01-01", **fields}
    response = ask(tenant, "POST", f"/v1/employees/{employee_id}/planning-units", body)
    assert response.status_code == 201, response.text
    return body_of(response)


def a_member(tenant: TenantHere, *unit_ids: str, **changes: Any) -> str:
    """Somebody who is in these planning units."""
    id_ = tenant.known(**changes)
    for unit_id in unit_ids:
        put_in(tenant, id_, unit_id)
    return id_


def a_role(
    tenant: TenantHere,
    permissions: Sequence[str] = EMPLOYEES,
    units: Sequence[str] | None = None,
    *,
    role_id: str | None = None,
    version: int = 1,
) -> str:
    """A role as accounts tells of it, that reaches all or only some units."""
    role_id = role_id or new_id()
    state = RoleState(
        name=role_id[-6:],
        category="other",
        permissions=list(permissions),
        planning_units=None if units is None else list(units),
    )
    tenant.hear("role.updated", role_id, version, state)
    return role_id


def somebody_with(tenant: TenantHere, *role_ids: str) -> Header:
    """The header of a new user who has these roles."""
    id_ = new_id()
    tenant.hear("user.created", id_, 1, a_user(last_name="Zz", roles=list(role_ids)))
    return tenant.token(id_)


def a_planner(tenant: TenantHere, *unit_ids: str) -> Header:
    """The header of somebody who sees and changes employees of these units, and no others."""
    return somebody_with(tenant, a_role(tenant, units=unit_ids))
