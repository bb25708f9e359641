"""Memberships and what follows from them, as parts of an employee's document."""

from __future__ import annotations

from datetime import date

from staffroll.mongo import Document
from staffroll_scheduling.domain.membership import Membership
from staffroll_scheduling.domain.stays import Stay


def membership_document(one: Membership) -> Document:
    document: Document = {
        "join_date": day_text(one.join_date),
        "leave_date": day_text(one.leave_date),
        "started_at": one.started_at,
        "ended_at": one.ended_at,
    }
    if one.once is not None:
        document["once"] = dict(one.once)
    return document


def membership(document: Document) -> Membership:
    return Membership(
        join_date=date.fromisoformat(document["join_date"]),
        leave_date=day_of(document["leave_date"]),
        started_at=document.get("started_at"),
        ended_at=document.get("ended_at"),
        once=document.get("once"),
    )


def stay_document(one: Stay) -> Document:
    """Of a deleted employee: moments, no dates."""
    return {"begins_at": one.begins_at, "ends_at": one.ends_at}


def stay(document: Document) -> Stay:
    return Stay(document["begins_at"], document["ends_at"])


def day_text(day: date | None) -> str | None:
    """A day as it is kept: it has no moment, so it is not kept as one."""
    return None if day is None else day.isoformat()


def day_of(text: str | None) -> date | None:
    return None if text is None else date.fromisoformat(text)
