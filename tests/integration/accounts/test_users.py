"""``/v1/users``: creating, reading, editing; R1, R3, R4, R15."""

from __future__ import annotations

import unicodedata
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from staffroll.ids import UUID_PATTERN
from tests.support.accounts import PASSWORD, Accounts, Tenant, a_user

NOBODY = "0197a000-0000-7000-8000-00000000000a"


def test_a_user_is_created_and_read_as_answered(tenant: Tenant) -> None:
    response = tenant.post("/v1/users", a_user(roles=[tenant.role("Planner")]))

    assert response.status_code == 201
    created = response.json
    assert UUID_PATTERN.match(created["id"])
    assert (created["version"], created["status"], created["created_in"]) == (
        1,
        "active",
        "accounts",
    )
    assert (created["language"], created["time_zone"]) == ("en", "Europe/Berlin")
    assert created["created_at"].endswith("Z")
    assert response.headers["ETag"] == '"1"'
    assert tenant.get(f"/v1/users/{created['id']}").json == created


def test_no_answer_holds_a_password_or_its_hash(tenant: Tenant) -> None:
    created = tenant.post("/v1/users", a_user(password=PASSWORD))

    text = created.text + tenant.get("/v1/users").text + tenant.get(_path(created.json)).text

    assert "password" not in text
    assert "argon2" not in text


def test_r3_names_and_e_mail_are_kept_as_typed_but_tidied(tenant: Tenant) -> None:
    created = tenant.create(last_name="  Mu\u0308LLER ", email=" Anna.M@X.example ")

    assert created["last_name"] == "MüLLER"
    assert created["email"] == "Anna.M@X.example"


@pytest.mark.parametrize(
    "again",
    [
        "anna@strasse.example",
        "ANNA@Strasse.Example",
        " anna@strasse.example ",
    ],
)
def test_r4_an_e_mail_is_taken_whatever_its_case(tenant: Tenant, again: str) -> None:
    tenant.create(email="Anna@strasse.example")

    response = tenant.post("/v1/users", a_user(email=again))

    assert (response.status_code, response.json["code"]) == (409, "email_taken")
    assert response.json["errors"]["email"][0]["code"] == "email_taken"


def test_r4_an_e_mail_is_taken_in_every_unicode_form(tenant: Tenant) -> None:
    tenant.create(email="josé@x.example")

    response = tenant.post(
        "/v1/users", a_user(email=unicodedata.normalize("NFD", "JOSÉ@x.example"))
    )

    assert response.json["code"] == "email_taken"


@pytest.mark.parametrize("again", ["a@MÜLLER.example", "a@xn--mller-kva.example"])
def test_r4_a_domain_is_the_same_in_its_ascii_form(tenant: Tenant, again: str) -> None:
    tenant.create(email="a@müller.example")

    assert tenant.post("/v1/users", a_user(email=again)).json["code"] == "email_taken"


def test_r4_an_accent_makes_another_mailbox(tenant: Tenant) -> None:
    tenant.create(email="josé@x.example")

    assert tenant.post("/v1/users", a_user(email="jose@x.example")).status_code == 201


def test_r4_of_twenty_creations_at_once_one_wins(tenant: Tenant) -> None:
    def create(number: int) -> Any:
        email = "Anna@x.example" if number % 2 else "anna@X.EXAMPLE"
        return tenant.post("/v1/users", a_user(email=email, first_name=f"A{number}"))

    with ThreadPoolExecutor(20) as pool:
        answers = list(pool.map(create, range(20)))

    codes = sorted((answer.status_code, answer.json.get("code")) for answer in answers)
    assert codes == [(201, None), *[(409, "email_taken")] * 19]
    assert tenant.get("/v1/users?q=anna@x").json["total"] == 1


def test_r4_an_e_mail_is_taken_by_an_edit_too(tenant: Tenant) -> None:
    tenant.create(email="anna@x.example")
    other = tenant.create()

    response = tenant.patch(_path(other), {"email": "ANNA@x.example"})

    assert (response.status_code, response.json["code"]) == (409, "email_taken")
    assert tenant.get(_path(other)).json == other


