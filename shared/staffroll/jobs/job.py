"""What a job is, and what a step of it tells. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Final, Literal

from staffroll.errors import Forbidden, Refused
from staffroll.scope import SYSTEM_PREFIX, Actor
from staffroll.standing import Standing

State = Literal["queued", "running", "done", "failed", "cancelled"]

STATES: Final = ("queued", "running", "done", "failed", "cancelled")

File = Literal["none", "input", "output"]
"""What a job has to do with its file: nothing; it reads what was uploaded, which is erased when
the job is over; it writes what is downloaded, which is kept when it is done."""

KEPT_FOR: Final = timedelta(days=7)
"""How long a job that has ended is there."""

PIECES_KEPT_FOR: Final = KEPT_FOR + timedelta(days=1)
"""How long its file and results are there from when they were written: never less long."""


class JobLost(Exception):
    """The job is somebody else's by now, or has ended; what was done last does not count."""


class StarterGone(Forbidden):
    code = "starter_gone"
    wording = "Whoever started this may not sign in any more."


class JobBroken(Refused):
    code = "job_broken"
    wording = "Something went wrong on our side, several times at the same place."


@dataclass(frozen=True, slots=True)
class Failure:
    """Why a job failed: a stable code, and a sentence without personal data."""

    code: str
    detail: str


@dataclass(frozen=True, slots=True)
class Result:
    """What became of one item: never a name or an address, since it outlives the file.

    Attributes:
        outcome: One word, such as ``created`` or ``refused``; counted in `Job.counts`.
        facts: What else is told of it, as JSON can carry it.
    """

    outcome: str
    facts: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class NewJob:
    """What is wished of a new job.

    Attributes:
        id: Where what belongs to it (a file) lies already.
        kind: Which runner takes it, such as ``import``.
        request: What was asked for; JSON, not personal.
        total: Number of items where it is known already.
    """

    id: str
    kind: str
    request: Mapping[str, Any] = field(default_factory=dict)
    total: int | None = None
    file: File = "none"


@dataclass(frozen=True, slots=True)
class Job:
    """Work that was asked for, and how far it is.

    Attributes:
        created_by: The actor's id.
        permissions: What they were allowed when they asked; None: everything. See `acting`.
        total: Number of items; None while it is unknown.
        done: Items dealt with, refused ones included.
        failed: Those of them that were refused.
        counts: Items by outcome.
        position: Where the next step begins; whatever the steps need, as JSON can carry it.
        is_cancelling: It ends before its next step.
        file_erased_at: When its file was erased, if it was.
        steps: Number of steps that count.
        results: Number of results so far.
        claim: One more each time that somebody takes it up.
        address: Where whoever asked came from.
    """

    id: str
    tenant_id: str
    kind: str
    state: State
    created_by: str
    created_at: datetime
    permissions: tuple[str, ...] | None = None
    started_at: datetime | None = None
    ended_at: datetime | None = None
    total: int | None = None
    done: int = 0
    failed: int = 0
    counts: Mapping[str, int] = field(default_factory=dict)
    position: Mapping[str, Any] = field(default_factory=dict)
    request: Mapping[str, Any] = field(default_factory=dict)
    failure: Failure | None = None
    is_cancelling: bool = False
    file: File = "none"
    file_erased_at: datetime | None = None
    steps: int = 0
    results: int = 0
    claim: int = 0
    correlation_id: str | None = None
    address: str | None = None

    @property
    def is_over(self) -> bool:
        return self.state not in ("queued", "running")

    @property
    def expires_at(self) -> datetime | None:
        """When it is gone; None until it is over."""
        return None if self.ended_at is None else self.ended_at + KEPT_FOR


@dataclass(frozen=True, slots=True)
class Progress:
    """What one step did; all numbers are of this step alone.

    Attributes:
        position: Where the next step begins.
        done: Items dealt with, refused ones included.
        failed: Those of them that were refused.
        results: One for each item, or fewer; counted by outcome.
        total: Number of items in all, where it is known by now.
        is_over: There is no further step.
        pause_seconds: How long the next step waits, so that others keep up.
    """

    position: Mapping[str, Any]
    done: int = 0
    failed: int = 0
    results: Sequence[Result] = ()
    total: int | None = None
    is_over: bool = False
    pause_seconds: float = 0.0


def acting(job: Job, standing: Standing | None, permission: str) -> Actor:
    """Whoever started the job, with what they may now and were allowed when they asked.

    Args:
        standing: Of `Job.created_by`, now; None where there never was such a user.
        permission: What is done in their name; says where they may (R73).
    Raises:
        StarterGone: They were deactivated or deleted.
        Forbidden: They lack `permission` by now.
    """
    if job.created_by.startswith(SYSTEM_PREFIX):
        return Actor(job.created_by, is_admin=True)
    if standing is None or not standing.is_active:
        raise StarterGone
    units = standing.planning_units(permission)
    if job.permissions is None and standing.is_admin:
        return Actor(job.created_by, is_admin=True, planning_units=units)
    # A narrowed token of an admin allowed no more than what it named.
    then, now = job.permissions, standing.permissions
    allowed = frozenset(now if then is None else then if standing.is_admin else now & set(then))
    actor = Actor(job.created_by, allowed, planning_units=units, limits=standing.limits)
    if not actor.may(permission):
        raise Forbidden(permission=permission)
    return actor
