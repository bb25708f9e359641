"""Persons: humans as people knows them, and what it says of them."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final

from staffroll.events import PersonState, UserState
from staffroll.records import Record
from staffroll_people.domain import profiles
from staffroll_people.domain.profiles import Profile

SOURCE: Final = "people"

Person = Record[Profile]


class PersonRules:
    """People as a place that follows accounts; see `staffroll.records.Place`."""

    name: Final = SOURCE
    created: Final = "person.updated"
    updated: Final = "person.updated"

    def begin(
        self, id_: str, own: Mapping[str, Any], zone: str, now: datetime, nth: int
    ) -> Profile:
        """Nothing but what was asked for."""
        return self.edited(Profile(), own)

    def begins_active(self, own: Profile, zone: str, now: datetime) -> bool:
        """Always: only a membership in scheduling begins later."""
        return True

    def heard(
        self, id_: str, record: Person | None, user: UserState, nth: int, now: datetime
    ) -> Profile:
        """A user's news changes nothing of the profile."""
        return Profile() if record is None else record.own

    def buried(self, record: Person | None, now: datetime) -> Profile:
        """Nothing."""
        return Profile()

    def edited(self, own: Profile, changes: Mapping[str, Any]) -> Profile:
        """Null removes, as JSON Merge Patch has it; see `profiles.edited`."""
        return profiles.edited(own, changes)

    def state(self, record: Person, now: datetime) -> PersonState:
        """What is told: nothing that is sensitive."""
        if record.followed.is_deleted:
            return PersonState(status="deleted")
        own = record.own
        return PersonState(
            status="known",
            title=own.title,
            middle_name=own.middle_name,
            business_phone=own.business_phone,
        )


RULES: Final = PersonRules()