def test_r4_ones_own_e_mail_may_change_its_case(tenant: Tenant) -> None:
    user = tenant.create(email="anna@x.example")

    assert tenant.patch(_path(user), {"email": "Anna@x.example"}).json["email"] == "Anna@x.example"


def test_r4_an_e_mail_that_was_given_up_is_free(tenant: Tenant) -> None:
    user = tenant.create(email="anna@x.example")
    tenant.patch(_path(user), {"email": "bea@x.example"})

    assert tenant.post("/v1/users", a_user(email="anna@x.example")).status_code == 201


def test_r1_the_same_e_mail_is_free_in_another_tenant(accounts: Accounts, tenant: Tenant) -> None:
    other = accounts.tenant()
    tenant.create(email="anna@x.example")

    assert other.post("/v1/users", a_user(email="anna@x.example")).status_code == 201


def test_r1_a_user_of_another_tenant_does_not_exist_on_any_route(
    accounts: Accounts, tenant: Tenant
) -> None:
    user = tenant.create()
    other = accounts.tenant()

    answers = [
        other.get(_path(user)),
        other.patch(_path(user), {"first_name": "Stolen"}),
        other.patch(_path(user), {"is_admin": True}),
    ]

    assert [(answer.status_code, answer.json["code"]) for answer in answers] == [
        (404, "not_found")
    ] * 3
    assert tenant.get(_path(user)).json == user


def test_r1_lists_roles_and_digests_show_nothing_of_another_tenant(
    accounts: Accounts, tenant: Tenant
) -> None:
    user = tenant.create()
    other = accounts.tenant()

    listed = other.get("/v1/users?limit=200").json
    roles = {role["id"] for role in other.get("/v1/roles").json["items"]}
    bucket = other.get(f"/v1/digest/{user['id'][-2:]}?owner=accounts").json["items"]

    assert [item["id"] for item in listed["items"]] == [other.admin_id]
    assert (listed["total"], listed["billed"], listed["unbilled"]) == (1, 1, 0)
    assert tenant.role("Planner") not in roles
    assert user["id"] not in bucket


def test_r1_a_role_of_another_tenant_cannot_be_given(accounts: Accounts, tenant: Tenant) -> None:
    other = accounts.tenant()

    created = tenant.post("/v1/users", a_user(roles=[other.role("Planner")]))
    edited = tenant.patch(_path(tenant.create()), {"roles": [other.role("Planner")]})

    assert {created.json["code"], edited.json["code"]} == {"role_unknown"}


def test_r1_a_token_is_good_in_its_own_tenant_only(accounts: Accounts, tenant: Tenant) -> None:
    other = accounts.tenant()
    smuggled = accounts.token(other.id, tenant.admin_id, is_admin=True)

    response = other.get("/v1/users", token=smuggled)

    assert (response.status_code, response.json["code"]) == (401, "token_revoked")


def test_an_edit_changes_what_is_named_and_nothing_else(tenant: Tenant) -> None:
    user = tenant.create()

    edited = tenant.patch(_path(user), {"first_name": "Anne", "language": "de"})

    assert edited.status_code == 200
    assert edited.json == {**user, "first_name": "Anne", "language": "de", "version": 2}
    assert edited.headers["ETag"] == '"2"'


def test_an_edit_that_changes_nothing_is_no_new_version(tenant: Tenant) -> None:
    user = tenant.create()

    assert tenant.patch(_path(user), {"first_name": user["first_name"]}).json == user


@pytest.mark.parametrize("body", [{}, {"version": 3}, {"id": NOBODY}, {"status": "deactivated"}])
def test_an_edit_names_only_what_can_be_edited(tenant: Tenant, body: dict[str, Any]) -> None:
    user = tenant.create()

    assert tenant.patch(_path(user), body).status_code == 422
    assert tenant.get(_path(user)).json == user


