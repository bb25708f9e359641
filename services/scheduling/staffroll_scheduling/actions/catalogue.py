"""What can be done with the tenant's catalogues, the same for each of them (R80)."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final

from staffroll.errors import Conflict, Stale, Unavailable
from staffroll.idempotency import DeletedMeanwhile, Once, OnceUsed, created_before
from staffroll.ids import new_id
from staffroll.scope import Scope
from staffroll_scheduling.domain import catalogue as rules
from staffroll_scheduling.domain.assignments import Kind
from staffroll_scheduling.domain.catalogue import Entry, Skill
from staffroll_scheduling.domain.employees import SOURCE
from staffroll_scheduling.domain.errors import EntryUnknown, InUse, LevelUnknown
from staffroll_scheduling.domain.membership import day_in
from staffroll_scheduling.store import Store
from staffroll_scheduling.store.catalogues import Catalogue, EntryPage

_LATEST_ZONE: Final = "Etc/GMT+12"
"""Where a day ends last, so that what is in use anywhere is in use."""


def create(kind: Kind, wished: Mapping[str, Any], scope: Scope[Store], once: Once | None) -> Entry:
    """A new entry; repeated with the same `once`, the one that it created.

    Raises:
        NameTaken: There is one of this name in the catalogue.
        EntryUnknown, LevelUnknown: An activity asks for a skill that is not there.
        DeletedMeanwhile: What the key created.
        Unavailable: It is being forgotten at this very moment.
    """
    catalogue = scope.store.catalogues.of(kind)
    if earlier := _created_before(once, catalogue, scope.now):
        return earlier
    _check_needs(wished, scope)
    decision = rules.create(kind, new_id(), wished, scope.cause(SOURCE))
    try:
        return catalogue.insert(decision, scope.now, once)
    except (OnceUsed, Conflict) as error:
        # The same request at the same moment has the same name; which of the two indexes
        # refuses first is the database's choice.
        if earlier := _created_before(once, catalogue, scope.now):
            return earlier
        if isinstance(error, OnceUsed):
            raise Unavailable from error
        raise


def _created_before(once: Once | None, catalogue: Catalogue, now: datetime) -> Entry | None:
    entry = created_before(once, catalogue, now)
    if entry is not None and entry.is_deleted:
        raise DeletedMeanwhile
    return entry


def get(kind: Kind, entry_id: str, scope: Scope[Store]) -> Entry:
    """Raises `NotFound`."""
    return scope.store.catalogues.of(kind).get(entry_id)


def find_page(
    kind: Kind, scope: Scope[Store], *, after: tuple[str, str] | None, limit: int
) -> EntryPage:
    """A page of the catalogue, by name."""
    return scope.store.catalogues.of(kind).page(after=after, limit=limit)


def edit(
    kind: Kind,
    entry_id: str,
    changes: Mapping[str, Any],
    scope: Scope[Store],
    *,
    expected: int | None,
) -> Entry:
    """The entry after `changes`.

    Raises:
        NotFound, Stale, NameTaken, LevelsStay, EntryUnknown, LevelUnknown.
    """
    _check_needs(changes, scope)
    entry = _newest(kind, entry_id, scope, expected)
    decision = rules.edit(kind, entry, changes, scope.cause(SOURCE))
    return scope.store.catalogues.of(kind).save(entry, decision)


def delete(kind: Kind, entry_id: str, scope: Scope[Store], *, expected: int | None) -> None:
    """The entry cannot be given any more; histories still show its name.

    Raises:
        NotFound, Stale.
        InUse: Employees have it or will, or activities ask for it.
    """
    entry = _newest(kind, entry_id, scope, expected)
    catalogues = scope.store.catalogues
    employees = catalogues.count_assigned(entry_id, day_in(_LATEST_ZONE, scope.now))
    activities = catalogues.count_needing(entry_id) if kind == "skill" else 0
    if employees or activities:
        raise InUse(employees, activities)
    catalogues.of(kind).save(entry, rules.delete(kind, entry, scope.cause(SOURCE)))


def check_level(skill: Entry, level: int, field: str = "level") -> None:
    """Raises `LevelUnknown` where the skill has no such level."""
    highest = skill.highest_level if isinstance(skill, Skill) else 1
    if level > highest:
        raise LevelUnknown(highest, field)


def _newest(kind: Kind, entry_id: str, scope: Scope[Store], expected: int | None) -> Entry:
    entry = scope.store.catalogues.of(kind).get(entry_id)
    if expected is not None and expected != entry.version:
        raise Stale
    return entry


def _check_needs(wished: Mapping[str, Any], scope: Scope[Store]) -> None:
    needed = wished.get("required_skills", ())
    known = scope.store.catalogues.of("skill").some(need.skill_id for need in needed)
    for nth, need in enumerate(needed):
        if need.skill_id not in known:
            raise EntryUnknown(f"required_skills.{nth}.skill_id")
        check_level(known[need.skill_id], need.level, f"required_skills.{nth}.level")
