"""The one tree of errors. Imports nothing, so that every room may raise them.

::

    StaffrollError
    ├── Invalid             what was sent has the wrong form             422
    │   └── Malformed       it could not even be read                    400
    ├── Unauthenticated     nobody, or nobody we trust, is asking        401
    ├── Forbidden           somebody is asking who may not               403
    ├── NotFound            it is not there, or another tenant's         404
    ├── Conflict            it contradicts what is there                 409
    ├── Stale               it was changed since it was read             412
    ├── ConfirmationNeeded  it must be confirmed first                   428
    ├── Refused             a rule or a plugin objects                   422
    ├── TooMany             too often, try later                         429
    └── Unavailable         we cannot do it right now                    503

A leaf has a stable ``code`` and carries data, not sentences: ``wording`` is a
template that is filled, and translated, once, at the edge. `staffroll.web` alone
knows the HTTP status of a family; `staffroll.bus` alone knows what a family means
for a message.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import ClassVar


@dataclass(frozen=True, slots=True)
class FieldError:
    """What is wrong with one field: a stable code, and a template with its data."""

    code: str
    wording: str
    data: Mapping[str, object] | None = None

    def text(self) -> str:
        return self.wording.format(**(self.data or {}))


class StaffrollError(Exception):
    """Root of all errors that Staffroll raises on purpose.

    Attributes:
        code: Stable, snake_case; part of the API.
        wording: English template of one sentence, filled with ``data``.
        data: What the template and a program need to know; never secret or personal.
        errors: What is wrong by field path (``"email"``, ``"roles.0"``).
    """

    code: ClassVar[str] = "error"
    wording: ClassVar[str] = "Something went wrong."

    def __init__(
        self, *, errors: Mapping[str, list[FieldError]] | None = None, **data: object
    ) -> None:
        super().__init__(self.code)
        self.errors: Mapping[str, list[FieldError]] = errors or {}
        self.data = data

    @property
    def detail(self) -> str:
        """The sentence for a person, in English."""
        return self.wording.format(**self.data)

    def __str__(self) -> str:
        return f"{self.code}: {self.detail}"


class Invalid(StaffrollError):
    code = "invalid"
    wording = "Some fields are not as they should be."


class Malformed(Invalid):
    code = "malformed"
    wording = "The body of the request could not be read: {reason}."


class Unauthenticated(StaffrollError):
    code = "unauthenticated"
    wording = "Sign in first: send a bearer token."


class Forbidden(StaffrollError):
    code = "forbidden"
    wording = "You need the permission {permission} for this."


class NotFound(StaffrollError):
    code = "not_found"
    wording = "There is nothing here under this address."


class Conflict(StaffrollError):
    code = "conflict"
    wording = "This contradicts what is already there."


class Stale(StaffrollError):
    code = "stale"
    wording = "Somebody changed this since you read it. Read it again, then repeat your change."


class ConfirmationNeeded(StaffrollError):
    code = "confirmation_needed"
    wording = "This must be confirmed first."


class Refused(StaffrollError):
    code = "refused"
    wording = "A rule of your organisation objects."


class TooMany(StaffrollError):
    """Asked too often.

    Attributes:
        retry_after_seconds: When to try again.
    """

    code = "too_many_requests"
    wording = "Too many requests. Try again in {retry_after_seconds} s."
    retry_after_seconds: int

    def __init__(self, retry_after_seconds: int) -> None:
        super().__init__(retry_after_seconds=retry_after_seconds)
        self.retry_after_seconds = retry_after_seconds


class Unavailable(StaffrollError):
    """Not possible at the moment; nothing was changed.

    Attributes:
        retry_after_seconds: When to try again.
    """

    code = "unavailable"
    wording = "This is not possible at the moment. Nothing was changed; try again soon."

    def __init__(self, retry_after_seconds: int = 5, **data: object) -> None:
        super().__init__(errors=None, **data)
        self.retry_after_seconds = retry_after_seconds


class DatabaseAway(Unavailable):
    code = "database_away"
    wording = "The database does not answer. Nothing was changed; try again soon."


class OutboxFull(Unavailable):
    code = "outbox_full"
    wording = (
        "Too much news of this is still waiting to be sent. Nothing was changed; try again soon."
    )


def all_errors(root: type[StaffrollError] = StaffrollError) -> Iterator[type[StaffrollError]]:
    """Every error class that is loaded, for the generated table of codes."""
    yield root
    for child in root.__subclasses__():
        yield from all_errors(child)
