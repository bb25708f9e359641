"""A user as another place knows them: a copy that follows accounts, and wishes on the way.

Scheduling and people create and edit what accounts owns by *requests* (R2, R6). This is
the life of such a record, pure, the same in both::

    wish ──▶ pending ──user.created──▶ confirmed ──user.deleted──▶ deleted
                │  ▲
     rejected ◀─┘  │ correct, send again
         │─────────┘
         └──▶ discarded (gone)

The existence of a user in accounts is the truth: whatever is heard of one confirms the
record, also after a rejection that a late duplicate caused.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any, Final, Literal

from staffroll.errors import Conflict
from staffroll.events import RequestRejected, UserState
from staffroll.ids import new_id
from staffroll.user_copy import UserCopy
from staffroll.wish import Wish, is_answer, postponed, refused

State = Literal["pending", "confirmed", "rejected", "deleted"]

EDITABLE: Final[tuple[str, ...]] = ("first_name", "last_name", "email", "language", "time_zone")
"""The fields of a user that other places may wish to change."""


_LOST_ATTEMPTS: Final = 1_000
"""More than anybody corrects between a backup and its restoration."""


class NotConfirmed(Conflict):
    code = "not_confirmed"
    wording = "Accounts has not confirmed this yet; nothing else can be done with it until then."


class NotRejected(Conflict):
    code = "not_rejected"
    wording = "Only what was refused can be corrected or discarded."


class ChangeUnderWay(Conflict):
    code = "change_under_way"
    wording = "An earlier change is still on its way to accounts. Wait until it is answered."


@dataclass(frozen=True, slots=True)
class Followed:
    """The record's part that follows accounts.

    Attributes:
        seen: The newest version of the user that was heard of; 0 for none.
        creation: The wish for the user, until it is confirmed.
        change: The wish to change fields that accounts owns, until it is answered.
        deletion: The wish to delete the user, until it is granted or dismissed (R63).
    """

    id: str
    state: State
    user: UserCopy
    seen: int = 0
    creation: Wish | None = None
    change: Wish | None = None
    deletion: Wish | None = None

    @property
    def wishes(self) -> tuple[Wish, ...]:
        """Those on their way or refused."""
        return tuple(wish for wish in (self.creation, self.change, self.deletion) if wish)

    @property
    def due_at(self) -> datetime | None:
        """When a wish of this record is to be sent again."""
        return min((wish.resend_at for wish in self.wishes if wish.resend_at), default=None)

    @property
    def is_deleted(self) -> bool:
        return self.state == "deleted"

    @property
    def rejection(self) -> Wish | None:
        """Why accounts did not make the user; None unless it refused."""
        return self.creation if self.creation and self.creation.is_refused else None

    def wish(self, wish_id: str | None) -> Wish | None:
        """The wish of this id while it is on its way or refused; None once it was granted."""
        return next((wish for wish in self.wishes if wish.id == wish_id), None)


def wished(
    id_: str,
    fields: Mapping[str, str],
    now: datetime,
    pause: timedelta,
    *,
    actor: str = "system",
    roles: tuple[str, ...] | None = None,
    active: bool = True,
) -> Followed:
    """A record that waits for accounts to make its user. Source: R6."""
    wish = Wish(
        id=new_id(),
        fields=dict(fields),
        sent_at=now,
        resend_at=now + pause,
        actor=actor,
        roles=roles,
        active=active,
    )
    copy = UserCopy(**_editable(fields), roles=roles or ())
    return Followed(id=id_, state="pending", user=copy, creation=wish)


def follow(record: Followed | None, id_: str, sequence: int, user: UserState) -> Followed | None:
    """The record after hearing of version `sequence` of its user; None: nothing new.

    A record that was deleted stays so for ever, and a deletion counts whatever its version: one
    who restored accounts from a backup and deletes again, tells it with a smaller one. Of a
    tombstone nothing but the version is ever newer.
    """
    if record is not None and record.is_deleted:
        is_newer = user.status == "deleted" and sequence > record.seen
        return replace(record, seen=sequence) if is_newer else None
    if user.status == "deleted":
        return Followed(
            id=id_,
            state="deleted",
            user=UserCopy(status="deleted", token_generation=user.token_generation),
            seen=sequence,
        )
    if record is not None and record.seen >= sequence:
        return None
    change = record.change if record is not None else None
    if change is not None and change.id in user.applied_requests:
        change = None
    return Followed(
        id=id_,
        state="confirmed",
        user=UserCopy.of(user),
        seen=sequence,
        change=change,
        deletion=record.deletion if record is not None else None,
    )


def refuse(record: Followed, request_id: str, rejection: RequestRejected) -> Followed | None:
    """The record after a wish of it was refused; None where that is old news."""
    if record.creation and is_answer(record.creation, request_id, rejection):
        return replace(record, state="rejected", creation=refused(record.creation, rejection))
    if record.change and is_answer(record.change, request_id, rejection):
        return replace(record, change=refused(record.change, rejection))
    if record.deletion and is_answer(record.deletion, request_id, rejection):
        return replace(record, deletion=refused(record.deletion, rejection))
    return None


def wish_change(
    record: Followed,
    fields: Mapping[str, str],
    now: datetime,
    pause: timedelta,
    *,
    actor: str = "system",
) -> Followed:
    """The record with a wish to change `fields` at accounts; a refused wish is replaced.

    Raises:
        NotConfirmed: The user itself is not confirmed yet (R6).
        ChangeUnderWay: Another change is not answered yet.
    """
    if record.state != "confirmed":
        raise NotConfirmed
    if record.change is not None and not record.change.is_refused:
        raise ChangeUnderWay
    wish = Wish(
        id=new_id(),
        fields=dict(fields),
        sent_at=now,
        resend_at=now + pause,
        base_version=record.seen,
        actor=actor,
    )
    return replace(record, change=wish)


def wish_deletion(
    record: Followed, now: datetime, pause: timedelta, *, actor: str = "system"
) -> Followed:
    """The record with the wish that accounts deletes its user; a refused one is replaced.

    As it is where that is wished already. Source: R63.

    Raises:
        NotConfirmed: There is no user yet.
    """
    if record.state != "confirmed":
        raise NotConfirmed
    if record.deletion is not None and not record.deletion.is_refused:
        return record
    wish = Wish(
        id=new_id(),
        fields={},
        sent_at=now,
        resend_at=now + pause,
        base_version=record.seen,
        actor=actor,
    )
    return replace(record, deletion=wish)


def dismiss_deletion(record: Followed) -> Followed:
    """The record without a wish for its deletion that was refused.

    Raises:
        NotRejected: There is none, or accounts has not answered it.
    """
    if record.deletion is None or not record.deletion.is_refused:
        raise NotRejected
    return replace(record, deletion=None)


def correct(
    record: Followed,
    fields: Mapping[str, str],
    now: datetime,
    pause: timedelta,
    *,
    actor: str = "system",
    active: bool = True,
) -> Followed:
    """A refused record, corrected and wished again.

    Raises:
        NotRejected: It was not refused.
    """
    if record.state != "rejected" or record.creation is None:
        raise NotRejected
    wish = record.creation
    wishes = {**wish.fields, **fields}
    return replace(
        record,
        state="pending",
        user=replace(record.user, **_editable(wishes)),
        creation=Wish(
            id=wish.id,
            attempt=wish.attempt + 1,
            fields=wishes,
            sent_at=now,
            resend_at=now + pause,
            actor=actor,
            roles=wish.roles,
            active=active,
        ),
    )


def restored(record: Followed, now: datetime) -> Followed:
    """The record after its place was put back to an earlier time: what was wished then is
    wished again, since accounts may have answered meanwhile, a newer attempt included."""
    creation = record.creation
    if creation is not None:
        creation = replace(creation, attempt=creation.attempt + _LOST_ATTEMPTS)
    wishes = (creation, record.change, record.deletion)
    creation, change, deletion = (_due(wish, now) for wish in wishes)
    return replace(record, creation=creation, change=change, deletion=deletion)


def _due(wish: Wish | None, now: datetime) -> Wish | None:
    if wish is None or wish.resend_at is None:
        return wish
    return replace(wish, resend_at=min(wish.resend_at, now))


def _editable(fields: Mapping[str, str]) -> dict[str, Any]:
    return {name: fields[name] for name in EDITABLE if name in fields}


def check_discardable(record: Followed) -> None:
    """Raises `NotRejected` unless the record was refused, so that nothing is lost with it."""
    if record.state != "rejected":
        raise NotRejected


def due_wishes(record: Followed, now: datetime) -> list[Wish]:
    """The wishes that have waited too long for an answer and are to be sent again."""
    return [wish for wish in record.wishes if wish.resend_at and wish.resend_at <= now]


def sent_again(record: Followed, now: datetime) -> Followed:
    """The record after its due wishes were sent again, each with twice the pause."""
    return replace(
        record,
        creation=postponed(record.creation, now),
        change=postponed(record.change, now),
        deletion=postponed(record.deletion, now),
    )
