"""R16, R72: there is always an admin, and nobody gives more than they have."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier
from typing import Any

import pytest

from staffroll.permissions import TRAINER, defaults
from staffroll.web.guard import PLATFORM_ACTOR
from tests.support.accounts import Tenant, a_user

EDIT, READ = "accounts.users:edit", "accounts.users:read"


def _path(user_id: str) -> str:
    return f"/v1/users/{user_id}"


def _at_once(do: Callable[..., Any], arguments: Sequence[tuple[Any, ...]]) -> list[Any]:
    with ThreadPoolExecutor(len(arguments)) as pool:
        return list(pool.map(lambda each: do(*each), arguments))


def _admins(tenant: Tenant) -> set[str]:
    items = tenant.get("/v1/users?limit=200").json["items"]
    return {item["id"] for item in items if item["is_admin"]}


def _counted(tenant: Tenant) -> set[str]:
    database = tenant.accounts.runtime.platform.database
    (document,) = database["tenants"].find({"_id": tenant.id})
    return set(document["admins"])


def test_r16_the_last_admin_stays_one(tenant: Tenant) -> None:
    response = tenant.patch(_path(tenant.admin_id), {"is_admin": False})

    assert (response.status_code, response.json["code"]) == (422, "last_admin")
    assert _admins(tenant) == _counted(tenant) == {tenant.admin_id}


def test_r16_an_admin_goes_when_there_is_another(tenant: Tenant) -> None:
    other = tenant.create(is_admin=True)

    response = tenant.patch(
        _path(tenant.admin_id), {"is_admin": False}, token=tenant.token_of(other)
    )

    assert response.json["is_admin"] is False
    assert _counted(tenant) == {other["id"]}
    again = tenant.patch(_path(other["id"]), {"is_admin": False}, token=tenant.token_of(other))
    assert again.json["code"] == "last_admin"


def test_r16_admin_access_that_was_granted_counts(tenant: Tenant) -> None:
    user = tenant.create()

    tenant.patch(_path(user["id"]), {"is_admin": True})

    assert _counted(tenant) == {tenant.admin_id, user["id"]}
    assert tenant.patch(_path(tenant.admin_id), {"is_admin": False}).status_code == 200


def test_r16_a_refused_edit_leaves_the_admin_counted(tenant: Tenant) -> None:
    other = tenant.create(is_admin=True)
    taken = tenant.create()

    refused = [
        tenant.patch(_path(other["id"]), {"is_admin": False, "email": taken["email"]}),
        tenant.patch(_path(other["id"]), {"is_admin": False, "roles": [taken["id"]]}),
        tenant.patch(_path(other["id"]), {"is_admin": False}, headers={"If-Match": '"9"'}),
    ]

    assert [answer.status_code for answer in refused] == [409, 422, 412]
    assert _admins(tenant) == _counted(tenant) == {tenant.admin_id, other["id"]}


def test_r16_two_admins_never_remove_each_other(tenant: Tenant) -> None:
    left = {"id": tenant.admin_id, "is_admin": True}

    for _ in range(20):
        other = tenant.create(is_admin=True)
        together = Barrier(2)
        answers = _at_once(
            lambda actor, target, together=together: (
                together.wait(10),
                tenant.patch(
                    _path(target["id"]), {"is_admin": False}, token=tenant.token_of(actor)
                ),
            )[1],
            [(left, other), (other, left)],
        )

        # Who was removed before they asked may not ask any more.
        assert sorted(answer.status_code for answer in answers) in ([200, 403], [200, 422])
        (still,) = {left["id"], other["id"]} & _counted(tenant)
        left = {"id": still, "is_admin": True}
        tenant.token = tenant.token_of(left)
        assert _admins(tenant) == _counted(tenant) == {still}


def test_r16_of_many_admins_who_go_at_once_one_stays(tenant: Tenant) -> None:
    admins = [tenant.create(is_admin=True)["id"] for _ in range(5)] + [tenant.admin_id]
    platform = tenant.accounts.token(tenant.id, PLATFORM_ACTOR, is_admin=True)

    def remove(user_id: str) -> int:
        return tenant.patch(_path(user_id), {"is_admin": False}, token=platform).status_code

    with ThreadPoolExecutor(6) as pool:
        answers = sorted(pool.map(remove, admins))

    assert answers == [200, 200, 200, 200, 200, 422]
    tenant.token = platform
    assert len(_admins(tenant)) == 1
    assert _counted(tenant) == _admins(tenant)


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"is_admin": True}, "role_not_yours"),
        ({"roles": ["Planner"]}, "role_not_yours"),
        ({"roles": ["Agent"]}, None),
        ({"first_name": "Anne"}, None),
        ({"is_admin": False}, None),
    ],
    ids=str,
)
def test_r72_an_editor_gives_no_more_than_they_have(
    tenant: Tenant, change: dict[str, Any], code: str | None
) -> None:
    editor, user = tenant.create(), tenant.create()
    token = tenant.token_of(editor, EDIT)
    if "roles" in change:
        change = {"roles": [tenant.role(name) for name in change["roles"]]}

    edited = tenant.patch(_path(user["id"]), change, token=token)
    created = tenant.post("/v1/users", a_user(**change), token=token)

    assert edited.json.get("code") == created.json.get("code") == code
    if code:
        assert tenant.get(_path(user["id"])).json == user


def test_r72_an_editor_gives_a_role_whose_permissions_they_have(tenant: Tenant) -> None:
    trainer = tenant.role("Trainer")
    token = tenant.token_of(tenant.create(), EDIT, *defaults(TRAINER))

    response = tenant.post("/v1/users", a_user(roles=[trainer]), token=token)

    assert response.status_code == 201


def test_r72_an_editor_may_leave_a_role_that_they_could_not_give(tenant: Tenant) -> None:
    user = tenant.create(roles=[tenant.role("Planner")])
    token = tenant.token_of(tenant.create(), EDIT)
    both = [tenant.role("Planner"), tenant.role("Agent")]

    assert tenant.patch(_path(user["id"]), {"roles": both}, token=token).status_code == 200


def test_r16_an_editor_cannot_revoke_admin_access(tenant: Tenant) -> None:
    other = tenant.create(is_admin=True)
    token = tenant.token_of(tenant.create(), EDIT)

    response = tenant.patch(_path(other["id"]), {"is_admin": False}, token=token)

    assert response.json["code"] == "role_not_yours"
    assert other["id"] in _admins(tenant)


@pytest.mark.parametrize("permissions", [(), (READ,), ("people.profile:edit",)])
def test_an_edit_needs_its_permission(tenant: Tenant, permissions: tuple[str, ...]) -> None:
    user = tenant.create()
    token = tenant.token_of(user, *permissions)

    edited = tenant.patch(_path(user["id"]), {"first_name": "Anne"}, token=token)
    created = tenant.post("/v1/users", a_user(), token=token)

    assert (edited.status_code, edited.json["code"]) == (403, "forbidden")
    assert EDIT in edited.json["detail"]
    assert created.status_code == 403
    assert tenant.get("/v1/users", token=token).status_code == (200 if READ in permissions else 403)


def test_who_is_deactivated_has_no_access_any_more(tenant: Tenant) -> None:
    user = tenant.create(is_admin=True)
    tenant.accounts.runtime.platform.database["users"].update_one(
        {"tenant_id": tenant.id, "_id": user["id"]}, {"$set": {"status": "deactivated"}}
    )

    response = tenant.get("/v1/users", token=tenant.token_of(user))

    assert (response.status_code, response.json["code"]) == (401, "token_revoked")


def test_a_token_of_an_older_generation_is_void(tenant: Tenant) -> None:
    user = tenant.create(is_admin=True)
    tenant.accounts.runtime.platform.database["users"].update_one(
        {"tenant_id": tenant.id, "_id": user["id"]}, {"$set": {"token_generation": 2}}
    )

    old = tenant.get("/v1/users", token=tenant.token_of(user, generation=1))
    new = tenant.get("/v1/users", token=tenant.token_of(user, generation=2))

    assert (old.json.get("code"), new.status_code) == ("token_revoked", 200)
