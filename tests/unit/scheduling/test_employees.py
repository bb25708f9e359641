import re
from datetime import UTC, date, datetime
from typing import Any

import pytest

from staffroll.followed import Followed, UserCopy
from staffroll.records import Record
from staffroll_scheduling.domain.employees import (
    RULES,
    Employment,
    generated_number,
    is_kept_as_last_admin,
)
from staffroll_scheduling.domain.membership import Membership
from tests.support.services import a_user

NOW = datetime(2026, 3, 1, 11, 30, tzinfo=UTC)
ID = "0199a000-0000-7000-8000-000000000001"


def an_employee(own: Employment, zone: str = "Europe/Berlin", state: Any = "confirmed") -> Any:
    return Record(Followed(id=ID, state=state, user=UserCopy(time_zone=zone)), own)


def test_r7_a_generated_number_is_short_and_always_the_same() -> None:
    assert re.fullmatch(r"P-[A-Z2-7]{8}", generated_number(ID, 0))
    assert generated_number(ID, 0) == generated_number(ID, 0)
    assert generated_number(ID, 0) != generated_number(ID, 1)


def test_r7_who_is_created_here_joins_today_in_their_zone() -> None:
    own = RULES.begin(ID, {}, "Pacific/Kiritimati", NOW, 0)

    assert own.memberships == (Membership(date(2026, 3, 2), started_at=NOW),)
    assert not own.is_assumed


@pytest.mark.parametrize("zone, active", [("Pacific/Kiritimati", True), ("Europe/Berlin", False)])
def test_r7_a_join_date_that_is_not_reached_in_their_zone_begins_deactivated(
    zone: str, active: bool
) -> None:
    own = RULES.begin(ID, {"join_date": date(2026, 3, 2)}, zone, NOW, 0)

    assert RULES.begins_active(own, zone, NOW) is active


def test_a_concluded_membership_follows_the_user_until_one_is_set_here() -> None:
    active = a_user(created_at="2026-03-01T11:30:00Z")

    joined = RULES.heard(ID, None, active, 0, NOW)
    gone = RULES.heard(ID, an_employee(joined), a_user(status="deactivated"), 0, NOW)
    back = RULES.heard(ID, an_employee(gone), active, 0, NOW)
    set_here = Employment("A 1", (Membership(date(2026, 1, 1), date(2026, 2, 1)),))

    assert (joined.join_date, gone.join_date) == (date(2026, 3, 1), None)
    assert back.memberships == joined.memberships
    assert RULES.heard(ID, an_employee(set_here), a_user(), 0, NOW) == set_here


@pytest.mark.parametrize("started_at, status", [(NOW, "employed"), (None, "not_employed")])
def test_r54_the_status_that_is_told_goes_by_what_was_said(
    started_at: datetime | None, status: str
) -> None:
    own = Employment("A 1", (Membership(date(2026, 3, 1), started_at=started_at),))

    told = RULES.state(an_employee(own), NOW)

    assert (told.status, told.join_date, told.leave_date) == (status, date(2026, 3, 1), None)


def test_r54_a_concluded_membership_has_started_when_the_user_was_created() -> None:
    joined = RULES.heard(ID, None, a_user(created_at="2026-03-01T11:30:00Z"), 0, NOW)

    assert [one.started_at for one in joined.memberships] == [NOW]


@pytest.mark.parametrize(
    "state, user, ended_at, kept",
    [
        ("confirmed", {"status": "active", "is_admin": True}, NOW, True),
        ("confirmed", {"status": "active", "is_admin": True}, None, False),
        ("confirmed", {"status": "deactivated", "is_admin": True}, NOW, False),
        ("confirmed", {"status": "active", "is_admin": False}, NOW, False),
        ("pending", {"status": "active", "is_admin": True}, NOW, False),
    ],
)
def test_r16_an_admin_without_membership_who_is_active_is_kept_as_the_last(
    state: Any, user: dict[str, Any], ended_at: datetime | None, kept: bool
) -> None:
    own = Employment("A 1", (Membership(date(2026, 1, 1), None, NOW, ended_at),))
    record = Record(Followed(id=ID, state=state, user=UserCopy(**user)), own)

    assert is_kept_as_last_admin(record) is kept


def test_r61_of_a_deleted_one_nothing_is_told_but_that() -> None:
    told = RULES.state(an_employee(RULES.buried(None, NOW), state="deleted"), NOW)

    assert (told.status, told.personnel_number, told.join_date) == ("deleted", "", None)
