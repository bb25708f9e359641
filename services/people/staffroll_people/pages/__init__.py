"""What people see: one module per page group, its templates beside it."""

from __future__ import annotations

from staffroll.web.pages import PageGroup
from staffroll_people.actions.persons import PersonActions
from staffroll_people.pages.people import people
from staffroll_people.pages.photos import photos
from staffroll_people.pages.profiles import profiles


def groups(actions: PersonActions) -> list[PageGroup]:
    """All pages of people."""
    return [people(actions), profiles(actions), photos(actions)]
