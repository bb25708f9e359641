"""R64: accounts after its database was put back to an earlier time, with siblings at hand."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import pytest

from staffroll.ids import new_id
from staffroll.restoring import AHEAD, Known
from staffroll.user_copy import UserCopy
from staffroll_accounts.actions.restoring import Restored, restore_tenant
from tests.support.accounts import PASSWORD, Accounts, Tenant


@dataclass
class Siblings:
    """What the others have heard, and `here` does not know any more."""

    tenant: Tenant
    copies: dict[str, UserCopy] = field(default_factory=dict)
    deleted: set[str] = field(default_factory=set)
    status: str | None = "active"
    ahead: int = 5

    def known(self, tenant_id: str, here: Mapping[str, int]) -> Known:
        newer = {*self.copies, *self.deleted}
        versions = {id_: here.get(id_, 0) + self.ahead for id_ in newer}
        return Known(versions, frozenset(self.deleted), self.status)

    def copy(self, tenant_id: str, user_id: str) -> UserCopy | None:
        return self.copies.get(user_id)

    def know(self, user: Mapping[str, Any], **changes: Any) -> None:
        """They have heard of changes."""
        names = ("first_name", "last_name", "email", "language", "time_zone", "is_admin", "status")
        copy = UserCopy(**{name: user[name] for name in names}, roles=tuple(user["roles"]))
        self.copies[user["id"]] = replace(copy, **changes)

    def restore(self) -> Restored:
        return restore_tenant(self, self.tenant.accounts.scope(self.tenant.id))


@pytest.fixture
def siblings(lonely_tenant: Tenant) -> Siblings:
    return Siblings(lonely_tenant)


def shown(tenant: Tenant, user_id: str) -> dict[str, Any]:
    found: dict[str, Any] = tenant.get(f"/v1/users/{user_id}").json
    return found


def test_r64_everybody_is_told_again_above_all_that_was_seen(siblings: Siblings) -> None:
    tenant = siblings.tenant
    same, changed = tenant.create(), tenant.create()
    siblings.know(changed, first_name="Pedro", is_admin=True)

    outcome = siblings.restore()

    assert (outcome.told, outcome.taken_back, outcome.left) == (3, 1, ())
    assert shown(tenant, same["id"])["version"] == same["version"] + AHEAD
    assert shown(tenant, changed["id"])["version"] == changed["version"] + siblings.ahead + AHEAD
    assert shown(tenant, changed["id"])["first_name"] == "Pedro"
    (told,) = tenant.document(changed["id"])["outbox"]
    assert told["type"] == "user.updated"
    assert changed["id"] in tenant.accounts.scope(tenant.id).store.tenants.admins()


def test_r64_sessions_and_tokens_that_may_have_ended_meanwhile_have_ended(
    siblings: Siblings,
) -> None:
    tenant = siblings.tenant
    body = {"tenant": tenant.id, "email": "admin@x.example", "password": PASSWORD}
    session = tenant.accounts.send("POST", "/v1/sign-in", None, json=body).json

    siblings.restore()

    refreshed = tenant.accounts.send(
        "POST",
        "/v1/token",
        None,
        json={"grant": "refresh_token", "refresh_token": session["refresh_token"]},
    )
    assert refreshed.status_code == 401
    again = tenant.accounts.send("GET", "/v1/users", session["access_token"])
    assert (again.status_code, again.json["code"]) == (401, "token_revoked")


def test_r64_who_was_deleted_meanwhile_is_deleted_the_last_admin_of_then_included(
    siblings: Siblings,
) -> None:
    tenant = siblings.tenant
    gone, brief = tenant.create(), new_id()
    siblings.deleted |= {gone["id"], brief, tenant.admin_id}
    token = tenant.token

    outcome = siblings.restore()

    assert (outcome.buried, outcome.told) == (3, 0)
    for user_id in (gone["id"], brief, tenant.admin_id):
        document = tenant.document(user_id)
        assert (document["status"], document["email"]) == ("deleted", "")
        assert [one["type"] for one in document["outbox"]] == ["user.deleted"]
        assert document["erasure"]["missing"] == ["accounts", "scheduling", "people", "export"]
    assert tenant.accounts.scope(tenant.id).store.tenants.admins() == frozenset()
    assert tenant.accounts.send("GET", "/v1/users", token).status_code == 401


def test_r64_who_was_created_meanwhile_is_taken_back_without_roles_that_are_lost(
    siblings: Siblings,
) -> None:
    tenant = siblings.tenant
    agent, new = tenant.role("Agent"), new_id()
    siblings.know(tenant.create() | {"id": new}, email="new@x.example", roles=(agent, new_id()))
    nobody = new_id()
    siblings.copies[nobody] = None  # type: ignore[assignment] # seen, and shown by none

    outcome = siblings.restore()

    assert outcome.left == (nobody,)
    found = shown(tenant, new)
    assert (found["email"], found["roles"], found["status"]) == ("new@x.example", [agent], "active")
    assert tenant.get(f"/v1/users/{nobody}").status_code == 404


def test_r4_an_address_that_moved_meanwhile_moves_again(siblings: Siblings) -> None:
    tenant = siblings.tenant
    old, new = tenant.create(email="x@x.example"), new_id()
    siblings.know(old | {"id": new}, last_name="Heir")
    siblings.know(old, email="y@x.example")

    siblings.restore()

    assert shown(tenant, old["id"])["email"] == "y@x.example"
    assert shown(tenant, new)["email"] == "x@x.example"


def test_r4_who_swapped_addresses_keeps_that_of_then(siblings: Siblings) -> None:
    tenant = siblings.tenant
    one, two = tenant.create(email="1@x.example"), tenant.create(email="2@x.example")
    siblings.know(one, email=two["email"], first_name="One")
    siblings.know(two, email=one["email"], first_name="Two")

    siblings.restore()

    for before, name in ((one, "One"), (two, "Two")):
        found = shown(tenant, before["id"])
        assert (found["email"], found["first_name"]) == (before["email"], name)


@pytest.mark.parametrize(
    "status, kind", [("deleted", "tenant.deleted"), ("suspended", "tenant.suspended")]
)
def test_r64_a_tenant_that_was_taken_away_meanwhile_is_not_let_in_again(
    siblings: Siblings, status: str, kind: str
) -> None:
    tenant = siblings.tenant
    tenant.create()
    siblings.status = status

    outcome = siblings.restore()

    assert outcome.status == status
    (found,) = [one for one in tenant.accounts.dump_whole("tenants") if one["_id"] == tenant.id]
    assert (found["status"], found["version"]) == (status, 1 + AHEAD + (status == "deleted"))
    assert found["outbox"][-1]["type"] == kind


def test_r64_roles_are_told_above_what_was_seen_and_news_of_then_is_not(
    siblings: Siblings,
) -> None:
    tenant = siblings.tenant
    user = tenant.create()
    assert tenant.document(user["id"])["outbox"]

    siblings.restore()
    siblings.restore()

    roles = [one for one in tenant.accounts.dump_whole("roles") if one["tenant_id"] == tenant.id]
    assert {one["version"] for one in roles} == {1 + 2 * AHEAD}
    assert len(tenant.document(user["id"])["outbox"]) == 1
    assert shown(tenant, user["id"])["version"] == 1 + 2 * AHEAD


def test_r64_keys_that_were_taken_back_meanwhile_do_not_come_back(lonely: Accounts) -> None:
    before = {key["kid"] for key in lonely.keys.public()}
    (document,) = lonely.dump_whole("keys")

    lonely.keys.rotate(at_once=True, ahead=AHEAD)

    (after,) = lonely.dump_whole("keys")
    assert after["version"] == document["version"] + AHEAD
    assert before.isdisjoint(key["kid"] for key in lonely.keys.public())