def test_r15_a_lost_update_is_refused(tenant: Tenant) -> None:
    user = tenant.create()
    tenant.patch(_path(user), {"first_name": "Anne"}, headers={"If-Match": '"1"'})

    late = tenant.patch(_path(user), {"first_name": "Annie"}, headers={"If-Match": '"1"'})

    assert (late.status_code, late.json["code"]) == (412, "stale")
    assert tenant.get(_path(user)).json["first_name"] == "Anne"


@pytest.mark.parametrize("header", ["1", '"01x"', 'W/"1"', '""', '"-1"', '"999999999999999999"'])
def test_r15_what_is_not_our_version_matches_none(tenant: Tenant, header: str) -> None:
    user = tenant.create()
    tenant.patch(_path(user), {"first_name": "Anne"})

    late = tenant.patch(_path(user), {"first_name": "Annie"}, headers={"If-Match": header})

    assert late.status_code == 412


def test_r15_any_version_is_edited_where_none_is_named(tenant: Tenant) -> None:
    user = tenant.create()
    tenant.patch(_path(user), {"first_name": "Anne"})

    for headers in ({}, {"If-Match": "*"}):
        assert tenant.patch(_path(user), {"first_name": "B"}, headers=headers).status_code == 200


def test_r15_of_ten_edits_of_one_version_at_once_one_wins(tenant: Tenant) -> None:
    user = tenant.create()

    def edit(number: int) -> int:
        headers = {"If-Match": '"1"'}
        return tenant.patch(_path(user), {"first_name": f"A{number}"}, headers=headers).status_code

    with ThreadPoolExecutor(10) as pool:
        assert sorted(pool.map(edit, range(10))) == [200, *[412] * 9]


def test_r15_edits_at_once_that_name_no_version_all_succeed(tenant: Tenant) -> None:
    user = tenant.create()
    bodies = [{"first_name": "Anne"}, {"language": "de"}, {"time_zone": "Asia/Kathmandu"}]

    with ThreadPoolExecutor(3) as pool:
        answers = list(pool.map(lambda body: tenant.patch(_path(user), body), bodies))

    assert [answer.status_code for answer in answers] == [200, 200, 200]
    now = tenant.get(_path(user)).json
    assert (now["first_name"], now["language"], now["version"]) == ("Anne", "de", 4)


def test_what_was_read_already_is_not_sent_again(tenant: Tenant) -> None:
    user = tenant.create()

    again = tenant.get(_path(user), headers={"If-None-Match": '"1"'})
    tenant.patch(_path(user), {"first_name": "Anne"})
    newer = tenant.get(_path(user), headers={"If-None-Match": '"1"'})

    assert (again.status_code, again.data, again.headers["ETag"]) == (304, b"", '"1"')
    assert (newer.status_code, newer.headers["ETag"]) == (200, '"2"')


@pytest.mark.parametrize("id_", [NOBODY, "x", "00000000-0000-0000-0000-000000000000", "%00", ".."])
def test_what_is_not_there_is_404(tenant: Tenant, id_: str) -> None:
    response = tenant.get(f"/v1/users/{id_}")

    assert (response.status_code, response.json["code"]) == (404, "not_found")


def test_answers_carry_the_request_id_they_were_asked_with(tenant: Tenant) -> None:
    named = tenant.get("/v1/users", headers={"X-Request-Id": "abc-1"})
    hostile = tenant.get("/v1/users", headers={"X-Request-Id": "a b<script>"})

    assert named.headers["X-Request-Id"] == "abc-1"
    assert UUID_PATTERN.match(hostile.headers["X-Request-Id"])


def _path(user: dict[str, Any]) -> str:
    return f"/v1/users/{user['id']}"


def test_a_created_user_says_where_it_stands(tenant: Tenant) -> None:
    response = tenant.post("/v1/users", a_user())

    assert response.headers["Location"] == f"/v1/users/{response.json['id']}"


def test_what_is_no_id_of_a_role_is_named_in_a_sentence(tenant: Tenant) -> None:
    response = tenant.post("/v1/users", a_user(roles=["agent"]))

    assert response.json["errors"]["roles.0"][0]["detail"] == "This is not a role's id."
