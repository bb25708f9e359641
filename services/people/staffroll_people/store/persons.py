"""Persons as documents."""

from __future__ import annotations

from dataclasses import asdict, fields
from datetime import date
from typing import Any, Final

from staffroll.mongo import Document
from staffroll.mongo.forms import known as held
from staffroll.mongo.records import Form
from staffroll_people.domain.profiles import Address, EmergencyContact, Profile

_KNOWN: Final = frozenset(item.name for item in fields(Profile))


def to_document(own: Profile) -> Document:
    """The profile in what BSON has; a date of birth as ISO 8601, since BSON knows only moments."""
    document: Document = asdict(own)
    if own.date_of_birth is not None:
        document["date_of_birth"] = own.date_of_birth.isoformat()
    return document


def from_document(document: Document) -> Profile:
    """The reverse; fields that a newer version wrote are left out, missing ones are empty."""
    known: dict[str, Any] = {name: document[name] for name in document if name in _KNOWN}
    if known.get("date_of_birth"):
        known["date_of_birth"] = date.fromisoformat(known["date_of_birth"])
    if known.get("address"):
        known["address"] = Address(**held(Address, known["address"]))
    if known.get("emergency_contact"):
        contact = held(EmergencyContact, known["emergency_contact"])
        known["emergency_contact"] = EmergencyContact(**contact)
    return Profile(**known)


FORM: Final = Form(
    collection="people",
    to_document=to_document,
    from_document=from_document,
)
