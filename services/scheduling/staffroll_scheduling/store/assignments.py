"""Assignments and availabilities inside the documents of employees."""

from __future__ import annotations

from datetime import date, time
from typing import Final

from staffroll.mongo import Document, Index
from staffroll_scheduling.domain.assignments import Assignment
from staffroll_scheduling.domain.availability import Availability

EMPLOYEES: Final = "employees"

ASSIGNED: Final = Index(
    EMPLOYEES,
    ["own.assignments.target_id"],
    "assigned",
    partial={"own.assignments.target_id": {"$exists": True}},
)
"""Who has something of a catalogue."""


def assignment_document(one: Assignment) -> Document:
    document: Document = {
        "id": one.id,
        "kind": one.kind,
        "target_id": one.target_id,
        "valid_from": one.valid_from.isoformat(),
        "valid_to": None if one.valid_to is None else one.valid_to.isoformat(),
    }
    if one.level is not None:
        document["level"] = one.level
    if one.priority is not None:
        document["priority"] = one.priority
    if one.once is not None:
        document["once"] = dict(one.once)
    return document


def assignment(document: Document) -> Assignment:
    valid_to = document["valid_to"]
    return Assignment(
        kind=document["kind"],
        target_id=document["target_id"],
        valid_from=date.fromisoformat(document["valid_from"]),
        valid_to=None if valid_to is None else date.fromisoformat(valid_to),
        level=document.get("level"),
        priority=document.get("priority"),
        id=document["id"],
        once=document.get("once"),
    )


def availability_document(one: Availability) -> Document:
    return {
        "weekday": one.weekday,
        "starts": one.starts.isoformat("minutes"),
        "ends": one.ends.isoformat("minutes"),
    }


def availability(document: Document) -> Availability:
    return Availability(
        weekday=document["weekday"],
        starts=time.fromisoformat(document["starts"]),
        ends=time.fromisoformat(document["ends"]),
    )
