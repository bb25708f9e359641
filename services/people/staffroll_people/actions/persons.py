"""Creating, reading, listing, editing and discarding persons."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import timedelta
from typing import Any, Final

from staffroll.errors import Forbidden
from staffroll.following import Actions, Answer
from staffroll.idempotency import Once
from staffroll.mongo.records import FollowingStore
from staffroll.records import NewHuman, Record
from staffroll.scope import Scope
from staffroll_people.domain import profiles
from staffroll_people.domain.persons import RULES
from staffroll_people.domain.profiles import Profile

READ_SENSITIVE: Final = "people.sensitive:read"
EDIT_SENSITIVE: Final = "people.sensitive:edit"

_AHEAD_OF_UTC: Final = timedelta(hours=14)
"""Where it is tomorrow first."""

PersonScope = Scope[FollowingStore[Profile]]


class PersonActions(Actions[Profile]):
    """What can be done with persons: what can be done with all records, within R85."""

    def create(
        self,
        new: NewHuman,
        own: Mapping[str, Any],
        scope: PersonScope,
        once: Once | None = None,
    ) -> Answer[Profile]:
        """As all records are created.

        Raises:
            Forbidden: Something sensitive is among `own`, and not for this actor.
            Invalid: Somebody would be born on an impossible day, or an address has no country.
        """
        _check(own, scope)
        return super().create(new, own, scope, once)

    def edit(
        self,
        id_: str,
        user_changes: Mapping[str, str],
        own_changes: Mapping[str, Any],
        scope: PersonScope,
        *,
        expected: int | None,
    ) -> Answer[Profile]:
        """As all records are edited.

        Raises:
            Forbidden, Invalid: As in `create`.
        """
        _check(own_changes, scope)
        return super().edit(id_, user_changes, own_changes, scope, expected=expected)

    def edit_oneself(
        self, changes: Mapping[str, Any], scope: PersonScope, *, expected: int | None
    ) -> Record[Profile]:
        """The actor's own profile, changed; what is sensitive in it is theirs."""
        profiles.check_birth(changes, _latest_today(scope))
        answer = super().edit(scope.actor.id, {}, changes, scope, expected=expected)
        return answer.record


def make_actions(pause: timedelta) -> PersonActions:
    """The use cases of persons.

    Args:
        pause: After which an unanswered wish is sent again.
    """
    return PersonActions(RULES, pause)


def seen(record: Record[Profile], scope: Scope[Any]) -> Record[Any]:
    """The record as the actor may see it: what is sensitive is missing, not empty."""
    if scope.actor.may(READ_SENSITIVE):
        return record
    return replace(record, own=record.own.public)  # type: ignore[arg-type]


def _check(own: Mapping[str, Any], scope: PersonScope) -> None:
    if profiles.are_sensitive(own) and not scope.actor.may(EDIT_SENSITIVE):
        raise Forbidden(permission=EDIT_SENSITIVE)
    profiles.check_birth(own, _latest_today(scope))


def _latest_today(scope: PersonScope) -> Any:
    return (scope.now + _AHEAD_OF_UTC).date()
