from __future__ import annotations

from dataclasses import replace
from datetime import date, datetime, timedelta

import pytest

from staffroll_scheduling.domain.calendars import (
    CalendarToken,
    address_of,
    is_good,
    new_token,
    read_token,
)
from staffroll_scheduling.domain.employees import RULES
from staffroll_scheduling.domain.membership import Membership
from tests.support.services import a_user
from tests.unit.scheduling.shifts import ALWAYS, ID, NOW, an_employee

TOKEN = new_token("acme", ID)
LATER = NOW + timedelta(days=1)


def test_r81_a_token_is_read_back_and_never_the_same() -> None:
    assert read_token(str(TOKEN)) == TOKEN
    assert new_token("acme", ID) != TOKEN
    assert len(TOKEN.secret) >= 43


@pytest.mark.parametrize(
    "text", ["", "a.b", "a.b.", ".b.c", "a.b.c.d", "a.b.ü", "a.b." + "x" * 200]
)
def test_r81_what_is_no_token_is_none(text: str) -> None:
    assert read_token(text) is None


def test_r81_a_token_opens_the_calendar_that_it_was_made_for_alone() -> None:
    record = an_employee(calendar=address_of(TOKEN, NOW))

    assert is_good(TOKEN, record)
    assert not is_good(new_token("acme", ID), record)
    assert not is_good(CalendarToken("other", ID, TOKEN.secret), record)
    assert not is_good(TOKEN, an_employee())
    assert not is_good(TOKEN, None)


def test_r51_a_deactivated_user_has_no_calendar() -> None:
    record = an_employee(calendar=address_of(TOKEN, NOW))

    own = RULES.heard(ID, record, a_user(status="deactivated"), 0, NOW)
    back = RULES.heard(ID, replace(record, own=own), a_user(), 0, NOW)

    assert own.calendar is None
    assert back.calendar is None
    assert RULES.heard(ID, record, a_user(), 0, NOW).calendar is not None


@pytest.mark.parametrize("ended_at, is_open", [(LATER, False), (NOW - timedelta(days=1), True)])
def test_r51_a_membership_that_has_ended_since_voids_the_address(
    ended_at: datetime, is_open: bool
) -> None:
    before = replace(ALWAYS, leave_date=date(2026, 11, 26), ended_at=ended_at)
    record = an_employee(before, Membership(date(2026, 11, 26)), calendar=address_of(TOKEN, NOW))

    assert is_good(TOKEN, record) is is_open
