"""SCIM as an identity provider speaks it."""

from __future__ import annotations

import secrets
from collections.abc import Iterable
from dataclasses import replace
from datetime import timedelta
from typing import Any, Final

from staffroll import clock
from staffroll.permissions import NAMES
from staffroll.scope import Actor
from staffroll_accounts.actions import access_tokens
from tests.support.accounts import Answer, Tenant

USER: Final = "urn:ietf:params:scim:schemas:core:2.0:User"
GROUP: Final = "urn:ietf:params:scim:schemas:core:2.0:Group"
PATCH: Final = "urn:ietf:params:scim:api:messages:2.0:PatchOp"
ERROR: Final = "urn:ietf:params:scim:api:messages:2.0:Error"


def a_token(tenant: Tenant, scopes: Iterable[str] = NAMES, *, days: int = 30) -> str:
    """A personal access token of the tenant's admin."""
    actor = Actor(tenant.admin_id, is_admin=True)
    as_admin = replace(tenant.accounts.scope(tenant.id), actor=actor)
    expires_at = clock.now() + timedelta(days=days)
    return access_tokens.create("SCIM", sorted(scopes), expires_at, as_admin).token


class Provider:
    """An identity provider that has a token of a tenant: one that may everything, or another."""

    def __init__(self, tenant: Tenant, *scopes: str) -> None:
        self.tenant = tenant
        self.token: str | None = a_token(tenant, scopes or NAMES)

    def send(self, method: str, path: str, body: Any = None, **options: Any) -> Answer:
        if body is not None:
            options["json"] = body
        return self.tenant.accounts.send(method, f"/scim/v2{path}", self.token, **options)

    def get(self, path: str, **query: Any) -> Answer:
        return self.send("GET", path, query_string=query)

    def patch(self, path: str, *operations: dict[str, Any], **options: Any) -> Answer:
        body = {"schemas": [PATCH], "Operations": list(operations)}
        return self.send("PATCH", path, body, **options)

    def user(self, **changes: Any) -> dict[str, Any]:
        """A user, as answered at creation."""
        response = self.send("POST", "/Users", a_user(**changes))
        assert response.status_code == 201, response.text
        created: dict[str, Any] = response.json
        return created

    def group(self, *member_ids: str, **changes: Any) -> dict[str, Any]:
        """A group, as answered at creation."""
        members = [{"value": id_} for id_ in member_ids]
        name = f"Group {secrets.token_hex(6)}"
        body = {"schemas": [GROUP], "displayName": name, "members": members, **changes}
        response = self.send("POST", "/Groups", body)
        assert response.status_code == 201, response.text
        created: dict[str, Any] = response.json
        return created


def a_user(**changes: Any) -> dict[str, Any]:
    """What a provider sends to create a user; the e-mail is new each time."""
    known = {
        "schemas": [USER],
        "userName": f"u{secrets.token_hex(6)}@x.example",
        "name": {"familyName": "Müller", "givenName": "Anna"},
        "active": True,
    }
    return {**known, **changes}
