"""The pages of assignments, availabilities, shifts and catalogues, without a browser."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta

import pytest

from staffroll.web.pages import cookies
from staffroll_scheduling.domain.membership import day_in
from tests.integration.scheduling.planning import Planner
from tests.support.page_client import PageClient
from tests.support.scheduling import a_member, a_unit, an_entry, ask
from tests.support.services import TenantHere, body_of, only

pytestmark = only("scheduling")

READS = ["scheduling.employees:read", "scheduling.shifts:read", "scheduling.catalogue:read"]
EVIL = "<img src=x onerror=alert(1)>"


def reader(tenant: TenantHere, header: dict[str, str] | None = None) -> PageClient:
    """The browser of somebody who is signed in, by default of the admin."""
    browser = PageClient(tenant.here.client.application)
    token = (header or tenant.token())["Authorization"].removeprefix("Bearer ")
    browser.client.set_cookie(cookies.ACCESS, token)
    return browser


@pytest.fixture
def admin(tenant: TenantHere) -> PageClient:
    return reader(tenant)


def today(days: int = 0) -> str:
    return (day_in("Europe/Berlin", datetime.now(UTC)) + timedelta(days=days)).isoformat()


def test_r80_catalogues_are_kept_by_their_pages(tenant: TenantHere, admin: PageClient) -> None:
    admin.go("/catalogues")
    assert "There is nothing here yet" in admin.text
    admin.go("/catalogues/contracts/new")
    admin.send(name="", weekly_minutes="many")
    assert admin.page.status_code == 422
    assert "Name : " in admin.text
    assert "Hours per week : " in admin.text
    assert 'value="many"' in admin.page.text
    admin.send(name=EVIL, weekly_minutes="38,5")
    assert "38:30 hours per week" in admin.text
    assert EVIL not in admin.page.text
    admin.go("/catalogues/contracts/new")
    admin.send(name=EVIL.upper(), weekly_minutes="40")
    assert "There is one of this name already." in admin.text

    admin.go("/catalogues/skills/new")
    admin.send(name="Dutch", levels="A\nB\nC")
    skill = re.search(r'/skills/([0-9a-f-]{36})"', admin.page.text)
    assert skill is not None
    admin.go(f"/catalogues/skills/{skill[1]}")
    admin.send(levels="A")
    assert "Levels of a skill can be renamed and added" in admin.text
    admin.go("/catalogues/activities/new")
    admin.send(name="Phone", required_skills=[f"{skill[1]}:1", f"{skill[1]}:2"])
    assert "Each skill once." in admin.text
    admin.send(required_skills=[f"{skill[1]}:2"])
    assert "Dutch: B or higher" in admin.text
    admin.go(f"/catalogues/skills/{skill[1]}/delete")
    admin.send()
    assert "1 activities ask" in admin.text

    admin.go("/catalogues/planning-units/new")
    admin.send(name="North", time_zone="Asia/Tokyo")
    unit = re.search(r'(/catalogues/planning-units/[0-9a-f-]{36})"', admin.page.text)
    assert unit is not None
    admin.go(unit[1])
    admin.send(name="Far East")
    assert "Far East" in admin.text
    admin.go(f"{unit[1]}/delete")
    admin.send()
    assert "Far East is deleted." in admin.text


def test_r80_assignments_are_given_changed_and_taken_away(
    tenant: TenantHere, admin: PageClient
) -> None:
    unit = a_unit(tenant)
    skill = an_entry(tenant, "skills", name="Dutch", levels=[{"name": "A"}, {"name": "B"}])
    needs = [{"skill_id": skill["id"], "level": 2}]
    activity = an_entry(tenant, "activities", name="Phone", required_skills=needs)
    id_ = a_member(tenant)
    all_ = f"/employees/{id_}/assignments"

    admin.go(f"{all_}/contracts/new")
    assert "There is nothing to choose from yet" in admin.text
    admin.go(f"{all_}/planning-units/new")
    admin.send(planning_unit_id=unit, priority="2", valid_from=today())
    assert "Priority : Whoever is in planning units has priority 1" in admin.text
    admin.send(priority="high", valid_from="soon")
    assert "Priority : " in admin.text
    assert "Valid from : This is not a day" in admin.text
    admin.send(priority="1", valid_from=today())
    assert "Priority 1" in admin.text
    admin.go(f"{all_}/planning-units/new")
    admin.send(planning_unit_id=unit, valid_from=today(3))
    assert "They have this already then." in admin.text

    admin.go(f"{all_}/activities/new")
    admin.send(activity_id=activity["id"])
    assert "Activity : This needs, all the time: Dutch (level 2 or higher)." in admin.text
    admin.go(f"{all_}/skills/new")
    admin.send(skill_id=skill["id"], level="3")
    assert "Level : The skill has only 2 levels." in admin.text
    admin.send(level="2", valid_to=today(-1))
    assert "Valid to : The first day without it must be after" in admin.text
    admin.send(valid_to="")
    assert "Dutch B" in admin.text

    one = re.search(rf'({all_}/skills/[0-9a-f-]+)"', admin.page.text)
    assert one is not None
    admin.go(one[1])
    old = dict(admin._form("")[1])
    admin.send(valid_to=today(9))
    assert "open" in admin.text
    admin.post(one[1], **{**old, "level": "1"})
    assert admin.page.status_code == 422, "somebody else changed it meanwhile"
    admin.go(f"{one[1]}/remove")
    admin.send()
    assert "Dutch" not in admin.text


def test_r81_a_week_of_availabilities_is_typed_as_lines(
    tenant: TenantHere, admin: PageClient
) -> None:
    id_ = a_member(tenant)
    path = f"/employees/{id_}/availabilities"

    admin.go(path)
    admin.send(monday="8-12", tuesday="08:00-12:00, 11:00-13:00")
    assert "Monday : Write times such as" in admin.text
    admin.send(monday=EVIL)
    assert EVIL not in admin.page.text
    admin.send(monday="8:00-12:00, 13:00-17:00")
    assert "Tuesday : Two of these times overlap." in admin.text
    admin.send(tuesday="22:00-06:00")
    assert admin.path == f"/employees/{id_}"
    assert "Monday 08:00–12:00, 13:00–17:00" in admin.text
    items = body_of(ask(tenant, "GET", f"/v1{path}"))["items"]
    assert [item["from"] for item in items] == ["08:00", "13:00", "22:00"]


def test_r81_shifts_are_planned_moved_and_deleted_week_by_week(
    tenant: TenantHere, admin: PageClient
) -> None:
    id_ = a_member(tenant, a_unit(tenant))
    all_ = f"/employees/{id_}/shifts"

    admin.go(f"{all_}?week=2031-W10")
    assert admin.text.count("No shift") == 7
    assert "Times in Europe/Berlin" in admin.text
    assert "?week=2031-W09" in admin.page.text
    assert "?week=2031-W11" in admin.page.text
    admin.go(f"{all_}/new?day=2031-03-04")
    admin.send(day="soon", start="25:00")
    assert admin.page.status_code == 422
    assert "Day : This is not a day" in admin.text
    assert "Begins : This is not a time" in admin.text
    admin.send(day="2031-03-04", start="22:00", end="06:00", note=EVIL)
    assert admin.path == f"{all_}?week=2031-W10"
    assert EVIL not in admin.page.text
    assert admin.text.count("No shift") == 6
    shift = re.search(rf'({all_}/[0-9a-f-]{{36}})"', admin.page.text)
    assert shift is not None
    stored = body_of(ask(tenant, "GET", f"/v1/shifts/{shift[1].rpartition('/')[2]}"))
    assert (stored["start"], stored["end"]) == (
        "2031-03-04T21:00:00.000Z",
        "2031-03-05T05:00:00.000Z",
    )

    admin.go(f"{all_}/new?day=2031-03-05")
    admin.send(start="05:00", end="09:00")
    assert "Begins : The employee has another shift at that time." in admin.text
    admin.go(shift[1])
    admin.send(day="2031-03-12")
    assert admin.path == f"{all_}?week=2031-W11"
    admin.go(shift[1])
    admin.send(f"{shift[1]}/delete")
    assert "The shift is deleted." in admin.text
    assert admin.text.count("No shift") == 7
    assert admin.go(shift[1]).status_code == 404


def test_a_shift_in_the_hour_that_comes_twice_stays_there(
    tenant: TenantHere, admin: PageClient
) -> None:
    id_ = a_member(tenant, a_unit(tenant))
    # In Berlin it is 02:30 at 00:30 UTC and again at 01:30 UTC.
    shift = Planner(tenant).planned(id_, datetime(2031, 10, 26, 1, 30, tzinfo=UTC))

    admin.go(f"/employees/{id_}/shifts/{shift['id']}")
    admin.send(note="Early")

    stored = body_of(ask(tenant, "GET", f"/v1/shifts/{shift['id']}"))
    assert (stored["note"], stored["start"]) == ("Early", shift["start"])


def test_r51_a_kept_shift_outside_the_membership_is_marked(
    tenant: TenantHere, admin: PageClient
) -> None:
    id_ = a_member(tenant)
    start = datetime.now(UTC).replace(hour=9, minute=0, second=0, microsecond=0)
    Planner(tenant).planned(id_, start + timedelta(days=14))
    admin.go(f"/employees/{id_}")
    leave = f"/employees/{id_}/membership/leave"
    admin.send(leave, leave_date=today(7))
    admin.send(leave, future_shifts="keep")
    year, week, _ = (start + timedelta(days=14)).isocalendar()

    admin.go(f"/employees/{id_}/shifts?week={year}-W{week:02}")

    assert "outside the staff membership" in admin.text


def test_who_may_only_read_sees_no_buttons_and_is_refused(tenant: TenantHere) -> None:
    id_ = a_member(tenant)
    skill = an_entry(tenant, "skills", name="Dutch")
    onlooker = reader(tenant, tenant.token(tenant.known(), permissions=READS))
    base = f"/employees/{id_}"

    for path in (f"{base}/assignments", f"{base}/shifts", "/catalogues/skills", base):
        assert onlooker.go(path).status_code == 200, path
        middle = onlooker.page.text.partition("<main")[2]
        assert "<form" not in middle, path
        assert "/new" not in middle, path
    for path in (
        f"{base}/assignments/skills/new",
        f"{base}/availabilities",
        f"{base}/shifts/new",
        "/catalogues/skills/new",
        f"/catalogues/skills/{skill['id']}",
        f"/catalogues/skills/{skill['id']}/delete",
    ):
        assert onlooker.go(path).status_code == 403, path
        assert onlooker.post(path).status_code == 403, path


def test_a_form_from_elsewhere_changes_nothing(tenant: TenantHere, admin: PageClient) -> None:
    id_ = a_member(tenant)
    shift = Planner(tenant).planned(id_, datetime(2031, 3, 4, 8, tzinfo=UTC))
    skill = an_entry(tenant, "skills", name="Dutch")
    before = tenant.stored(id_)

    admin.post(f"/employees/{id_}/shifts/{shift['id']}/delete", csrf_token="made up")
    admin.post(f"/employees/{id_}/availabilities", csrf_token="made up", monday="08:00-12:00")
    made_up = {"skill_id": skill["id"], "level": "1", "valid_from": today()}
    admin.post(f"/employees/{id_}/assignments/skills/new", csrf_token="made up", **made_up)
    admin.post(f"/catalogues/skills/{skill['id']}/delete", csrf_token="made up")

    assert tenant.stored(id_) == before
    assert body_of(ask(tenant, "GET", "/v1/skills"))["total"] == 1
