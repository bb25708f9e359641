"""The use cases of records that follow accounts; `sync` has those that events begin."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any, Final, Generic, TypeVar

from staffroll import deleting, humans
from staffroll import followed as life
from staffroll import records as rules
from staffroll.errors import Conflict, Forbidden, Invalid, Stale, Unavailable
from staffroll.fair_queue import stepping_aside
from staffroll.giving import check_gives_no_more
from staffroll.idempotency import Once, OnceUsed, created_before
from staffroll.ids import new_id
from staffroll.mongo import AWAY
from staffroll.mongo.lists import Facet
from staffroll.mongo.records import LISTED_STATES, FollowingStore, RecordPage
from staffroll.records import Decision, NewHuman, Place, Record
from staffroll.scope import Scope
from staffroll.search import Term
from staffroll.wish import Wish

OwnT = TypeVar("OwnT")
T = TypeVar("T")

TRIES: Final = 10
"""How often a write that somebody else forestalled is decided anew."""

_EDIT_USERS: Final = "accounts.users:edit"

_WAITING_AT_ONCE: Final = 6
"""In one process: each holds a thread, though others are worked on meanwhile."""

_FIRST_LOOK_SECONDS: Final = 0.01
_LONGEST_LOOK_SECONDS: Final = 0.05


@dataclass(frozen=True, slots=True)
class Answer(Generic[OwnT]):
    """A record, and the wish whose answer somebody waits for, if any."""

    record: Record[OwnT]
    wish_id: str | None = None

    @property
    def refusal(self) -> Wish | None:
        wish = self.record.followed.wish(self.wish_id)
        return wish if wish is not None and wish.is_refused else None

    @property
    def is_under_way(self) -> bool:
        wish = self.record.followed.wish(self.wish_id)
        return wish is not None and not wish.is_refused


class Actions(Generic[OwnT]):
    """What can be done with the records of one place.

    Args:
        pause: After which an unanswered wish is sent again.
    """

    def __init__(self, place: Place[OwnT], pause: timedelta) -> None:
        self._place = place
        self._pause = pause
        self._waiting = threading.BoundedSemaphore(_WAITING_AT_ONCE)

    def create(
        self,
        new: NewHuman,
        own: Mapping[str, Any],
        scope: Scope[FollowingStore[OwnT]],
        once: Once | None = None,
    ) -> Answer[OwnT]:
        """A pending record; repeated with the same `once`, the one that it created.

        Raises:
            Invalid: The tenant does not offer the language.
            RoleUnknown, RoleNotYours: See `staffroll.giving`.
            Conflict: Something of `own` is taken.
            Unavailable: What the key created is being forgotten at this very moment.
        """
        if earlier := _created_before(once, scope):
            return earlier
        zone = self._check(new.language, new.time_zone, scope)
        if new.roles:
            known = scope.store.directory.grants(new.roles)
            check_gives_no_more(scope.actor, new.roles, known)
        id_ = new_id()
        begun = self._place.begin(id_, own, zone, scope.now, 0)
        for nth in range(1, TRIES + 1):
            active = self._place.begins_active(begun, zone, scope.now)
            cause = scope.cause(self._place.name)
            decision = rules.create(
                id_, new, begun, self._place, active=active, cause=cause, pause=self._pause
            )
            try:
                return _answer(scope.store.records.insert(decision, scope.now, once), decision)
            except (OnceUsed, Conflict) as error:
                # The same request at the same moment asks for the same of everything; which
                # of the indexes refuses first is the database's choice.
                if earlier := _created_before(once, scope):
                    return earlier
                if isinstance(error, OnceUsed):
                    raise Unavailable from error
                another = self._place.begin(id_, own, zone, scope.now, nth)
                if another == begun:  # what is taken was asked for, not generated
                    raise
                begun = another
        raise Unavailable

    def get(self, id_: str, scope: Scope[FollowingStore[OwnT]]) -> Record[OwnT]:
        """Raises `NotFound`."""
        return scope.store.records.get(id_)

    def find_page(
        self,
        scope: Scope[FollowingStore[OwnT]],
        *,
        state: str | None,
        terms: tuple[Term, ...],
        facets: Sequence[Facet] = (),
        after: tuple[str, str] | None,
        limit: int,
    ) -> RecordPage[OwnT]:
        """A page of all records, or of those in one state (R11, R13)."""
        states: Sequence[str] = LISTED_STATES if state is None else (state,)
        return scope.store.records.page(
            states=states, terms=terms, facets=facets, after=after, limit=limit
        )

    def edit(
        self,
        id_: str,
        user_changes: Mapping[str, str],
        own_changes: Mapping[str, Any],
        scope: Scope[FollowingStore[OwnT]],
        *,
        expected: int | None,
    ) -> Answer[OwnT]:
        """The record with its own part changed, and the rest wished of accounts.

        Args:
            expected: The version that the editor saw; None for any.
        Raises:
            NotFound, Stale, Invalid, NotConfirmed, ChangeUnderWay, Conflict.
            Forbidden: The user would get another address, and the editor may not edit users (R15).
        """

        def attempt(before: Record[OwnT]) -> Answer[OwnT]:
            _check_may_move_mailbox(before, user_changes, scope)
            zone = user_changes.get("time_zone") or before.followed.user.time_zone
            zone = self._check(user_changes.get("language"), zone, scope)
            cause = scope.cause(self._place.name)
            decision = rules.edit(
                before, user_changes, own_changes, self._place, cause, self._pause, zone
            )
            return _answer(scope.store.records.save(before, decision, scope.now), decision)

        return on_newest(id_, expected, scope, attempt)

    def discard(
        self, id_: str, scope: Scope[FollowingStore[OwnT]], *, expected: int | None
    ) -> None:
        """Forget a refused record (R6).

        Raises:
            NotFound, Stale, NotRejected.
        """

        def attempt(before: Record[OwnT]) -> None:
            life.check_discardable(before.followed)
            entry = rules.discarded(before, self._place, scope.cause(self._place.name))
            scope.store.records.remove(before, entry)

        on_newest(id_, expected, scope, attempt)

    def delete(
        self, id_: str, scope: Scope[FollowingStore[OwnT]], *, expected: int | None
    ) -> Answer[OwnT]:
        """The record, with the wish that accounts deletes its user everywhere (R63).

        Raises:
            NotFound, Stale, NotConfirmed.
        """

        def attempt(before: Record[OwnT]) -> Answer[OwnT]:
            cause = scope.cause(self._place.name)
            decision = deleting.delete(before, self._place, cause, self._pause)
            record = scope.store.records.save(before, decision, scope.now)
            return Answer(record, record.followed.deletion.id if record.followed.deletion else None)

        return on_newest(id_, expected, scope, attempt)

    def dismiss_deletion(
        self, id_: str, scope: Scope[FollowingStore[OwnT]], *, expected: int | None
    ) -> None:
        """Forget a deletion that accounts refused.

        Raises:
            NotFound, Stale, NotRejected.
        """

        def attempt(before: Record[OwnT]) -> None:
            decision = deleting.dismiss_deletion(before)
            scope.store.records.save(before, decision, scope.now)

        on_newest(id_, expected, scope, attempt)

    def wait(
        self, answer: Answer[OwnT], scope: Scope[FollowingStore[OwnT]], seconds: float
    ) -> Answer[OwnT]:
        """The answer as it is when accounts has spoken, or after `seconds`.

        At once where most of a worker's threads wait already: the others must go on even
        while accounts is down.

        Raises:
            NotFound: The record was deleted meanwhile.
        """
        if not answer.is_under_way or not self._waiting.acquire(blocking=False):
            return answer
        try:
            with stepping_aside():
                return self._look_until_answered(answer, scope, time.monotonic() + seconds)
        finally:
            self._waiting.release()

    def _look_until_answered(
        self, answer: Answer[OwnT], scope: Scope[FollowingStore[OwnT]], deadline: float
    ) -> Answer[OwnT]:
        pause = _FIRST_LOOK_SECONDS
        while answer.is_under_way and time.monotonic() < deadline:
            time.sleep(min(pause, max(0.0, deadline - time.monotonic())))
            pause = min(1.5 * pause, _LONGEST_LOOK_SECONDS)
            try:
                answer = replace(answer, record=scope.store.records.get(answer.record.id))
            except AWAY:
                # The wish is kept already; to say that nothing was changed would be wrong.
                return answer
        return answer

    def _check(
        self, language: str | None, zone: str | None, scope: Scope[FollowingStore[OwnT]]
    ) -> str:
        """The time zone to reckon in, once the language is known to be offered (R5)."""
        house = scope.store.directory.house()
        problem = humans.language_problem(language, house.languages) if language else None
        if problem is not None:
            raise Invalid(errors={"language": [problem]})
        return zone or house.time_zone


def _check_may_move_mailbox(
    record: Record[OwnT], changes: Mapping[str, str], scope: Scope[FollowingStore[OwnT]]
) -> None:
    """Whoever has the mailbox can set the password; while there is no user, nobody has either."""
    known = record.followed
    is_moved = changes.get("email", known.user.email) != known.user.email
    if known.state == "confirmed" and is_moved and not scope.actor.may(_EDIT_USERS):
        raise Forbidden(permission=_EDIT_USERS)


def _answer(record: Record[OwnT], decision: Decision[OwnT]) -> Answer[OwnT]:
    return Answer(record, decision.wishes[0].request_id if decision.wishes else None)


def _created_before(once: Once | None, scope: Scope[FollowingStore[OwnT]]) -> Answer[OwnT] | None:
    record = created_before(once, scope.store.records, scope.now)
    if record is None:
        return None
    creation = record.followed.creation
    return Answer(record, creation.id if creation else None)


def on_newest(
    id_: str,
    expected: int | None,
    scope: Scope[FollowingStore[OwnT]],
    attempt: Callable[[Record[OwnT]], T],
) -> T:
    """Do it to the newest version; where any version will do, again when forestalled."""
    for _ in range(TRIES):
        before = scope.store.records.get(id_)
        if expected is not None and expected != before.version:
            raise Stale
        try:
            return attempt(before)
        except Stale:
            continue
    raise Stale
