"""One change for many employees: asked for, then done step by step by a job (R82)."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Final

from staffroll.errors import Forbidden, NotFound, StaffrollError, Unavailable
from staffroll.idempotency import Once, OnceUsed, created_before
from staffroll.ids import derived_id, new_id
from staffroll.jobs import Job, NewJob, Progress, Result
from staffroll.mongo.lists import Facet
from staffroll.records import Decision
from staffroll.scope import Scope
from staffroll.search import Term
from staffroll_scheduling.actions import memberships
from staffroll_scheduling.actions.assignments import assigning, check_target
from staffroll_scheduling.actions.changing import change as change_employee
from staffroll_scheduling.actions.dropping import count_from
from staffroll_scheduling.domain import mass_updates as rules
from staffroll_scheduling.domain.assignments import Assignment
from staffroll_scheduling.domain.employees import Employee, Employment
from staffroll_scheduling.domain.errors import MembershipEnded
from staffroll_scheduling.domain.mass_updates import Change, Giving, Leaving
from staffroll_scheduling.domain.membership import start_of
from staffroll_scheduling.store import Store

_AT_ONCE: Final = 25
"""Employees in one step: well under a second of writes."""

_COUNTED_AT_ONCE: Final = 500


@dataclass(frozen=True, slots=True)
class Chosen:
    """Whom it is about: these employees, or all who fit now.

    Attributes:
        ids: None where the filter chooses.
    """

    ids: Sequence[str] | None = None
    terms: tuple[Term, ...] = ()
    facets: Sequence[Facet] = ()


def start(chosen: Chosen, change: Change, scope: Scope[Store], once: Once | None = None) -> Job:
    """A new job that makes the change for each; repeated with the same `once`, the one it made.

    Raises:
        Forbidden: A leave date needs the permission for memberships, too.
        EntryUnknown, LevelUnknown, PlanningUnitOutOfReach: See `actions.assignments`.
        NobodyFound, TooManyEmployees.
        TooManyMassUpdates: Of this tenant wait or run already.
        Unavailable: What the key created is being forgotten at this very moment.
    """
    if earlier := created_before(once, scope.store.jobs, scope.now):
        return earlier
    permission = rules.permission_for(change)
    if not scope.actor.may(permission):
        raise Forbidden(permission=permission)
    if isinstance(change, Giving):
        check_target(change.assignment(), scope)
    if scope.store.jobs.count_open(rules.KIND) >= rules.OPEN_MAX:
        raise rules.TooManyMassUpdates(most=rules.OPEN_MAX)
    ids = _ids(chosen, scope)
    pieces = list(_pieces(ids))
    request = {"change": rules.to_json(change), "pieces": len(pieces)}
    new = NewJob(new_id(), rules.KIND, request, len(ids))
    scope.store.targets.write(new.id, pieces, scope.now)
    try:
        return scope.store.jobs.insert(new, scope, once)
    except OnceUsed as error:
        scope.store.targets.forget(new.id)
        if earlier := created_before(once, scope.store.jobs, scope.now):
            return earlier
        raise Unavailable from error


def count_shifts(chosen: Chosen, day: date, scope: Scope[Store]) -> int:
    """How many shifts of those employees start on or after `day`, each in their zone (R51).

    Raises:
        NobodyFound, TooManyEmployees.
    """
    found = 0
    for piece in _pieces(_ids(chosen, scope), _COUNTED_AT_ONCE):
        since = defaultdict(list)
        for record in scope.store.records.some(piece).values():
            since[start_of(day, record.followed.user.time_zone)].append(record.id)
        found += sum(scope.store.weeks.count_starting(ids, at) for at, ids in since.items())
    return found


def get(job_id: str, scope: Scope[Store]) -> Job:
    """A mass update; who does not reach all sees only their own (R73).

    Raises:
        NotFound.
    """
    job = scope.store.jobs.get(job_id, rules.KIND)
    if scope.actor.planning_units is not None and job.created_by != scope.actor.id:
        raise NotFound
    return job


def cancel(job_id: str, scope: Scope[Store]) -> Job:
    """It ends before its next step; what is done stays done. Raises `NotFound`."""
    return scope.store.jobs.cancel(get(job_id, scope).id, rules.KIND, scope.now)


def step(job: Job, scope: Scope[Store]) -> Progress:
    """Change some of the employees; repeating it changes nothing and tells the same.

    Args:
        scope: Of whoever started the job, with what they may and reach now.
    Raises:
        EntryUnknown, LevelUnknown, PlanningUnitOutOfReach: What is given is not there any more,
            or not for them.
        OutboxFull: Too much waits for the broker.
    """
    change = rules.from_json(job.request["change"])
    if isinstance(change, Giving):
        check_target(change.assignment(), scope)
    piece = job.position.get("piece", 0)
    results = [
        _result(employee_id, change, job, scope)
        for employee_id in scope.store.targets.read(job.id, piece)
    ]
    return Progress(
        {"piece": piece + 1},
        done=len(results),
        failed=sum(result.outcome == rules.REFUSED for result in results),
        results=results,
        is_over=piece + 1 >= job.request["pieces"],
    )


def _ids(chosen: Chosen, scope: Scope[Store]) -> list[str]:
    limit = rules.EMPLOYEES_MAX
    if chosen.ids is not None:
        return list(dict.fromkeys(chosen.ids))
    found = scope.store.records.ids(
        states=["confirmed"], terms=chosen.terms, facets=chosen.facets, limit=limit + 1
    )
    if not found:
        raise rules.NobodyFound
    if len(found) > limit:
        raise rules.TooManyEmployees(limit)
    return found


def _pieces(ids: Sequence[str], length: int = _AT_ONCE) -> Iterator[Sequence[str]]:
    for start in range(0, len(ids), length):
        yield ids[start : start + length]


def _result(employee_id: str, change: Change, job: Job, scope: Scope[Store]) -> Result:
    try:
        if isinstance(change, Leaving):
            _let_leave(employee_id, change, scope)
        else:
            _give(employee_id, change.assignment(derived_id(job.id, employee_id)), scope)
    except Unavailable:
        raise
    except StaffrollError as error:
        refusal = {"employee_id": employee_id, "code": error.code, "detail": error.detail}
        return Result(rules.REFUSED, refusal)
    return Result(rules.DONE, {"employee_id": employee_id})


def _give(employee_id: str, new: Assignment, scope: Scope[Store]) -> None:
    def decide(record: Employee) -> Decision[Employment] | None:
        if any(one.id == new.id for one in record.own.assignments):
            return None  # done before this step was cut off
        return assigning(record, new, scope)

    change_employee(employee_id, scope, decide)


def _let_leave(employee_id: str, leaving: Leaving, scope: Scope[Store]) -> None:
    try:
        memberships.change_newest(employee_id, leaving.dates, scope)
    except MembershipEnded:
        # A leave date that has come ended it at once, before this step was cut off.
        record = scope.store.records.get(employee_id)
        if record.own.leave_date != leaving.leave_date or _keeps_shifts(record, leaving, scope):
            raise


def _keeps_shifts(record: Employee, leaving: Leaving, scope: Scope[Store]) -> bool:
    """Whether shifts that are to go are still there, and nothing will remove them."""
    if leaving.future_shifts == "keep" or record.own.drop_shifts_from is not None:
        return False
    return count_from(record, leaving.leave_date, scope=scope) > 0
