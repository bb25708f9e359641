"""MongoDB: employees as documents, and their indexes."""

from __future__ import annotations

from datetime import date
from typing import Final

from staffroll import directory
from staffroll.mongo import Document
from staffroll.mongo.records import FollowingStore, Form
from staffroll_scheduling.domain.employees import Employment
from staffroll_scheduling.domain.errors import PersonnelNumberTaken
from staffroll_scheduling.domain.membership import Membership

Store = FollowingStore[Employment]


def _to_document(own: Employment) -> Document:
    document: Document = {
        "memberships": [
            {"join_date": _text(one.join_date), "leave_date": _text(one.leave_date)}
            for one in own.memberships
        ],
        "is_assumed": own.is_assumed,
    }
    if own.personnel_number:
        document["personnel_number"] = own.personnel_number
    return document


def _from_document(document: Document) -> Employment:
    return Employment(
        personnel_number=document.get("personnel_number", ""),
        memberships=tuple(
            Membership(date.fromisoformat(one["join_date"]), _day(one["leave_date"]))
            for one in document["memberships"]
        ),
        is_assumed=document["is_assumed"],
    )


def _text(day: date | None) -> str | None:
    # Days have no moment, so they are not kept as one.
    return None if day is None else day.isoformat()


def _day(text: str | None) -> date | None:
    return None if text is None else date.fromisoformat(text)


FORM: Final = Form(
    collection="employees",
    to_document=_to_document,
    from_document=_from_document,
    conflicts={"personnel_number": PersonnelNumberTaken},
)

OUTBOXES: Final = (FORM.collection,)
INDEXES: Final = (*FORM.indexes, *directory.INDEXES)
