"""R55: what a month is billed for, over HTTP, while the months go by."""

from __future__ import annotations

import csv
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from io import StringIO
from threading import Barrier
from typing import Any
from unittest.mock import patch

import pytest
from werkzeug.test import TestResponse

from staffroll import clock
from staffroll.events import MembershipChangeWish, TenantState
from staffroll.ids import new_id
from staffroll.scope import Scope
from staffroll_scheduling.actions import billing
from staffroll_scheduling.actions.billing import Presence
from staffroll_scheduling.due import Closing
from staffroll_scheduling.store import Store
from staffroll_scheduling.store.billing import LINES, Billing
from staffroll_scheduling.sync import following
from tests.support.services import ServiceHere, TenantHere, a_tombstone, a_user, body_of, only, told

pytestmark = only("scheduling")


class Clock:
    """What the service takes for now; tokens count real time."""

    def __init__(self) -> None:
        self.set("2026-11-20T12:00Z")

    def set(self, moment: str) -> None:
        self._ahead = datetime.fromisoformat(moment) - datetime.now(UTC)

    def now(self) -> datetime:
        moment = datetime.now(UTC) + self._ahead
        return moment.replace(microsecond=moment.microsecond // 1000 * 1000)


@pytest.fixture
def at() -> Iterator[Clock]:
    """Noon of the 20th of November at first."""
    moved = Clock()
    with patch.object(clock, "now", moved.now):
        yield moved


def hear_new(tenant: TenantHere, name: str, since: str = "2026-01-15") -> str:
    id_ = new_id()
    user = a_user(last_name=name, created_at=f"{since}T08:00:00Z")
    tenant.hear("user.created", id_, 1, user)
    return id_


def ask(tenant: TenantHere, path: str = "", **options: Any) -> TestResponse:
    headers = options.pop("as_", None) or tenant.token()
    return tenant.here.client.get(f"/v1/billing{path}", headers=headers, **options)


def billed(tenant: TenantHere, month: str | None = None, **query: Any) -> dict[str, Any]:
    response = ask(tenant, query_string={**({"month": month} if month else {}), **query})
    assert response.status_code == 200, response.text
    body: dict[str, Any] = response.json
    return body


def who(body: dict[str, Any]) -> dict[str, str]:
    return {item["last_name"]: item["reason"] for item in body["items"]}


def leave(tenant: TenantHere, id_: str, leave_date: str | None) -> TestResponse:
    body = {"leave_date": leave_date}
    return tenant.request("PATCH", f"/{id_}/memberships/current", json=body)


def join(tenant: TenantHere, id_: str, join_date: str) -> TestResponse:
    return tenant.request("POST", f"/{id_}/memberships", json={"join_date": join_date})


def close(here: ServiceHere) -> None:
    here.chore("closing billed months").run()


def tenant_months(here: ServiceHere, tenant_id: str) -> list[str]:
    return [one["month"] for one in here.runtime.tenant(tenant_id)["billing"].find({})]


def test_r55_the_present_month_shows_figure_peak_days_and_people(
    tenant: TenantHere, at: Clock
) -> None:
    hear_new(tenant, "Berg")
    leaver = hear_new(tenant, "Tal", since="2026-11-05")
    leave(tenant, leaver, "2026-11-11")
    hear_new(tenant, "Wald", since="2026-11-18")

    body = billed(tenant)

    assert (body["month"], body["time_zone"], body["is_closed"]) == (
        "2026-11",
        "Europe/Berlin",
        False,
    )
    assert (body["figure"], body["peak_day"], len(body["days"])) == (3, "2026-11-05", 20)
    counts = {day["day"]: day["count"] for day in body["days"]}
    assert [counts[f"2026-11-{n:02}"] for n in (1, 5, 10, 11, 18, 20)] == [2, 3, 3, 2, 3, 3]
    assert who(body) == {"Admin": "active", "Berg": "active", "Tal": "left", "Wald": "joined"}
    tal = next(item for item in body["items"] if item["last_name"] == "Tal")
    assert (tal["joined_on"], tal["left_on"], tal["days"]) == ("2026-11-05", "2026-11-11", 6)
    assert (tal["employee_id"], body["total"]) == (leaver, 4)


def test_r55_a_leave_date_that_is_moved_or_taken_back_counts_again(
    tenant: TenantHere, at: Clock
) -> None:
    id_ = hear_new(tenant, "Berg")
    leave(tenant, id_, "2026-11-25")
    leave(tenant, id_, None)

    at.set("2026-11-30T12:00Z")

    assert who(billed(tenant))["Berg"] == "active"
    assert [day["count"] for day in billed(tenant)["days"]] == [2] * 30


def test_r55_a_backdated_leave_date_touches_the_open_month_alone(
    tenant: TenantHere, at: Clock
) -> None:
    id_ = hear_new(tenant, "Berg")
    at.set("2026-12-10T12:00Z")

    response = leave(tenant, id_, "2026-11-10")

    november, december = billed(tenant, "2026-11"), billed(tenant)
    assert response.status_code == 200
    assert (november["figure"], november["is_closed"]) == (2, True)
    assert [day["count"] for day in november["days"]] == [2] * 30
    assert (who(november)["Berg"], who(december)) == ("active", {"Admin": "active"})
    assert (december["figure"], december["is_closed"]) == (1, False)


def test_r55_a_return_that_is_backdated_touches_the_open_month_alone(
    tenant: TenantHere, at: Clock
) -> None:
    id_ = hear_new(tenant, "Berg")
    leave(tenant, id_, "2026-11-10")
    at.set("2026-12-10T12:00Z")

    join(tenant, id_, "2026-11-15")

    november, december = billed(tenant, "2026-11"), billed(tenant)
    assert (who(november)["Berg"], who(december)["Berg"]) == ("left", "active")
    assert [day["count"] for day in december["days"]] == [2] * 10


def test_r55_a_closed_month_never_changes(tenant: TenantHere, at: Clock) -> None:
    leaver, deleted = hear_new(tenant, "Berg"), hear_new(tenant, "Tal")
    at.set("2026-12-01T00:30Z")
    close(tenant.here)
    before = billed(tenant, "2026-11")

    leave(tenant, leaver, "2026-11-02")
    tenant.hear(
        "user.updated", tenant.admin, 2, a_user(is_admin=True, time_zone="Pacific/Kiritimati")
    )
    tenant.hear("user.deleted", deleted, 2, a_tombstone())
    hear_new(tenant, "Wald", since="2026-11-20")
    at.set("2027-02-10T00:30Z")
    close(tenant.here)
    after = billed(tenant, "2026-11")

    for name in ("figure", "peak_day", "days", "total", "is_closed", "time_zone"):
        assert after[name] == before[name]
    assert [item["reason"] for item in after["items"]] == ["active"] * 3
    assert [billed(tenant, f"{month}")["figure"] for month in ("2026-12", "2027-01")] == [3, 2]


def test_r55_of_a_deleted_one_a_number_stays_without_a_name(tenant: TenantHere, at: Clock) -> None:
    kept_in_november, deleted_on_the_fifth = hear_new(tenant, "Berg"), hear_new(tenant, "Tal")
    at.set("2026-12-05T12:00Z")
    close(tenant.here)
    for id_ in (kept_in_november, deleted_on_the_fifth):
        tenant.hear("user.deleted", id_, 2, a_tombstone())
        tenant.here.chore("erasing deleted users").run()

    november, december = billed(tenant, "2026-11"), billed(tenant)
    at.set("2027-01-02T12:00Z")
    close(tenant.here)
    closed = billed(tenant, "2026-12")

    for body in (november, december, closed):
        nameless = [item for item in body["items"] if item["last_name"] == "*****"]
        assert [(one["employee_id"], one["email"]) for one in nameless] == [(None, "")] * 2
    assert (november["figure"], closed["figure"]) == (3, 3)
    assert {item["reason"] for item in closed["items"]} == {"active", "deleted"}
    platform = tenant.here.runtime.platform
    assert list(platform["billing_lines"].find({"employee_id": kept_in_november})) == []
    for id_ in (kept_in_november, deleted_on_the_fifth):
        assert "counted" not in tenant.stored(id_)["own"]


def test_r16_who_is_kept_as_the_last_admin_counts(tenant: TenantHere, at: Clock) -> None:
    leave(tenant, tenant.admin, "2026-11-10")

    body = billed(tenant)

    assert (who(body), body["days"][-1]["count"]) == ({"Admin": "kept_as_last_admin"}, 1)


def test_r55_who_was_kept_as_the_last_admin_counts_until_they_are_let_go(
    tenant: TenantHere, at: Clock
) -> None:
    leave(tenant, tenant.admin, "2026-11-10")
    at.set("2026-12-05T12:00Z")

    other = tenant.known(last_name="Berg", is_admin=True)
    tenant.hear("user.deactivated", tenant.admin, 2, a_user(is_admin=True, status="deactivated"))
    at.set("2026-12-08T12:00Z")

    months = [
        body_of(ask(tenant, as_=tenant.token(other), query_string={"month": month}))
        for month in ("2026-11", "2026-12")
    ]
    november, december = ([day["count"] for day in month["days"]] for month in months)
    assert (november, december) == ([2] * 30, [2] * 5 + [1] * 3)
    assert months[1]["items"][0] | {"left_on": "2026-12-05"} == months[1]["items"][0]


def test_r62_who_is_deleted_while_a_month_is_being_closed_is_forgotten(
    tenant: TenantHere, at: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    id_ = hear_new(tenant, "Berg")
    read = Billing.people

    def and_then_deleted(store: Billing, month: Any) -> Any:
        found = read(store, month)
        tenant.hear("user.deleted", id_, 9, a_tombstone())
        return found

    monkeypatch.setattr(Billing, "people", and_then_deleted)
    at.set("2026-12-02T12:00Z")

    assert billed(tenant, "2026-11")["total"] == 2

    lines = tenant.here.runtime.platform[LINES]
    assert lines.count_documents({"tenant_id": tenant.id}) >= 2
    assert lines.count_documents({"tenant_id": tenant.id, "employee_id": id_}) == 0


def test_r55_days_are_the_tenants(follower_here: ServiceHere, at: Clock) -> None:
    tenant = follower_here.new_tenant(time_zone="Pacific/Kiritimati")
    hear_new(tenant, "Berg")
    at.set("2026-11-30T10:30Z")

    body = billed(tenant)

    assert (body["month"], len(body["days"])) == ("2026-12", 1)
    assert billed(tenant, "2026-11")["is_closed"]


def test_r55_a_return_that_accounts_wishes_touches_the_open_month_alone(
    follower_here: ServiceHere, at: Clock
) -> None:
    tenant = follower_here.new_tenant(time_zone="Pacific/Kiritimati")
    id_ = hear_new(tenant, "Berg")
    leave(tenant, id_, "2026-11-10")
    # It is December for the tenant, while the 30th of November is today for the employee.
    at.set("2026-11-30T15:00Z")

    tenant.hear("membership.change-requested", id_, 1, MembershipChangeWish(active=True))

    november, december = billed(tenant, "2026-11"), billed(tenant)
    assert (november["days"][-1]["count"], who(november)["Berg"]) == (1, "left")
    assert [day["count"] for day in december["days"]] == [2]


def test_r55_a_closed_month_stays_closed_where_the_tenants_zone_is_set_back_into_it(
    follower_here: ServiceHere, at: Clock
) -> None:
    tenant = follower_here.new_tenant(time_zone="Pacific/Kiritimati")
    at.set("2026-11-30T10:30Z")
    close(follower_here)
    before = billed(tenant, "2026-11")

    house = TenantState(name="A", status="active", languages=["en"], time_zone="Pacific/Pago_Pago")
    follower_here.handle(told("tenant.updated", tenant.id, 2, house, tenant_id=tenant.id))
    hear_new(tenant, "Berg")

    assert billed(tenant, "2026-11") == before
    assert billed(tenant) == before


def test_r55_a_tenant_whose_months_cannot_be_closed_does_not_stop_the_others(
    follower_here: ServiceHere, at: Clock
) -> None:
    broken, tenant = (follower_here.new_tenant() for _ in range(2))
    close_anew = billing.close_anew

    def close_some(scope: Scope[Store]) -> Presence:
        if scope.tenant_id == broken.id:
            raise KeyError
        return close_anew(scope)

    with patch.object(billing, "close_anew", close_some):
        close(follower_here)

    assert tenant_months(follower_here, tenant.id) == ["2026-10"]
    assert tenant_months(follower_here, broken.id) == []


def test_r55_months_of_which_nothing_is_known_are_not_found(tenant: TenantHere, at: Clock) -> None:
    close(tenant.here)

    answers = [ask(tenant, query_string={"month": month}) for month in ("2026-12", "2026-09")]

    assert [(one.status_code, one.json["code"]) for one in answers] == [(404, "no_billing")] * 2
    assert billed(tenant, "2026-10")["is_closed"]


def test_r55_of_many_who_close_a_month_at_once_one_does(tenant: TenantHere, at: Clock) -> None:
    for number in range(20):
        hear_new(tenant, f"Berg {number}")
    at.set("2026-12-01T00:30Z")
    here = following(tenant.here.runtime)
    together = Barrier(4)

    def run(_: int) -> None:
        together.wait(10)
        Closing(here).run()

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(run, range(4)))

    database = tenant.here.runtime.platform
    months = list(database["billing"].find({"tenant_id": tenant.id, "month": "2026-11"}))
    lines = list(database["billing_lines"].find({"tenant_id": tenant.id}))
    assert len(months) == 1
    assert len([one for one in lines if one["statement"] == months[0]["_id"]]) == 21
    known = {one["_id"] for one in database["billing"].find({"tenant_id": tenant.id})}
    assert {one["statement"] for one in lines} <= known


@pytest.mark.parametrize("month", ["2026-11", "2026-10"])
def test_r13_the_people_come_in_pages_in_the_order_of_all_lists(
    tenant: TenantHere, at: Clock, month: str
) -> None:
    for name in ("Wald", "Äcker", "Berg", "Tal"):
        hear_new(tenant, name)

    found, cursor = [], None
    while True:
        page = billed(tenant, month, limit=2, **({"cursor": cursor} if cursor else {}))
        found += [item["last_name"] for item in page["items"]]
        cursor = page["next_cursor"]
        if cursor is None:
            break

    assert found == ["Äcker", "Admin", "Berg", "Tal", "Wald"]
    assert page["total"] == 5


def test_r55_an_open_month_is_counted_once_for_all_its_pages(
    tenant: TenantHere, at: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("Tal", "Berg", "Wald"):
        hear_new(tenant, name)
    months, read = [], Billing.people
    monkeypatch.setattr(
        Billing, "people", lambda store, month: months.append(month) or read(store, month)
    )

    first = billed(tenant, limit=2)
    gone = hear_new(tenant, "Zug")
    second = billed(tenant, limit=2, cursor=first["next_cursor"])
    anew = billed(tenant, limit=9)

    assert len(months) == 2
    assert [first["total"], second["total"], anew["total"]] == [4, 4, 5]
    assert gone not in [item["employee_id"] for item in second["items"]]


@pytest.mark.parametrize("month", ["2026-11", "2026-10"])
def test_r90_the_file_has_all_of_a_month(tenant: TenantHere, at: Clock, month: str) -> None:
    id_ = hear_new(tenant, 'Berg, "Bo"')
    tenant.change(id_, personnel_number="A 1")

    response = ask(tenant, "/file", query_string={"month": month})

    assert (response.status_code, response.mimetype) == (200, "text/csv")
    name = f"billing-{tenant.id}-{month}.csv"
    assert response.headers["Content-Disposition"] == f'attachment; filename="{name}"'
    header, *rows = csv.reader(StringIO(response.data.decode(), newline=""))
    assert header[:4] == ["Last name", "First name", "Email", "Personnel number"]
    assert [(row[0], row[4], row[7]) for row in rows] == [
        ("Admin", "active", "20" if month == "2026-11" else "31"),
        ('Berg, "Bo"', "active", "20" if month == "2026-11" else "31"),
    ]
    assert rows[1][3] == "A 1"
    assert response.data.count(b"\r\n") == 3


@pytest.mark.parametrize(
    "query, code",
    [
        ({"month": "2026-13"}, "invalid"),
        ({"month": "november"}, "invalid"),
        ({"month": "2026-11-01"}, "invalid"),
        ({"cursor": "nonsense"}, "cursor_invalid"),
        ({"month": "2026-10", "cursor": "WyJ4IiwieSJd"}, "cursor_invalid"),
        ({"nonsense": "1"}, "invalid"),
    ],
)
def test_bad_queries_are_refused(
    tenant: TenantHere, at: Clock, query: dict[str, str], code: str
) -> None:
    response = ask(tenant, query_string=query)

    assert (response.status_code, response.json["code"]) == (422, code)


def test_billing_is_for_who_may_see_it(tenant: TenantHere, at: Clock) -> None:
    finance, other = hear_new(tenant, "Berg"), hear_new(tenant, "Tal")
    may = tenant.token(finance, permissions=["scheduling.billing:read"])
    may_not = tenant.token(other, permissions=["scheduling.employees:read"])

    assert ask(tenant, as_=may).status_code == 200
    assert [ask(tenant, path, as_=may_not).status_code for path in ("", "/file")] == [403, 403]


def test_r1_nobody_of_another_tenant_is_counted(
    tenant: TenantHere, follower_here: ServiceHere, at: Clock
) -> None:
    elsewhere = follower_here.new_tenant()
    hear_new(elsewhere, "Berg")

    assert who(billed(tenant)) == {"Admin": "active"}
    assert billed(elsewhere)["figure"] == 2


def test_r55_ended_by_the_ticker_late_is_billed_by_the_date(tenant: TenantHere, at: Clock) -> None:
    id_ = hear_new(tenant, "Berg")
    leave(tenant, id_, "2026-11-25")

    at.set("2026-12-08T12:00Z")
    tenant.here.chore("turning dates into facts").run()

    november = billed(tenant, "2026-11")
    berg = next(item for item in november["items"] if item["last_name"] == "Berg")
    assert (berg["reason"], berg["left_on"], berg["days"]) == ("left", "2026-11-25", 24)
    assert billed(tenant)["figure"] == 1
