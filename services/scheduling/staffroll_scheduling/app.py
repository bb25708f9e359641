"""Scheduling, wired together."""

from __future__ import annotations

from pathlib import Path

from flask import Flask

from staffroll.directory import Directory
from staffroll.following.app import following_app
from staffroll.mongo.limiting import MovingWindow
from staffroll.open_tenants import OpenTenants
from staffroll.runtime import Runtime
from staffroll_scheduling import pages
from staffroll_scheduling.actions.employees import make_actions
from staffroll_scheduling.api.assignments import all_assignments
from staffroll_scheduling.api.availabilities import availabilities
from staffroll_scheduling.api.billing import billing
from staffroll_scheduling.api.calendar import calendar
from staffroll_scheduling.api.catalogue import catalogues
from staffroll_scheduling.api.employees import employees
from staffroll_scheduling.api.mass_updates import mass_updates
from staffroll_scheduling.api.memberships import memberships
from staffroll_scheduling.api.shifts import shifts
from staffroll_scheduling.sync import following


def create_app(runtime: Runtime) -> Flask:
    """The HTTP side of scheduling."""
    here = following(runtime)
    tenants = OpenTenants(Directory(runtime.platform).tenant_status)
    of_employees = make_actions(here.pause)
    return following_app(
        here,
        title="Staffroll scheduling",
        resources=[
            employees(of_employees),
            memberships(),
            billing(),
            *all_assignments(),
            availabilities(),
            *catalogues(),
            mass_updates(),
            shifts(),
            calendar(here, MovingWindow(runtime.platform), tenants),
        ],
        groups=pages.groups(of_employees),
        pages_in=Path(pages.__file__).parent,
    )
