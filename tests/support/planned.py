"""An employee of scheduling and a shift of theirs, under ids that tests know beforehand."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Final

from staffroll.runtime import Runtime
from staffroll_scheduling.domain.weeks import Shift, WeekChange, week_of
from staffroll_scheduling.store.weeks import unapplied_documents
from staffroll_scheduling.sync import following, make_handler
from tests.support.services import a_user, told

EMPLOYEE: Final = "0197a000-0000-7000-8000-00000000d001"
SHIFT: Final = "0197a000-0000-7000-8000-00000000d002"
_START: Final = datetime(2026, 11, 28, 8, tzinfo=UTC)


def plan_shift(runtime: Runtime, tenant_id: str) -> None:
    """An employee who has belonged to the staff since 2020, and works one day."""
    user = a_user(created_at="2020-01-01T08:00:00Z", last_name="Planned")
    make_handler(runtime)(told("user.created", EMPLOYEE, 1, user, tenant_id=tenant_id))
    shift = Shift(SHIFT, _START, _START + timedelta(hours=8))
    change = WeekChange(week_of(_START), 1, (shift,), _START)
    runtime.platform["employees"].update_one(
        {"tenant_id": tenant_id, "_id": EMPLOYEE},
        {"$set": {"unapplied": unapplied_documents([change])}},
    )
    following(runtime).store(tenant_id).weeks.apply_waiting(EMPLOYEE)
