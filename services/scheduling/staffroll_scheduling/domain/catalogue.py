"""The tenant's catalogues: contracts, skills, activities and planning units (R80). Pure."""

from __future__ import annotations

import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from typing import Any, Final

from staffroll.audit import AuditEntry, noted
from staffroll.events import Cause
from staffroll_scheduling.domain.assignments import Kind, NeededSkill
from staffroll_scheduling.domain.errors import LevelsStay

LEVELS_MAX: Final = 10
NEEDED_SKILLS_MAX: Final = 20


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """Something of a catalogue.

    Attributes:
        name: Unique in its catalogue, whatever the case.
        is_deleted: It cannot be given any more; histories still show its name.
    """

    id: str
    name: str
    description: str = ""
    version: int = 1
    is_deleted: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Contract(Entry):
    """How much somebody works.

    Attributes:
        weekly_minutes: Each week.
    """

    weekly_minutes: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Skill(Entry):
    """What somebody can do, and how well.

    Attributes:
        levels: Their names, the lowest first; without any, one has the skill or not.
    """

    levels: tuple[str, ...] = ()

    @property
    def highest_level(self) -> int:
        return max(1, len(self.levels))


@dataclass(frozen=True, slots=True, kw_only=True)
class Activity(Entry):
    """What somebody does in a shift.

    Attributes:
        required_skills: All of them are needed.
        colour: ``#rrggbb``.
    """

    required_skills: tuple[NeededSkill, ...] = ()
    colour: str | None = None
    is_paid: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class PlanningUnit(Entry):
    """Who is planned together.

    Attributes:
        time_zone: IANA name; in which the unit's shifts are shown.
    """

    time_zone: str


ENTRIES: Final[Mapping[Kind, type[Entry]]] = {
    "contract": Contract,
    "skill": Skill,
    "activity": Activity,
    "planning_unit": PlanningUnit,
}


@dataclass(frozen=True, slots=True)
class EntryDecision:
    """What an entry becomes, and what is noted of it."""

    entry: Entry
    audit: tuple[AuditEntry, ...] = ()


def create(kind: Kind, id_: str, wished: Mapping[str, Any], cause: Cause) -> EntryDecision:
    """A new entry.

    Args:
        wished: Its fields by name.
    """
    return EntryDecision(ENTRIES[kind](id=id_, **wished), (_noted(kind, "created", id_, cause),))


def edit(kind: Kind, entry: Entry, changes: Mapping[str, Any], cause: Cause) -> EntryDecision:
    """The entry after `changes`; the same one where nothing differs.

    Raises:
        LevelsStay: A skill would have fewer levels than it had.
    """
    changed = sorted(name for name, value in changes.items() if getattr(entry, name) != value)
    if not changed:
        return EntryDecision(entry)
    after = replace(entry, **changes, version=entry.version + 1)
    if isinstance(entry, Skill) and len(changes.get("levels", entry.levels)) < len(entry.levels):
        raise LevelsStay
    return EntryDecision(after, (_noted(kind, "updated", entry.id, cause, changed),))


def delete(kind: Kind, entry: Entry, cause: Cause) -> EntryDecision:
    """The entry as histories still show it."""
    gone = replace(entry, is_deleted=True, version=entry.version + 1)
    return EntryDecision(gone, (_noted(kind, "deleted", entry.id, cause),))


def name_key(name: str) -> str:
    """The same for names that differ in case alone."""
    return unicodedata.normalize("NFC", unicodedata.normalize("NFC", name).casefold())


def own_fields(kind: Kind) -> list[str]:
    """The names of all fields of an entry of this kind."""
    return [item.name for item in fields(ENTRIES[kind])]


def _noted(
    kind: Kind, what: str, id_: str, cause: Cause, changed: list[str] | None = None
) -> AuditEntry:
    return noted(cause, f"{kind.replace('_', '-')}.{what}", id_, changed or ())
