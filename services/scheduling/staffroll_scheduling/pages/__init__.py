"""What people see: one module per page group, its templates beside it."""

from __future__ import annotations

from staffroll.web.pages import PageGroup
from staffroll_scheduling.actions.employees import EmployeeActions
from staffroll_scheduling.pages.assignments import assignments
from staffroll_scheduling.pages.availabilities import availabilities
from staffroll_scheduling.pages.billing import billing
from staffroll_scheduling.pages.catalogues import catalogues
from staffroll_scheduling.pages.employees import employees
from staffroll_scheduling.pages.mass_updates import mass_updates
from staffroll_scheduling.pages.memberships import memberships
from staffroll_scheduling.pages.shifts import shifts


def groups(actions: EmployeeActions) -> list[PageGroup]:
    """All pages of scheduling."""
    return [
        employees(actions),
        memberships(),
        mass_updates(),
        billing(),
        assignments(),
        availabilities(),
        shifts(),
        catalogues(),
    ]
