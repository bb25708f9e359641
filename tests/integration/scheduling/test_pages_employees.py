"""The pages of employees, their memberships, mass updates and billing, without a browser."""

from __future__ import annotations

import csv
import io
import re
from datetime import UTC, datetime, timedelta
from importlib import import_module
from typing import Any

import pytest

from staffroll.events import RequestRejected
from staffroll.web.pages import cookies
from staffroll_scheduling.domain.membership import day_in
from tests.integration.scheduling.planning import Planner, midnight
from tests.support.page_client import PageClient
from tests.support.scheduling import EMPLOYEES, a_member, a_planner, a_unit
from tests.support.services import TenantHere, a_user, grant, only, refuse, told

pytestmark = only("scheduling")

READ = "scheduling.employees:read"
EVIL = "<img src=x onerror=alert(1)>"
EVIL_SHOWN = "&lt;img src=x onerror=alert(1)&gt;"


@pytest.fixture
def tenant(tenant: TenantHere, monkeypatch: pytest.MonkeyPatch) -> TenantHere:
    """Whose pages do not wait for accounts, which says nothing by itself."""
    for module in ("staffroll.web.pages.followed", "staffroll_scheduling.pages.employees"):
        monkeypatch.setattr(import_module(module), "WAIT_SECONDS", 0.0)
    return tenant


@pytest.fixture
def admin(tenant: TenantHere) -> PageClient:
    return reader(tenant)


def reader(tenant: TenantHere, header: dict[str, str] | None = None) -> PageClient:
    """The browser of somebody who is signed in, by default of the admin."""
    browser = PageClient(tenant.here.client.application)
    token = (header or tenant.token())["Authorization"].removeprefix("Bearer ")
    browser.client.set_cookie(cookies.ACCESS, token)
    return browser


def today(days: int = 0) -> str:
    return (day_in("Europe/Berlin", datetime.now(UTC)) + timedelta(days=days)).isoformat()


def address(id_: str, action: str = "") -> str:
    return f"/employees/{id_}{action}"


def rows(browser: PageClient) -> list[str]:
    return re.findall(r'class="name"><a[^>]*>([^<]*)</a>', browser.page.text)


def test_r11_the_list_is_searched_filtered_and_paged_by_its_address(tenant: TenantHere) -> None:
    north = a_unit(tenant)
    a_member(tenant, north, last_name="Müller", first_name="Ann")
    a_member(tenant, last_name="Mueller", first_name=EVIL)
    a_member(tenant, last_name="Zorn")
    browser = reader(tenant)

    def shown(query: str) -> list[str]:
        assert browser.go(f"/employees?{query}").status_code == 200
        return rows(browser)

    assert shown("q=muller, zorn") == ["Müller, Ann", "Zorn, Bo"]
    assert shown("q=mueller") == [f"Mueller, {EVIL_SHOWN}", "Müller, Ann"]
    assert EVIL not in browser.page.text
    assert shown(f"planning_unit={north}") == ["Müller, Ann"]
    assert shown("status=not_employed") == []
    assert "Nobody fits" in browser.text
    assert len(shown("limit=2")) == 2
    browser.go(re.search(r'href="([^"]*)" *>Next', browser.page.text.replace("&amp;", "&"))[1])  # type: ignore[index]
    assert len(rows(browser)) == 2
    assert "3–4 of 4" in browser.text
    assert shown("planning_unit=nonsense") != []
    assert "This is not a unit" in browser.text or "unit&#39;s id" in browser.page.text


def test_r73_whoever_may_only_read_sees_their_units_and_no_buttons(tenant: TenantHere) -> None:
    north, south = a_unit(tenant), a_unit(tenant)
    seen, unseen = a_member(tenant, north), a_member(tenant, south)
    planner = reader(tenant, a_planner(tenant, north))
    onlooker = reader(tenant, tenant.token(tenant.known(), permissions=[READ]))

    planner.go("/employees")
    assert len(rows(planner)) == 1
    assert planner.go(address(unseen)).status_code == 404
    onlooker.go("/employees")
    assert "Create employee" not in onlooker.text
    assert "Change the chosen ones" not in onlooker.text
    onlooker.go(address(seen))
    assert onlooker.page.status_code == 200
    assert "<form" not in onlooker.page.text.partition("<main")[2]
    for path in ("/employees/new", "/employees/mass-updates/new", "/billing"):
        assert onlooker.go(path).status_code == 403, path
    for action in ("/number", "/membership/leave", "/membership/stay", "/discard", "/delete"):
        assert onlooker.post(address(seen, action)).status_code == 403, action


