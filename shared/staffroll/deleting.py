"""Records on their way out: deletions that are wished of accounts, and receipts. Pure."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import TypeVar

from staffroll import followed as life
from staffroll.events import Cause, UserErased
from staffroll.records import Decision, Place, Record, next_revision, note
from staffroll.wishes import requests

OwnT = TypeVar("OwnT")


def delete(
    record: Record[OwnT], place: Place[OwnT], cause: Cause, pause: timedelta
) -> Decision[OwnT]:
    """The record with the wish that accounts deletes its user; once is enough. Source: R63.

    Raises:
        NotConfirmed: There is no user yet.
    """
    wishing = life.wish_deletion(record.followed, cause.now, pause, actor=cause.actor)
    if wishing == record.followed:
        return Decision(record)
    return Decision(
        next_revision(record, wishing, record.own),
        wishes=requests(wishing, [wishing.deletion], cause),
        audit=(note(place, "deletion-requested", record.id, cause),),
    )


def dismiss_deletion(record: Record[OwnT]) -> Decision[OwnT]:
    """The record without the deletion that accounts refused.

    Raises:
        NotRejected: None was refused.
    """
    return Decision(next_revision(record, life.dismiss_deletion(record.followed), record.own))


def erased(record: Record[OwnT], place: Place[OwnT], cause: Cause) -> Decision[OwnT]:
    """The tombstone when nothing personal is left in the place, and the receipt for it.

    Source: R62.
    """
    done = replace(next_revision(record, record.followed, record.own), erasing_since=None)
    receipt = UserErased(service=place.name)
    event = cause.event("user.erased", record.id, record.followed.seen, receipt)
    return Decision(done, (event,))
