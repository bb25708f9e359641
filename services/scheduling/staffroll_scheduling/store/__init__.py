"""MongoDB: employees as documents, and their indexes."""

from __future__ import annotations

from dataclasses import asdict
from datetime import datetime
from typing import Final

from staffroll import directory
from staffroll.jobs import JOB_INDEXES, Jobs
from staffroll.mongo import Document, Outbox, TenantDatabase
from staffroll.mongo.forms import known
from staffroll.mongo.limiting import LIMIT_INDEXES
from staffroll.mongo.lists import Facet, facet_list_index
from staffroll.mongo.records import FollowingStore, Form
from staffroll_scheduling.domain.employees import CalendarAddress, Employee, Employment
from staffroll_scheduling.domain.errors import PersonnelNumberTaken
from staffroll_scheduling.domain.turning import next_turn
from staffroll_scheduling.store.assignments import (
    ASSIGNED,
    assignment,
    assignment_document,
    availability,
    availability_document,
)
from staffroll_scheduling.store.billing import BILLING_INDEXES, Billing
from staffroll_scheduling.store.catalogues import CATALOGUE_INDEXES, Catalogues
from staffroll_scheduling.store.memberships import (
    day_of,
    day_text,
    membership,
    membership_document,
    stay,
    stay_document,
)
from staffroll_scheduling.store.shift_lists import ShiftLists
from staffroll_scheduling.store.targets import TARGET_INDEXES, Targets
from staffroll_scheduling.store.turns import TURNS, TURNS_AT
from staffroll_scheduling.store.weeks import UNAPPLIED, WEEK_INDEXES, WeekStore, unapplied_documents

UNITS: Final = "units"
"""The planning units that are valid now; for lists, and for what somebody reaches."""

STATUS: Final = "status"
"""`employed` or `not_employed`; for lists."""


def _to_document(own: Employment) -> Document:
    document: Document = {
        "memberships": [membership_document(one) for one in own.memberships],
        "is_assumed": own.is_assumed,
    }
    if own.personnel_number:
        document["personnel_number"] = own.personnel_number
    if own.answered_wish:
        document["answered_wish"] = own.answered_wish
    if own.drop_shifts_from is not None:
        document["drop_shifts_from"] = day_text(own.drop_shifts_from)
    if own.tell_again_at is not None:
        document["tell_again_at"] = own.tell_again_at
        document["told_again"] = own.told_again
    if own.assignments:
        document["assignments"] = [assignment_document(one) for one in own.assignments]
        document["planning_units"] = list(own.planning_units)
    if own.availabilities:
        document["availabilities"] = [availability_document(one) for one in own.availabilities]
    if own.counted_at is not None:
        document["future_shifts"] = own.future_shifts
        document["counted_at"] = own.counted_at
    if own.calendar is not None:
        document["calendar"] = asdict(own.calendar)
    if own.spent:
        document["spent"] = [dict(one) for one in own.spent]
    if own.counted:
        document["counted"] = [stay_document(one) for one in own.counted]
    return document


def _from_document(document: Document) -> Employment:
    return Employment(
        personnel_number=document.get("personnel_number", ""),
        memberships=tuple(membership(one) for one in document["memberships"]),
        answered_wish=document.get("answered_wish", 0),
        is_assumed=document["is_assumed"],
        drop_shifts_from=day_of(document.get("drop_shifts_from")),
        tell_again_at=document.get("tell_again_at"),
        told_again=document.get("told_again", 0),
        assignments=tuple(assignment(one) for one in document.get("assignments", ())),
        planning_units=tuple(document.get("planning_units", ())),
        availabilities=tuple(availability(one) for one in document.get("availabilities", ())),
        future_shifts=document.get("future_shifts", 0),
        counted_at=document.get("counted_at"),
        calendar=CalendarAddress(**known(CalendarAddress, document["calendar"]))
        if "calendar" in document
        else None,
        spent=tuple(document.get("spent", ())),
        counted=tuple(stay(one) for one in document.get("counted", ())),
    )


def _derived(record: Employee, now: datetime) -> Document:
    """What stands at the top of the document, so that chores and lists find it."""
    turns_at = next_turn(record, now)
    found: Document = {} if turns_at is None else {TURNS_AT: turns_at}
    if not record.followed.is_deleted:
        found[UNITS] = list(record.own.planning_units)
        found[STATUS] = "employed" if record.own.is_employed else "not_employed"
    if record.own.unapplied:
        # Else they stay: only who has applied them takes them away.
        found[UNAPPLIED] = unapplied_documents(record.own.unapplied)
    return found


FORM: Final = Form(
    collection="employees",
    to_document=_to_document,
    from_document=_from_document,
    conflicts={"personnel_number": PersonnelNumberTaken},
    derived=_derived,
    sometimes=(TURNS_AT, UNITS, STATUS),
    stays=(UNAPPLIED,),
)


class Store(FollowingStore[Employment]):
    """What one tenant has in scheduling, as far as somebody reaches it (R73).

    Args:
        planning_units: Only the employees in one of them, by id; None: all.
    """

    def __init__(
        self,
        database: TenantDatabase,
        outbox: Outbox,
        planning_units: frozenset[str] | None = None,
    ) -> None:
        reach = None if planning_units is None else Facet(UNITS, tuple(sorted(planning_units)))
        super().__init__(database, outbox, FORM, reach)
        self.catalogues = Catalogues(database)
        self.weeks = WeekStore(database)
        self.shifts = ShiftLists(database, reach)
        self.billing = Billing(database)
        self.jobs = Jobs(database)
        self.targets = Targets(database)


LISTS: Final = (
    facet_list_index(FORM.collection, "state", UNITS, further=[STATUS]),
    facet_list_index(FORM.collection, "state", STATUS, further=[]),
)

OUTBOXES: Final = (FORM.collection,)
INDEXES: Final = (
    *FORM.indexes,
    *LISTS,
    TURNS,
    ASSIGNED,
    *BILLING_INDEXES,
    *CATALOGUE_INDEXES,
    *JOB_INDEXES,
    *LIMIT_INDEXES,
    *TARGET_INDEXES,
    *WEEK_INDEXES,
    *directory.INDEXES,
)