@pytest.mark.parametrize(
    "action",
    [
        "/number",
        "/correct",
        "/discard",
        "/delete",
        "/deletion/dismiss",
        "/membership/leave",
        "/membership/stay",
        "/membership/join",
        "/membership/begin",
    ],
)
def test_a_form_from_elsewhere_changes_nothing(
    tenant: TenantHere, admin: PageClient, action: str
) -> None:
    id_ = tenant.known()
    before = tenant.stored(id_)

    sent = {"leave_date": today(), "join_date": today(), "understood": "y"}
    admin.post(address(id_, action), csrf_token="made up", **sent)

    assert tenant.stored(id_) == before


def test_r6_created_ones_wait_are_refused_with_why_corrected_and_discarded(
    tenant: TenantHere, admin: PageClient
) -> None:
    admin.go("/employees/new")
    admin.send(first_name="", email="no address", join_date="yesterday")
    assert admin.page.status_code == 422
    assert "Last name : Please fill this in." in admin.text
    assert "This is not a day" in admin.text
    admin.send(last_name=EVIL, email="no address", join_date=today())
    assert "E-mail address : This is not an e-mail address." in admin.text
    assert EVIL not in admin.page.text
    admin.send(last_name=EVIL, email="ada@example.org")

    id_ = admin.path.rpartition("/")[2]
    assert "is on the way" in admin.text
    assert EVIL not in admin.page.text
    assert tenant.change(id_, personnel_number="P1").status_code == 409
    wish = tenant.said(id_, "user.requested")
    tenant.here.handle(refuse(wish))
    admin.go(address(id_))
    assert "E-mail address : Somebody else in this organisation has this" in admin.text
    admin.send(last_name="Berg", email="ada.berg@example.org", personnel_number="")
    assert "Personnel number : " in admin.text
    admin.send(personnel_number="P 12")
    assert "Nothing else can be done" in admin.text
    again = tenant.read(id_)
    assert (again["last_name"], again["personnel_number"]) == ("Berg", "P 12")

    other, _ = tenant.rejected()
    admin.go("/employees")
    assert "refused" in admin.text
    admin.go(address(other))
    admin.send(address(other, "/discard"))
    assert "is discarded." in admin.text
    assert tenant.document(other) is None


def test_r7_a_planner_creates_into_a_unit_of_theirs(tenant: TenantHere) -> None:
    north = a_unit(tenant)
    a_unit(tenant)
    planner = reader(tenant, a_planner(tenant, north))
    tenant.here.accounts = grant

    planner.go("/employees/new")
    assert planner.page.text.count('<option value="0') + planner.page.text.count("selected") >= 1
    planner.send(last_name="Berg", email="bo.berg@example.org", planning_units=north)

    id_ = planner.path.rpartition("/")[2]
    assert tenant.read(id_)["planning_units"] == [north]


def test_r15_a_personnel_number_is_changed_unless_somebody_was_quicker(
    tenant: TenantHere, admin: PageClient
) -> None:
    id_, taken = tenant.known(), tenant.read(tenant.known())["personnel_number"]
    form = address(id_, "/number")
    admin.go(address(id_))
    admin.send(form, personnel_number=taken)
    assert "Somebody else in this organisation has this personnel number" in admin.text
    tenant.hear("user.updated", id_, 2, a_user(last_name="Newer"))  # no business of the form's
    admin.send(form, personnel_number="P 1")
    assert "Saved." in admin.text
    tenant.change(id_, personnel_number="P 2")
    admin.send(form, personnel_number="P 3")

    assert admin.page.status_code == 422
    assert "By now it is P 2." in admin.text
    assert 'value="P 3"' in admin.page.text
    admin.send(form, personnel_number="P 3")
    assert tenant.read(id_)["personnel_number"] == "P 3"


