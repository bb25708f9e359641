"""Somebody who comes and goes, over HTTP."""

from __future__ import annotations

import secrets

from tests.support.apart import Client


def leaves(acme: Client) -> tuple[str, str]:
    """Id and e-mail of somebody who was here and is deactivated now, or in a moment."""
    email = f"{secrets.token_hex(4)}@acme.example"
    created = acme.create(
        "scheduling", {"last_name": "Nowak", "email": email}, headers={"Prefer": "wait=10"}
    )
    assert created.status_code == 201, created.text
    id_, today = created.json()["id"], created.json()["join_date"]
    left = acme.patch(
        "scheduling", f"/v1/employees/{id_}/memberships/current", json={"leave_date": today}
    )
    assert left.status_code == 200, left.text
    return id_, email
