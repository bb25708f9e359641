"""A request to accounts, from when it is wished until it is answered. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Final, Literal

from staffroll.events import RequestRejected

_LONGEST_PAUSE: Final = timedelta(minutes=10)


@dataclass(frozen=True, slots=True)
class Wish:
    """A request to accounts, until it is answered.

    Attributes:
        attempt: Grows with each correction; answers to older ones are ignored.
        fields: What is wished, by the names of the user's fields.
        actor: Who wishes it.
        roles: Ids, at creation; None for the default of accounts.
        active: At creation: False where the staff membership begins later.
        base_version: The version of the user that the editor saw; 0 at creation.
        sent_at: When it was sent last.
        resend_at: When it is sent again unless answered; None once refused.
        code: Why it was refused; None while it is on its way.
    """

    id: str
    fields: Mapping[str, str]
    sent_at: datetime
    resend_at: datetime | None
    attempt: int = 1
    base_version: int = 0
    actor: str = "system"
    roles: tuple[str, ...] | None = None
    active: bool = True
    code: str | None = None
    detail: str | None = None
    errors: Mapping[str, list[dict[str, str]]] | None = None

    @property
    def is_refused(self) -> bool:
        return self.code is not None

    @property
    def state(self) -> Literal["pending", "rejected"]:
        return "rejected" if self.is_refused else "pending"


def is_answer(wish: Wish, request_id: str, rejection: RequestRejected) -> bool:
    """Whether this answers the wish as it was wished last, and is the first answer to that."""
    return wish.id == request_id and wish.attempt == rejection.attempt and not wish.is_refused


def refused(wish: Wish, rejection: RequestRejected) -> Wish:
    """The wish with the reason why accounts refused it."""
    return replace(
        wish,
        resend_at=None,
        code=rejection.code,
        detail=rejection.detail,
        errors=dict(rejection.errors),
    )


def postponed(wish: Wish | None, now: datetime) -> Wish | None:
    """The wish after it was sent again, with twice the pause; as it is where it is not due."""
    if wish is None or wish.resend_at is None or wish.resend_at > now:
        return wish
    pause = min(2 * (wish.resend_at - wish.sent_at), _LONGEST_PAUSE)
    return replace(wish, sent_at=now, resend_at=now + pause)