def test_r51_a_leave_date_asks_what_becomes_of_the_shifts_after_it(
    tenant: TenantHere, admin: PageClient
) -> None:
    planner, id_ = Planner(tenant), tenant.known(time_zone="UTC")
    planner.plan_daily(id_, midnight(-1), 8)
    leave = address(id_, "/membership/leave")
    day = midnight(3).date().isoformat()

    admin.go(address(id_))
    admin.send(leave, leave_date="")
    assert "Leave date : Please fill this in." in admin.text
    admin.send(leave, leave_date="2020-01-01")
    assert "The leave date must not lie before the join date." in admin.text
    admin.send(leave, leave_date=day)
    assert "4 shifts begin on the leave date or later. Delete them?" in admin.text
    assert tenant.read(id_)["leave_date"] is None
    admin.send(leave, future_shifts="keep")
    assert tenant.read(id_)["leave_date"] == day
    assert len(planner.stored(id_)) == 8
    admin.send(leave, leave_date=midnight(5).date().isoformat())
    admin.send(leave, future_shifts="delete")
    assert len(planner.stored(id_)) == 6
    admin.send(address(id_, "/membership/stay"))

    assert "The leave date is taken back." in admin.text
    assert tenant.read(id_)["leave_date"] is None


def test_r52_who_has_left_is_reactivated_with_a_join_date(
    tenant: TenantHere, admin: PageClient
) -> None:
    id_ = tenant.known()
    admin.go(address(id_))
    admin.send(address(id_, "/membership/leave"), leave_date=today())
    assert "The staff membership has ended." in admin.text
    assert "Reactivate" in admin.text
    begin = address(id_, "/membership/begin")

    admin.send(begin, join_date=today(-1))
    assert "The join date lies before" in admin.text
    admin.send(begin, join_date=today(5))
    assert tenant.read(id_)["join_date"] == today(5)
    admin.send(address(id_, "/membership/join"), join_date=today(6))
    assert tenant.read(id_)["join_date"] == today(6)
    assert "History" in admin.text


def test_r15_a_membership_that_somebody_else_changed_is_not_overwritten(
    tenant: TenantHere, admin: PageClient
) -> None:
    id_ = tenant.known()
    admin.go(address(id_))
    Planner(tenant).leave(id_, midnight(9).date())

    admin.send(address(id_, "/membership/leave"), leave_date=today(30))

    assert "Somebody changed this since you read it." in admin.text
    assert tenant.read(id_)["leave_date"] == midnight(9).date().isoformat()


def test_r16_the_last_admin_who_left_is_shown_to_stay(
    tenant: TenantHere, admin: PageClient
) -> None:
    admin.go(address(tenant.admin))
    admin.send(address(tenant.admin, "/membership/leave"), leave_date=today())

    assert "this is the last admin" in admin.text


def test_r60_deleting_says_what_goes_in_numbers_and_needs_the_box(
    tenant: TenantHere, admin: PageClient
) -> None:
    planner, id_ = Planner(tenant), tenant.known(first_name=EVIL, time_zone="UTC")
    planner.plan_daily(id_, midnight(1), 3)
    delete = address(id_, "/delete")

    admin.go(f"{address(id_)}?window=delete")
    assert '<dialog id="delete" class="dialog" aria-labelledby="delete-title" open>' in (
        admin.page.text
    )
    assert "3 current or future shifts" in admin.text
    assert "I understand that the user record and all scheduling data for" in admin.text
    assert EVIL not in admin.page.text
    admin.send(delete)
    assert "Check this box, if you are sure." in admin.text
    admin.send(delete, understood="y")
    assert "is being deleted." in admin.text
    assert "The deletion is on its way." in admin.text
    wish = tenant.said(id_, "user.deletion-requested")
    why = RequestRejected(attempt=1, code="last_admin", detail="The last admin.", errors={})
    tenant.here.handle(
        told("request.rejected", id_, 1, why, tenant_id=tenant.id, request_id=wish.request_id)
    )
    admin.go(address(id_))
    assert "They were not deleted: This is the only active admin." in admin.text
    admin.send(address(id_, "/deletion/dismiss"))
    assert "They were not deleted" not in admin.text


