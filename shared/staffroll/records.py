"""A human as a following place knows them: what follows accounts, and what is the place's own.

Scheduling's employees and people's persons are such records; they differ in their own
part, and in what their place says of it, which is a `Place`. Pure: `staffroll.followed`
decides what becomes of the copy, this what is kept and said with it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, fields, replace
from datetime import datetime, timedelta
from typing import Any, Generic, Protocol, TypeVar

from staffroll import followed as life
from staffroll.audit import AuditEntry, noted
from staffroll.events import (
    Cause,
    Event,
    RequestRejected,
    UserState,
    dump_payload,
)
from staffroll.followed import EDITABLE, Followed, NotConfirmed
from staffroll.wishes import requests

OwnT = TypeVar("OwnT")


@dataclass(frozen=True, slots=True)
class Record(Generic[OwnT]):
    """A human as one place knows them.

    Attributes:
        followed: The copy of the user, and the wishes on their way to accounts.
        own: What the place itself owns.
        revision: Counts every write of the record.
        sequence: The version of the place's own events; 0 before the first.
        erasing_since: When the place heard that the user is deleted, or was asked again,
            until all is gone that it had of them and it has said so (R62).
    """

    followed: Followed
    own: OwnT
    revision: int = 1
    sequence: int = 0
    erasing_since: datetime | None = None

    @property
    def id(self) -> str:
        return self.followed.id

    @property
    def version(self) -> int:
        """What the ETag shows."""
        return self.revision


@dataclass(frozen=True, slots=True)
class Decision(Generic[OwnT]):
    """What a record becomes, what is told of it, what accounts is asked for, and what is
    noted in the audit trail. All of it is one write."""

    record: Record[OwnT]
    events: tuple[Event, ...] = ()
    wishes: tuple[Event, ...] = ()
    audit: tuple[AuditEntry, ...] = ()


@dataclass(frozen=True, slots=True)
class NewHuman:
    """What is wished of a new user; None takes what accounts gives."""

    last_name: str
    email: str
    first_name: str = ""
    language: str | None = None
    time_zone: str | None = None
    roles: tuple[str, ...] | None = None

    def wished_fields(self) -> dict[str, str]:
        found = ((name, getattr(self, name)) for name in EDITABLE)
        return {name: value for name, value in found if value is not None}


class Place(Protocol[OwnT]):
    """What a following place decides of its own part; all pure.

    Attributes:
        name: The service.
        created, updated: The types of its own events.
    """

    @property
    def name(self) -> str: ...

    @property
    def created(self) -> str: ...

    @property
    def updated(self) -> str: ...

    def begin(self, id_: str, own: Mapping[str, Any], zone: str, now: datetime, nth: int) -> OwnT:
        """The own part of a human who is created here.

        Args:
            own: What was asked for, by field; may lack any.
            nth: Selects another generated value where the one before was taken.
        """

    def begins_active(self, own: OwnT, zone: str, now: datetime) -> bool:
        """Whether the user of a new record is active from the start."""

    def heard(
        self, id_: str, record: Record[OwnT] | None, user: UserState, nth: int, now: datetime
    ) -> OwnT:
        """The own part after news of the user.

        Args:
            record: As it was before; None before the first news, if not created here.
        """

    def buried(self, record: Record[OwnT] | None, now: datetime) -> OwnT:
        """What a tombstone keeps of the own part: nothing that is personal."""

    def edited(self, own: OwnT, changes: Mapping[str, Any]) -> OwnT: ...

    def state(self, record: Record[OwnT], now: datetime) -> Any:
        """The payload of the place's events, with nothing in ``changed``."""


def create(
    id_: str,
    new: NewHuman,
    own: OwnT,
    place: Place[OwnT],
    *,
    active: bool,
    cause: Cause,
    pause: timedelta,
) -> Decision[OwnT]:
    """A pending record, and the wish that accounts makes its user. Source: R6, R7."""
    waiting = life.wished(
        id_,
        new.wished_fields(),
        cause.now,
        pause,
        actor=cause.actor,
        roles=new.roles,
        active=active,
    )
    return Decision(
        Record(waiting, own),
        wishes=requests(waiting, [waiting.creation], cause),
        audit=(note(place, "requested", id_, cause),),
    )


