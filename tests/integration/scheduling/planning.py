"""Asking scheduling for shifts as a client does."""

from __future__ import annotations

import itertools
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Any

from werkzeug.test import TestResponse

from staffroll import clock
from staffroll.ids import new_id
from staffroll.scope import Actor, Scope
from staffroll_scheduling.domain.weeks import DAY, Shift, week_of
from staffroll_scheduling.here import SchedulingHere
from staffroll_scheduling.store import Store
from staffroll_scheduling.store.weeks import shift_document
from staffroll_scheduling.sync import following
from tests.support.services import TenantHere, body_of

HOUR = timedelta(hours=1)


def midnight(days: int = 0) -> datetime:
    """The beginning of today in UTC, or of a day before or after."""
    now = datetime.now(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
    return now + timedelta(days=days)


@dataclass
class Planner:
    """An admin of a tenant who plans shifts."""

    tenant: TenantHere

    @property
    def here(self) -> SchedulingHere:
        return following(self.tenant.here.runtime)

    @property
    def scope(self) -> Scope[Store]:
        """As the service itself acts."""
        store = self.here.store(self.tenant.id)
        return Scope(self.tenant.id, Actor.system("test"), store, clock.now())

    def ask(
        self, method: str, path: str, *, as_: dict[str, str] | None = None, **options: Any
    ) -> TestResponse:
        headers = {**(as_ or self.tenant.token()), **options.pop("headers", {})}
        client = self.tenant.here.client.application.test_client()
        return client.open(f"/v1{path}", method=method, headers=headers, **options)

    def plan(
        self, employee_id: str, start: datetime, hours: float = 8, **fields: Any
    ) -> TestResponse:
        headers = fields.pop("headers", {})
        as_ = fields.pop("as_", None)
        times = {"start": start.isoformat(), "end": (start + hours * HOUR).isoformat()}
        body = {"employee_id": employee_id, **times, **fields}
        return self.ask("POST", "/shifts", json=body, headers=headers, as_=as_)

    def planned(
        self, employee_id: str, start: datetime, hours: float = 8, **fields: Any
    ) -> dict[str, Any]:
        response = self.plan(employee_id, start, hours, **fields)
        assert response.status_code == 201, response.text
        return body_of(response)

    def listed(self, *, is_settled: Any = True, **query: Any) -> list[dict[str, Any]]:
        """All pages of the list.

        Args:
            is_settled: Nothing is stored that is decided to go, so that the total is exact.
        """
        found: list[dict[str, Any]] = []
        cursor: str | None = None
        as_ = query.pop("as_", None)
        while True:
            asked = {**query, **({"cursor": cursor} if cursor else {})}
            response = self.ask("GET", "/shifts", query_string=asked, as_=as_)
            assert response.status_code == 200, response.text
            page = body_of(response)
            found += page["items"]
            cursor = page["next_cursor"]
            if cursor is None:
                assert page["total"] == len(found) or not is_settled
                return found

    def plan_daily(self, employee_id: str, first: datetime, days: int) -> None:
        """A shift on each of so many days, put where it is stored: faster than asking for it."""
        shifts = [
            Shift(new_id(), first + day * DAY, first + day * DAY + HOUR) for day in range(days)
        ]
        for week, found in itertools.groupby(shifts, lambda shift: week_of(shift.start)):
            document = {
                "_id": f"{employee_id}:{week}",
                "tenant_id": self.tenant.id,
                "employee_id": employee_id,
                "week": week,
                "version": 1,
                "shifts": [shift_document(shift) for shift in found],
                "changed_at": clock.now(),
            }
            self.tenant.here.runtime.platform["weeks"].insert_one(document)
        counted = {"own.future_shifts": days, "own.counted_at": clock.now()}
        self.tenant.here.records.update_one({"_id": employee_id}, {"$set": counted})

    def leave(
        self, employee_id: str, day: date, future_shifts: str | None = "delete"
    ) -> TestResponse:
        body = {"leave_date": day.isoformat()}
        if future_shifts is not None:
            body["future_shifts"] = future_shifts
        return self.ask("PATCH", f"/employees/{employee_id}/memberships/current", json=body)

    def weeks(self, employee_id: str) -> list[dict[str, Any]]:
        """As they are stored."""
        where = {"tenant_id": self.tenant.id, "employee_id": employee_id}
        return list(self.tenant.here.runtime.platform["weeks"].find(where).sort("week"))

    def stored(self, employee_id: str) -> list[dict[str, Any]]:
        """The shifts as they are stored, in order."""
        found = [shift for week in self.weeks(employee_id) for shift in week["shifts"]]
        return sorted(found, key=lambda shift: shift["start"])
