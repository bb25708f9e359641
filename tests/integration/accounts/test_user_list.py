"""The user list: R10-R13, page by page."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from staffroll.search import sort_key
from tests.support.accounts import Accounts, Tenant, a_user

PEOPLE = [
    ("Adams", "Zoe"), ("Özil", "Mesut"), ("Müller", "Anna"), ("Mueller", "Bernd"),
    ("MÜLLER", "anna"), ("O'Brien", "Pat"), ("O’Brien", "Ann"), ("van Dijk", "Virgil"),
    ("Vandijk", "Aad"), ("李", "雷"), ("Ng", "Kim"), ("Ng", "Kim"), ("ångström", "Anders"),
    ("Łukasik", "Jan"), ("de la Cruz", "Ana"), ("Cruz", "Dela"),
]  # fmt: skip


@pytest.fixture(scope="module")
def house(accounts: Accounts) -> Tenant:
    """A tenant of many, read by all tests of this module and changed by none."""
    tenant = accounts.tenant()
    roles = {"Planner": tenant.role("Planner"), "Trainer": tenant.role("Trainer")}
    for number, (last_name, first_name) in enumerate(PEOPLE):
        given = [roles["Planner"]] * (number % 2 == 0) + [roles["Trainer"]] * (number % 3 == 0)
        tenant.create(
            last_name=last_name,
            first_name=first_name,
            email=f"person{number}@{'north' if number < 8 else 'south'}.example",
            roles=given,
        )
    _deactivate(tenant, "person3@north.example", "person9@south.example")
    return tenant


def _deactivate(tenant: Tenant, *emails: str) -> None:
    # Leave dates are scheduling's; what they lead to is written as accounts would.
    database = tenant.accounts.runtime.platform.database
    for email in emails:
        done = database["users"].update_one(
            {"tenant_id": tenant.id, "email_key": email}, {"$set": {"status": "deactivated"}}
        )
        assert done.matched_count == 1


def _pages(tenant: Tenant, query: str, limit: int) -> Iterator[dict[str, Any]]:
    cursor = ""
    while True:
        page: dict[str, Any] = tenant.get(f"/v1/users?{query}&limit={limit}{cursor}").json
        yield page
        if page["next_cursor"] is None:
            return
        cursor = f"&cursor={page['next_cursor']}"


def _all(tenant: Tenant, query: str = "", limit: int = 200) -> list[dict[str, Any]]:
    return [item for page in _pages(tenant, query, limit) for item in page["items"]]


def _names(tenant: Tenant, query: str = "") -> list[str]:
    return [f"{item['last_name']} {item['first_name']}" for item in _all(tenant, query)]


def _order(item: dict[str, Any]) -> tuple[str, str]:
    return sort_key(item["last_name"], item["first_name"]), item["id"]


def test_r10_each_tab_shows_its_users_and_both_counts(house: Tenant) -> None:
    billed = house.get("/v1/users").json
    unbilled = house.get("/v1/users?status=unbilled").json

    assert {item["status"] for item in billed["items"]} == {"active"}
    assert {item["status"] for item in unbilled["items"]} == {"deactivated"}
    assert (billed["total"], billed["billed"], billed["unbilled"]) == (15, 15, 2)
    assert (unbilled["total"], unbilled["billed"], unbilled["unbilled"]) == (2, 15, 2)


def test_r10_deleted_users_are_in_neither_tab(tenant: Tenant) -> None:
    user = tenant.create()
    tenant.accounts.runtime.platform.database["users"].update_one(
        {"tenant_id": tenant.id, "_id": user["id"]}, {"$set": {"status": "deleted"}}
    )

    page = tenant.get("/v1/users").json

    assert (page["total"], page["billed"], page["unbilled"]) == (1, 1, 0)
    assert tenant.get(f"/v1/users/{user['id']}").status_code == 404
    assert tenant.patch(f"/v1/users/{user['id']}", {"first_name": "B"}).status_code == 404


def test_r10_the_counts_of_the_tabs_do_not_depend_on_the_filter(house: Tenant) -> None:
    page = house.get("/v1/users?q=adams").json

    assert (page["total"], page["billed"], page["unbilled"]) == (1, 15, 2)


@pytest.mark.parametrize(
    ("q", "names"),
    [
        ("muller", ["MÜLLER anna", "Müller Anna"]),
        ("MUELLER", ["MÜLLER anna", "Müller Anna"]),
        ("mu\u0308ller", ["MÜLLER anna", "Müller Anna"]),
        ("anna mül", ["MÜLLER anna", "Müller Anna"]),
        ("o'brien", ["O'Brien Pat", "O’Brien Ann"]),
        ("adams, ng", ["Adams Zoe", "Ng Kim", "Ng Kim", "ångström Anders"]),
        ("李", []),
        ("雷", []),
        ("lukasik", ["Łukasik Jan"]),
        ("angstrom", ["ångström Anders"]),
        ("z", ["Adams Zoe", "Cruz Dela", "de la Cruz Ana", "Özil Mesut"]),
        ("person1@", ["Özil Mesut"]),
        ("NORTH virgil", ["van Dijk Virgil"]),
        ("nobody", []),
        ("adams nobody", []),
        ('"ng, kim"', []),
        (" , ,", None),
        ("$", []),
        (".*", []),
        ("[", []),
        ("\\", []),
    ],
)
def test_r11_any_term_matches_by_all_of_its_words(
    house: Tenant, q: str, names: list[str] | None
) -> None:
    response = house.get("/v1/users", query_string={"q": q})

    found = sorted(f"{i['last_name']} {i['first_name']}" for i in response.json["items"])
    assert response.json["total"] == len(found)
    assert found == sorted(names if names is not None else _names(house))


def test_r11_more_than_fifty_terms_are_refused(house: Tenant) -> None:
    fifty = ",".join(f"t{number}" for number in range(50))

    assert house.get("/v1/users", query_string={"q": fifty}).status_code == 200
    refused = house.get("/v1/users", query_string={"q": f"{fifty},more"})
    assert (refused.status_code, refused.json["code"]) == (422, "too_many_terms")


def test_r12_users_with_at_least_one_of_the_roles_are_listed(house: Tenant) -> None:
    planner, trainer = house.role("Planner"), house.role("Trainer")

    either = _all(house, f"role={planner}&role={trainer}")

    assert either == [i for i in _all(house) if {planner, trainer} & {*i["roles"]}]
    assert len(either) > len(_all(house, f"role={planner}")) > 0


def test_r12_a_role_that_nobody_has_lists_nobody(house: Tenant) -> None:
    assert _all(house, f"role={house.role('Finance')}") == []


def test_r13_tab_search_and_roles_combine_with_and(house: Tenant) -> None:
    trainer = house.role("Trainer")

    unbilled = _all(house, f"status=unbilled&q=north&role={trainer}")
    billed = _all(house, f"status=billed&q=north&role={trainer}")

    assert [item["last_name"] for item in unbilled] == ["Mueller"]
    assert [item["last_name"] for item in billed] == ["Adams", "O’Brien"]


def test_r13_the_order_is_last_name_first_name_id(house: Tenant) -> None:
    found = _all(house)

    assert found == sorted(found, key=_order)
    assert len({item["id"] for item in found}) == len(found) == 15


@pytest.mark.parametrize("limit", range(1, 8))
@pytest.mark.parametrize("query", ["", "q=a", "q=ng,adams,o", "status=unbilled"])
def test_r13_paging_shows_each_user_exactly_once_in_order(
    house: Tenant, limit: int, query: str
) -> None:
    pages = list(_pages(house, query, limit))

    assert [item for page in pages for item in page["items"]] == _all(house, query)
    assert {page["total"] for page in pages} == {len(_all(house, query))}
    assert all(len(page["items"]) == limit for page in pages[:-1])


def test_r13_paging_stays_stable_while_users_come_and_go(tenant: Tenant) -> None:
    kept = [
        tenant.create(last_name=f"N{number:02}", email=f"n{number}@x.example")
        for number in range(8)
    ]
    goner = tenant.create(last_name="N04x", email="goner@x.example")
    seen = []

    for number, page in enumerate(_pages(tenant, "q=x.example", 2)):
        seen += [item["id"] for item in page["items"]]
        tenant.create(last_name="N00", first_name=f"Early{number}")
        tenant.create(last_name=f"N9{number}", first_name="Late")
        if number == 0:
            _deactivate(tenant, "goner@x.example")
        if number == 9:
            break

    assert [id_ for id_ in seen if id_ in {user["id"] for user in kept}] == [u["id"] for u in kept]
    assert len(seen) == len(set(seen))
    assert goner["id"] not in seen


def test_r13_a_user_renamed_between_pages_is_where_the_name_says(tenant: Tenant) -> None:
    first, second = tenant.create(last_name="Baa"), tenant.create(last_name="Bbb")
    page = tenant.get("/v1/users?limit=1&q=bbb,baa").json
    assert [item["id"] for item in page["items"]] == [first["id"]]

    tenant.patch(f"/v1/users/{second['id']}", {"last_name": "Bzz bbb"})

    following = tenant.get(f"/v1/users?limit=1&q=bbb,baa&cursor={page['next_cursor']}").json
    assert [item["id"] for item in following["items"]] == [second["id"]]


@pytest.mark.parametrize(
    "query",
    ["limit=0", "limit=201", "limit=x", "cursor=x", "cursor=bm8", "status=all", "role=x", "sort=a"],
)
def test_a_wrong_query_is_refused_by_name(house: Tenant, query: str) -> None:
    response = house.get(f"/v1/users?{query}")

    assert response.status_code == 422
    code = response.json["code"]
    assert code == "cursor_invalid" or query.partition("=")[0] in str(response.json["errors"])


def test_a_search_finds_a_user_at_once_after_creation_and_renaming(tenant: Tenant) -> None:
    user = tenant.post("/v1/users", a_user(last_name="Quux")).json
    assert tenant.get("/v1/users?q=quux").json["total"] == 1

    tenant.patch(f"/v1/users/{user['id']}", {"last_name": "Corge"})

    assert tenant.get("/v1/users?q=quux").json["total"] == 0
    assert tenant.get("/v1/users?q=corge").json["total"] == 1
