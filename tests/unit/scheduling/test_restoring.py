"""R64: employees after scheduling was put back, who are as active as accounts knows them."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

import pytest

from staffroll_scheduling.actions.restoring import mended
from staffroll_scheduling.domain.membership import Membership
from tests.unit.scheduling.test_turning import LONG_AGO, NOW, RUNNING, an_employee

TODAY = NOW.date()
ENDED = replace(RUNNING, leave_date=date(2026, 2, 1), ended_at=LONG_AGO)


def test_who_left_meanwhile_has_left_today() -> None:
    own = mended(an_employee(RUNNING, status="deactivated"), NOW)

    assert own.memberships == (replace(RUNNING, leave_date=TODAY, ended_at=NOW),)


def test_who_left_on_a_day_that_was_known_left_on_that_day() -> None:
    leaving = replace(RUNNING, leave_date=date(2026, 11, 1))

    own = mended(an_employee(leaving, status="deactivated"), NOW)

    assert own.memberships == (replace(leaving, ended_at=NOW),)


def test_who_came_back_meanwhile_is_back_from_today_on() -> None:
    own = mended(an_employee(ENDED), NOW)

    assert own.memberships == (ENDED, Membership(TODAY, started_at=NOW))


@pytest.mark.parametrize(
    "employee",
    [
        an_employee(RUNNING),
        an_employee(ENDED, status="deactivated"),
        an_employee(ENDED, is_admin=True),
        an_employee(RUNNING, status="", state="pending"),
    ],
    ids=["running", "left", "kept as the last admin", "not confirmed"],
)
def test_everybody_else_is_as_they_were(employee: object) -> None:
    assert mended(employee, NOW) == employee.own  # type: ignore[arg-type, attr-defined]