def hear_user(
    record: Record[OwnT] | None,
    event: Event,
    user: UserState,
    place: Place[OwnT],
    cause: Cause,
    nth: int = 0,
) -> Decision[OwnT] | None:
    """The record after a ``user.*`` event; None where that is old news.

    A human who is new here, or confirmed, is told of; a changed copy is not, since
    accounts has told it to everyone already. A deleted one leaves a tombstone; what stands
    elsewhere is erased after that (`staffroll.deleting`), and looked for again when the deletion is told
    again, as it is to who owes a receipt.

    Args:
        user: The event's payload.
        nth: See `Place.begin`.
    """
    id_ = event.subject
    before = record.followed if record else None
    after = life.follow(before, id_, event.sequence, user)
    if record is not None and record.followed.is_deleted:
        return _hear_again(record, after or record.followed, event, user, cause)
    if after is None:
        return None
    if after.is_deleted:
        buried = replace(
            next_revision(record, after, place.buried(record, cause.now)), erasing_since=cause.now
        )
        told = _say(buried, place, place.updated, cause, ["status"])
        return replace(told, audit=(note(place, "deleted", id_, cause),))
    own = place.heard(id_, record, user, nth, cause.now)
    heard = next_revision(record, after, own)
    if record is None or record.followed.state != "confirmed":
        return _say(heard, place, place.created, cause, done="created")
    names = _differences(record, heard, place, cause)
    return _say(heard, place, place.updated, cause, names) if names else Decision(heard)


def _hear_again(
    tombstone: Record[OwnT], after: Followed, event: Event, user: UserState, cause: Cause
) -> Decision[OwnT] | None:
    """A tombstone whose user is told of once more; None where that changes nothing."""
    asks_for_receipt = event.replay and user.status == "deleted"
    begins = asks_for_receipt and tombstone.erasing_since is None
    if after == tombstone.followed and not begins:
        return None
    again = next_revision(tombstone, after, tombstone.own)
    return Decision(replace(again, erasing_since=cause.now) if begins else again)


def hear_refusal(
    record: Record[OwnT] | None, request_id: str | None, rejection: RequestRejected
) -> Decision[OwnT] | None:
    """The record after a wish of it was refused; None where it is not, or old news."""
    if record is None or request_id is None:
        return None
    refused = life.refuse(record.followed, request_id, rejection)
    return None if refused is None else Decision(next_revision(record, refused, record.own))


def edit(
    record: Record[OwnT],
    user_changes: Mapping[str, str],
    own_changes: Mapping[str, Any],
    place: Place[OwnT],
    cause: Cause,
    pause: timedelta,
    zone: str,
) -> Decision[OwnT]:
    """The record with its own part changed, and the wish to change what accounts owns.

    A refused record is corrected and wished again, whatever changes.

    Args:
        zone: The person's time zone.
    Raises:
        NotConfirmed: Accounts has not answered yet (R6).
        ChangeUnderWay: An earlier change is not answered yet.
    """
    own = place.edited(record.own, own_changes)
    now = cause.now
    if record.followed.state == "rejected":
        active = place.begins_active(own, zone, now)
        corrected = life.correct(
            record.followed, user_changes, now, pause, actor=cause.actor, active=active
        )
        wishes = requests(corrected, [corrected.creation], cause)
        again = note(place, "requested", record.id, cause, sorted({*user_changes, *own_changes}))
        return Decision(next_revision(record, corrected, own), wishes=wishes, audit=(again,))
    if record.followed.state != "confirmed":
        raise NotConfirmed
    following, wishes = _wish_change(record.followed, user_changes, cause, pause)
    changed = sorted(
        item.name
        for item in fields(own)  # type: ignore[arg-type]
        if getattr(own, item.name) != getattr(record.own, item.name)
    )
    if following == record.followed and not changed:
        return Decision(record)
    edited = next_revision(record, following, own)
    wished = (
        (note(place, "change-requested", record.id, cause, _wished(following)),) if wishes else ()
    )
    if not changed:
        return Decision(edited, wishes=wishes, audit=wished)
    told = _say(edited, place, place.updated, cause, changed)
    return replace(told, wishes=wishes, audit=(*told.audit, *wished))