def test_r60_deleting_asks_for_the_password_once_more(tenant: TenantHere) -> None:
    id_ = tenant.known()
    stale = reader(tenant, tenant.token(entered_at=datetime.now(UTC).timestamp() - 3600))
    stale.go(address(id_))

    sent: Any = stale.client.post(address(id_, "/delete"), data={"understood": "y"})

    assert (sent.status_code, "/step-up?" in sent.location) == (307, True)
    assert tenant.read(id_)["deletion"] is None


def test_r82_one_change_for_chosen_employees_shows_what_became_of_each(
    tenant: TenantHere, admin: PageClient
) -> None:
    planner, unit = Planner(tenant), a_unit(tenant)
    known, other = tenant.known(time_zone="UTC"), a_member(tenant, unit)
    planner.plan_daily(known, midnight(0), 4)
    new = f"/employees/mass-updates/new?employee={known}&employee={other}"

    admin.go("/employees/mass-updates/new")
    assert "Nobody is chosen" in admin.text
    admin.go(new)
    assert "For 2 employees:" in admin.text
    admin.post(new, **form_of(admin, employee=[known, other]))
    assert "Choose what is to change." in admin.text
    chosen: dict[str, Any] = {"employee": [known, other], "change": "planning_unit"}
    admin.post(new, **form_of(admin, **chosen))
    assert "Planning unit : Please fill this in." in admin.text
    admin.post(new, **form_of(admin, **chosen, planning_unit_id=unit, valid_from=today()))
    assert "0 of 2 employees" in admin.text
    assert "data-again" in admin.page.text
    tenant.here.chore("updating many employees").run()
    admin.go(admin.path)
    assert "Done: 1 employee is changed." in admin.text
    assert "They have this already at that time." in admin.text
    assert "data-again" not in admin.page.text

    admin.go("/employees/mass-updates/new?status=employed")
    leaving = {"change": "leave_date", "leave_date": midnight(2).date().isoformat()}
    admin.post("/employees/mass-updates/new?status=employed", **form_of(admin, **leaving))
    assert "2 shifts of theirs begin on that day or later. Delete them?" in admin.text
    assert "3 employees get the leave date" in admin.text
    admin.send(future_shifts="keep")
    admin.send(f"{admin.path}/cancel")
    assert "Cancelled: 0 employees were changed" in admin.text
    stranger = reader(tenant, a_planner(tenant, unit))
    assert stranger.go(admin.path).status_code == 404


def form_of(browser: PageClient, **fields: Any) -> dict[str, Any]:
    """The fields, with the token of the page's form."""
    found = re.search(r'<main.*?name="csrf_token"[^>]*value="([^"]*)"', browser.page.text, re.S)
    assert found, browser.text
    return {"csrf_token": found[1], **fields}


def test_r55_billing_shows_the_month_and_gives_it_as_a_file(
    tenant: TenantHere, admin: PageClient
) -> None:
    tenant.known(last_name=EVIL, created_at=datetime.now(UTC).isoformat())
    month = day_in("Europe/Berlin", datetime.now(UTC)).isoformat()[:7]

    admin.go("/billing")
    assert "2 users" in admin.text
    assert "Day of the peak:" in admin.text
    assert EVIL not in admin.page.text
    assert "joined" in admin.text
    assert "style=" not in admin.page.text
    file = admin.client.get(f"/billing/file?month={month}")
    assert file.content_type.startswith("text/csv")
    assert len(list(csv.reader(io.StringIO(file.text)))) == 3
    admin.go("/billing?month=1999-01")
    assert "Of this month nothing is known" in admin.text
    finance = reader(tenant, tenant.token(tenant.known(), permissions=["scheduling.billing:read"]))
    assert finance.go("/billing").status_code == 200
    assert finance.go("/employees").status_code == 403


def test_pages_speak_the_readers_language(tenant: TenantHere) -> None:
    id_ = tenant.known(language="de")
    permissions = [*EMPLOYEES, "scheduling.memberships:edit", "accounts.users:delete"]
    browser = reader(tenant, tenant.token(id_, permissions=permissions))

    browser.go("/employees")
    assert "Mitarbeiter anlegen" in browser.text
    browser.go(f"{address(id_)}?window=delete")
    assert "Mir ist bewusst, dass der Benutzerdatensatz" in browser.text
    assert 'lang="de"' in browser.page.text
