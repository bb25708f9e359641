"""Persons: what people owns of a human, and what it says of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, Final

from staffroll.events import PersonState, UserState
from staffroll.records import Record

SOURCE: Final = "people"


@dataclass(frozen=True, slots=True)
class Profile:
    """What people owns of a human; all of it is optional (R85)."""

    title: str = ""
    middle_name: str = ""
    private_phone: str = ""
    business_phone: str = ""


Person = Record[Profile]


class PersonRules:
    """People as a place that follows accounts; see `staffroll.records.Place`."""

    name: Final = SOURCE
    created: Final = "person.updated"
    updated: Final = "person.updated"
    erased: Final = Profile()

    def begin(
        self, id_: str, own: Mapping[str, Any], zone: str, now: datetime, nth: int
    ) -> Profile:
        """Nothing but what was asked for."""
        return self.edited(Profile(), own)

    def begins_active(self, own: Profile, zone: str, now: datetime) -> bool:
        """Always: only a membership in scheduling begins later."""
        return True

    def heard(self, id_: str, own: Profile | None, user: UserState, nth: int) -> Profile:
        """A user's news changes nothing of the profile."""
        return own or Profile()

    def edited(self, own: Profile, changes: Mapping[str, Any]) -> Profile:
        """Null removes, as JSON Merge Patch has it."""
        return replace(own, **{name: value or "" for name, value in changes.items()})

    def state(self, record: Person, now: datetime) -> PersonState:
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