def own_changed(
    record: Record[OwnT],
    own: OwnT,
    place: Place[OwnT],
    cause: Cause,
    *,
    says: Sequence[str] = (),
    changed: Sequence[str] | None = None,
    action: str | None = None,
) -> Decision[OwnT]:
    """The record with another own part, told where what is told of it differs.

    Args:
        says: Types of events, each its own version, all with the state as it is now; the
            place's own update where left out.
        changed: Names of fields to tell of; those of the told state that differ where None.
        action: For the audit trail; the first event's type where left out.
    """
    after = next_revision(record, record.followed, own)
    names = _differences(record, after, place, cause) if changed is None else sorted(changed)
    events: list[Event] = []
    for event_type in says or ((place.updated,) if names else ()):
        after = replace(after, sequence=after.sequence + 1)
        state = replace(place.state(after, cause.now), changed=list(names))
        events.append(cause.event(event_type, after.id, after.sequence, state))
    done = action or (events[0].type if events else None)
    audit = (noted(cause, done, after.id, tuple(names)),) if done else ()
    return Decision(after, tuple(events), audit=audit)


def send_again(record: Record[OwnT], cause: Cause) -> Decision[OwnT] | None:
    """The record with its unanswered wishes said once more; None where none is due."""
    due = life.due_wishes(record.followed, cause.now)
    if not due:
        return None
    waiting = life.sent_again(record.followed, cause.now)
    wishes = requests(record.followed, due, cause)
    return Decision(next_revision(record, waiting, record.own), wishes=wishes)


def discarded(record: Record[OwnT], place: Place[OwnT], cause: Cause) -> AuditEntry:
    """What is noted when a refused record is forgotten (R6)."""
    return note(place, "discarded", record.id, cause)


def told_again(record: Record[OwnT], place: Place[OwnT], cause: Cause) -> Event:
    """The record's public state, marked as told again."""
    event = cause.event(place.updated, record.id, record.sequence, place.state(record, cause.now))
    return replace(event, replay=True)


def restored(
    record: Record[OwnT],
    own: OwnT,
    place: Place[OwnT],
    cause: Cause,
    *,
    sequence: int,
    revision: int,
) -> Decision[OwnT]:
    """The record after the place was put back to an earlier time, told as news.

    Args:
        own: Its own part by now.
        sequence: Above all that was told of it; 0 where it never was.
        revision: Above all that was shown of it.
    """
    after = replace(
        record,
        followed=life.restored(record.followed, cause.now),
        own=own,
        sequence=sequence,
        revision=revision,
    )
    audit = (note(place, "restored", record.id, cause),)
    if not sequence:
        return Decision(after, audit=audit)
    event = cause.event(place.updated, record.id, sequence, place.state(after, cause.now))
    return Decision(after, (event,), audit=audit)


def next_revision(record: Record[OwnT] | None, after: Followed, own: OwnT) -> Record[OwnT]:
    """The record as it is after one more write."""
    if record is None:
        return Record(after, own)
    return replace(record, followed=after, own=own, revision=record.revision + 1)


def _say(
    record: Record[OwnT],
    place: Place[OwnT],
    event_type: str,
    cause: Cause,
    changed: Iterable[str] = (),
    done: str = "updated",
) -> Decision[OwnT]:
    told = replace(record, sequence=record.sequence + 1)
    state = replace(place.state(told, cause.now), changed=list(changed))
    event = cause.event(event_type, told.id, told.sequence, state)
    return Decision(told, (event,), audit=(note(place, done, told.id, cause, state.changed),))


def note(
    place: Place[OwnT], what: str, id_: str, cause: Cause, changed: Iterable[str] = ()
) -> AuditEntry:
    """``employee.requested``, ``person.deleted``, ...: named after the place's own events."""
    return noted(cause, f"{place.created.partition('.')[0]}.{what}", id_, tuple(changed))


def _wished(record: Followed) -> list[str]:
    return sorted(record.change.fields) if record.change else []


def _differences(
    before: Record[OwnT], after: Record[OwnT], place: Place[OwnT], cause: Cause
) -> list[str]:
    old, new = (dump_payload(place.state(one, cause.now)) for one in (before, after))
    return sorted(name for name in new if new[name] != old[name])


def _wish_change(
    record: Followed, changes: Mapping[str, str], cause: Cause, pause: timedelta
) -> tuple[Followed, tuple[Event, ...]]:
    wanted = {name: value for name, value in changes.items() if getattr(record.user, name) != value}
    if wanted:
        wishing = life.wish_change(record, wanted, cause.now, pause, actor=cause.actor)
        return wishing, requests(wishing, [wishing.change], cause)
    if changes and record.change is not None and record.change.is_refused:
        # Who asks for what is there already has let go of what was refused.
        return replace(record, change=None), ()
    return record, ()
