"""Wishes of a followed record as requests to accounts."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from staffroll.events import Cause, DeletionWish, Event, UserChangeWish, UserWish
from staffroll.followed import Followed
from staffroll.wish import Wish


def requests(record: Followed, wishes: Iterable[Wish | None], cause: Cause) -> tuple[Event, ...]:
    """The requests to accounts that carry those of the wishes that are there.

    Said again, a wish keeps its id, its attempt and who wished it.
    """
    return tuple(_request(record, wish, cause) for wish in wishes if wish is not None)


def _request(record: Followed, wish: Wish, cause: Cause) -> Event:
    cause = replace(cause, actor=wish.actor, request_id=wish.id)
    if wish is record.deletion:
        # The request's own version is its attempt, as with all wishes.
        deletion = DeletionWish(confirm=record.id)
        return cause.event("user.deletion-requested", record.id, wish.attempt, deletion)
    if wish is not record.creation:
        change = UserChangeWish(
            attempt=wish.attempt, base_version=wish.base_version, fields=dict(wish.fields)
        )
        return cause.event("user.change-requested", record.id, wish.attempt, change)
    creation = UserWish(
        attempt=wish.attempt,
        last_name=wish.fields["last_name"],
        email=wish.fields["email"],
        first_name=wish.fields.get("first_name", ""),
        language=wish.fields.get("language"),
        time_zone=wish.fields.get("time_zone"),
        roles=None if wish.roles is None else list(wish.roles),
        active=wish.active,
    )
    return cause.event("user.requested", record.id, wish.attempt, creation)
