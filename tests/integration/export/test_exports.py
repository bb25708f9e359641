"""``/v1/formats`` and ``/v1/users/export``: what comes out, for whom, and what is refused."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from staffroll.ids import new_id
from staffroll.mongo.audit import AuditWriter
from staffroll.search import matches, parse_terms, sort_key
from staffroll_export.store import AUDITED
from tests.integration.export.house import House, a_tombstone, a_user, told
from tests.support.services import body_of

PLANNER, TRAINER = new_id(), new_id()


@pytest.fixture
def tenant_id(shared_house: House) -> str:
    return shared_house.new_tenant()


def export(house: House, tenant_id: str, *query: tuple[str, str]) -> Any:
    return house.get("/v1/users/export", tenant_id, query)


def test_r90_the_file_is_utf_8_csv_named_by_tenant_and_date(
    shared_house: House, tenant_id: str
) -> None:
    shared_house.keep(tenant_id, a_user(last_name="Müller, Dr", first_name="Zoë", email="z@a.org"))

    response = export(shared_house, tenant_id, ("format", "csv"))

    today = datetime.now(ZoneInfo("Europe/Berlin")).date()
    assert response.headers["Content-Type"] == "text/csv; charset=utf-8"
    assert response.headers["Content-Disposition"] == (
        f'attachment; filename="users-{tenant_id}-{today}.csv"'
    )
    assert response.headers["Cache-Control"] == "no-store"
    assert response.data == ('Last name,First name,Email\r\n"Müller, Dr",Zoë,z@a.org\r\n'.encode())


@pytest.mark.parametrize("zone", ["Pacific/Kiritimati", "Pacific/Pago_Pago"])
def test_r90_the_date_is_the_tenants_not_the_servers(shared_house: House, zone: str) -> None:
    tenant_id = shared_house.new_tenant(time_zone=zone)

    before = datetime.now(ZoneInfo(zone)).date()
    disposition = export(shared_house, tenant_id).headers["Content-Disposition"]
    after = datetime.now(ZoneInfo(zone)).date()

    assert any(f"-{day}.csv" in disposition for day in (before, after))


def test_r14_the_order_is_last_name_first_name_id_by_the_folded_key(
    shared_house: House, tenant_id: str
) -> None:
    names = [("Ölund", "B"), ("olund", "A"), ("Zettel", "A"), ("Österberg", "A"), ("Olund", "Ä")]
    shared_house.keep(tenant_id, *(a_user(last_name=x, first_name=y) for x, y in names))

    lines = shared_house.lines(tenant_id)

    got = [tuple(line.split(",")[:2]) for line in lines]
    assert [sort_key(*name) for name in got] == sorted(sort_key(*name) for name in names)


def test_r10_active_users_are_exported_unless_the_unbilled_are_asked_for(
    shared_house: House, tenant_id: str
) -> None:
    shared_house.keep(
        tenant_id,
        a_user(last_name="Active"),
        a_user(last_name="Gone", status="deactivated"),
        a_tombstone(),
    )

    assert shared_house.lines(tenant_id) == ["Active,Bo,bo@example.org"]
    assert shared_house.lines(tenant_id, ("status", "billed")) == ["Active,Bo,bo@example.org"]
    assert shared_house.lines(tenant_id, ("status", "unbilled")) == ["Gone,Bo,bo@example.org"]


def test_r12_r13_any_of_the_roles_and_the_search_and_the_tab(
    shared_house: House, tenant_id: str
) -> None:
    shared_house.keep(
        tenant_id,
        a_user(last_name="Anders", roles=[PLANNER]),
        a_user(last_name="Andreasson", roles=[TRAINER, PLANNER]),
        a_user(last_name="Andersen", roles=[]),
        a_user(last_name="Berg", roles=[TRAINER]),
        a_user(last_name="Andrup", roles=[TRAINER], status="deactivated"),
    )

    both = shared_house.lines(tenant_id, ("role", PLANNER), ("role", TRAINER), ("q", "and"))
    one = shared_house.lines(tenant_id, ("role", TRAINER))

    assert [line.split(",")[0] for line in both] == ["Anders", "Andreasson"]
    assert [line.split(",")[0] for line in one] == ["Andreasson", "Berg"]


NAMES = st.sampled_from(
    ["Müller", "Mueller", "Strauß", "O'Neil", "de la Cruz", "Ng", "Łukasz", "Sørensen", "李", "Bø"]
)
QUERIES = st.lists(
    st.sampled_from(
        ["m", "mul", "mueller", "ss", "la cruz", "ng, o'n", '"ng, x"', "李", "ø", "@x"]
    ),
    max_size=3,
).map(",".join)


@settings(deadline=None, max_examples=25)
@given(st.lists(st.tuples(NAMES, NAMES), max_size=8), QUERIES)
def test_r11_r14_the_rows_are_those_of_the_naive_definition_in_its_order(
    shared_house: House, people: list[tuple[str, str]], q: str
) -> None:
    tenant_id = shared_house.new_tenant()
    users = [
        a_user(last_name=last, first_name=first, email=f"p{number}@x.org")
        for number, (last, first) in enumerate(people)
    ]
    ids = shared_house.keep(tenant_id, *users)

    lines = shared_house.lines(tenant_id, ("q", q))

    terms = parse_terms(q)
    listed = sorted(
        (sort_key(user.last_name, user.first_name), id_, user)
        for id_, user in zip(ids, users, strict=True)
        if matches(terms, user.last_name, user.first_name, user.email)
    )
    assert lines == [f"{u.last_name},{u.first_name},{u.email}" for _, _, u in listed]


def test_r92_the_file_says_when_its_newest_news_was_told(
    shared_house: House, tenant_id: str
) -> None:
    for number, minute in enumerate((5, 9, 7)):
        at = datetime(2026, 11, 24, 12, minute, 0, 123_000, tzinfo=UTC)
        user = a_user(last_name=f"N{number}")
        shared_house.handle(told("user.created", new_id(), 1, user, tenant_id=tenant_id, at=at))

    response = export(shared_house, tenant_id)

    assert response.headers["X-Staffroll-As-Of"] == "2026-11-24T12:09:00.123Z"


def test_where_nothing_was_told_nothing_is_said_of_when(
    shared_house: House, tenant_id: str
) -> None:
    response = export(shared_house, tenant_id)

    assert response.data == b"Last name,First name,Email\r\n"
    assert "X-Staffroll-As-Of" not in response.headers


def test_formats_are_listed(shared_house: House, tenant_id: str) -> None:
    response = shared_house.get("/v1/formats", tenant_id)

    csv = {"name": "csv", "title": "CSV", "media_type": "text/csv", "extension": "csv"}
    assert response.json == {"items": [{**csv, "plugin": None}]}


@pytest.mark.parametrize(
    ("query", "code", "field"),
    [
        (("format", "xlsx"), "format_unknown", "format"),
        (("format", "../etc"), "format_unknown", "format"),
        (("status", "deleted"), "invalid", "status"),
        (("role", "planner"), "invalid", "role.0"),
        (("limit", "5"), "invalid", "limit"),
        (("q", "a\x00b"), "invalid", "q"),
        (("q", "a" * 2001), "invalid", "q"),
    ],
)
def test_a_wrong_query_is_refused_by_code_and_field(
    shared_house: House, tenant_id: str, query: tuple[str, str], code: str, field: str
) -> None:
    response = export(shared_house, tenant_id, query)

    assert (response.status_code, body_of(response)["code"]) == (422, code)
    assert field in body_of(response)["errors"]


def test_r11_more_than_50_terms_are_refused(shared_house: House, tenant_id: str) -> None:
    response = export(shared_house, tenant_id, ("q", ",".join(f"t{n}" for n in range(51))))

    assert (response.status_code, body_of(response)["code"]) == (422, "too_many_terms")


@pytest.mark.parametrize("path", ["/v1/users/export", "/v1/formats"])
def test_nobody_and_whoever_lacks_the_permission_get_nothing(
    shared_house: House, tenant_id: str, path: str
) -> None:
    [id_] = shared_house.keep(tenant_id, a_user())
    lacking = shared_house.token(tenant_id, id_, permissions=["accounts.users:read"])

    assert shared_house.client.get(path).status_code == 401
    assert shared_house.client.get(path, headers=lacking).status_code == 403
    able = shared_house.client.get(path, headers=shared_house.token(tenant_id, id_), buffered=True)
    assert able.status_code == 200


@pytest.mark.parametrize(
    "state",
    [a_user(status="deactivated"), a_user(token_generation=2), a_tombstone()],
    ids=["deactivated", "sessions ended", "deleted"],
)
def test_r51_an_ended_session_ends_here_too(
    shared_house: House, tenant_id: str, state: Any
) -> None:
    [id_] = shared_house.keep(tenant_id, a_user())
    headers = shared_house.token(tenant_id, id_)
    shared_house.handle(told("user.updated", id_, 2, state, tenant_id=tenant_id))

    response = shared_house.client.get("/v1/users/export", headers=headers)

    assert (response.status_code, body_of(response)["code"]) == (401, "token_revoked")


def test_a_part_of_the_list_is_not_given_out_while_catching_up(house: House) -> None:
    tenant_id = house.new_tenant()
    house.runtime.platform["bootstraps"].update_one(
        {"_id": "accounts"}, {"$set": {"is_done": False, "received": 7}}
    )

    response = export(house, tenant_id)
    ready = house.client.get("/readyz")

    assert (response.status_code, body_of(response)["code"]) == (503, "catching_up")
    assert response.headers["Retry-After"] == "5"
    assert ready.status_code == 503
    assert body_of(ready)["checks"]["bootstrap"] == "catching up with accounts: 7 received"


def test_more_downloads_than_allowed_are_asked_to_come_again(
    shared_house: House, tenant_id: str
) -> None:
    headers = shared_house.token(tenant_id)
    responses = [shared_house.client.get("/v1/users/export", headers=headers) for _ in range(5)]

    assert [one.status_code for one in responses] == [200] * 4 + [503]
    assert body_of(responses[-1])["code"] == "too_many_downloads"
    for one in responses:
        one.close()
    assert shared_house.lines(tenant_id) == []


def test_asking_for_the_head_alone_frees_the_place(shared_house: House, tenant_id: str) -> None:
    for _ in range(10):
        response = shared_house.client.head(
            "/v1/users/export", headers=shared_house.token(tenant_id)
        )
        assert (response.status_code, response.data) == (200, b"")
        response.close()


def test_the_digest_counts_users_and_tombstones_by_accounts_sequence(
    shared_house: House, tenant_id: str
) -> None:
    kept, gone = shared_house.keep(tenant_id, a_user(), a_user())
    shared_house.handle(told("user.deleted", gone, 6, a_tombstone(), tenant_id=tenant_id))

    response = shared_house.get("/v1/digest", tenant_id, [("owner", "accounts")])
    items: dict[str, int] = {}
    for bucket in body_of(response)["buckets"]:
        one = shared_house.get(f"/v1/digest/{bucket}", tenant_id, [("owner", "accounts")])
        items |= one.json["items"]

    assert items == {kept: 1, gone: 6}


def test_the_openapi_document_says_what_a_download_is(shared_house: House) -> None:
    document = body_of(shared_house.client.get("/openapi.json"))

    got = document["paths"]["/v1/users/export"]["get"]["responses"]
    assert got["200"]["content"]["text/csv"]["schema"] == {"type": "string", "format": "binary"}
    assert "X-Staffroll-As-Of" in got["200"]["headers"]
    assert "format_unknown" in got["422"]["description"]
    assert "too_many_downloads" in got["503"]["description"]
    assert "plugin_failed" in got["503"]["description"]


def test_r9_it_is_noted_who_exported(shared_house: House, tenant_id: str) -> None:
    one, other = shared_house.keep(tenant_id, a_user(), a_user())
    as_one = shared_house.token(tenant_id, one, permissions=["export.users:read"])

    shared_house.client.get("/v1/users/export", headers=as_one, buffered=True)
    started = shared_house.client.post("/v1/exports", headers=as_one, json={})
    shared_house.handle(told("user.deleted", other, 2, a_tombstone(), tenant_id=tenant_id))
    AuditWriter(shared_house.runtime.platform, AUDITED).run()

    lines = shared_house.get("/v1/audit", tenant_id).json["items"]
    noted = {(line["action"], line["actor"], line["subject"]) for line in lines}
    assert noted == {
        ("users.exported", one, tenant_id),
        ("export.started", one, started.json["id"]),
        ("user.deleted", "system:test", other),
    }


def test_r62_of_who_is_deleted_the_trail_keeps_no_address(
    shared_house: House, tenant_id: str
) -> None:
    (one,) = shared_house.keep(tenant_id, a_user())
    as_one = shared_house.token(tenant_id, one, permissions=["export.users:read"])
    shared_house.client.get("/v1/users/export", headers=as_one, buffered=True)
    AuditWriter(shared_house.runtime.platform, AUDITED).run()
    before = shared_house.get("/v1/audit", tenant_id).json["items"]

    shared_house.handle(told("user.deleted", one, 2, a_tombstone(), tenant_id=tenant_id))
    shared_house.finish_erasing()

    after = shared_house.get("/v1/audit", tenant_id, [("action", "users.exported")]).json["items"]
    assert [line["address"] for line in (*before, *after)] == ["127.0.0.1", None]
    assert "erasing_since" not in shared_house.rows(tenant_id)[0]
