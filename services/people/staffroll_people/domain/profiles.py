"""Profiles: what people owns of a human, and who may see and change which part of it (R85)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, fields, replace
from datetime import date
from typing import Any, Final, TypeVar

from staffroll.errors import FieldError, Invalid

SENSITIVE: Final = frozenset(
    {"date_of_birth", "private_phone", "address", "emergency_contact", "notes"}
)
"""The fields that have permissions of their own."""

OLDEST_BIRTH: Final = date(1900, 1, 1)


@dataclass(frozen=True, slots=True)
class Address:
    """Where somebody lives.

    Attributes:
        country: Alpha-2 code of ISO 3166-1.
    """

    country: str = ""
    street: str = ""
    postal_code: str = ""
    city: str = ""
    region: str = ""


@dataclass(frozen=True, slots=True)
class EmergencyContact:
    """Whom to call.

    Attributes:
        relation: What they are to the person, in the editor's words.
        phone: E.164.
    """

    name: str = ""
    relation: str = ""
    phone: str = ""


@dataclass(frozen=True, slots=True)
class PublicProfile:
    """What every reader of profiles may see.

    Attributes:
        business_phone: E.164; one that was kept before numbers were checked is as typed.
    """

    title: str = ""
    middle_name: str = ""
    business_phone: str = ""


@dataclass(frozen=True, slots=True)
class Profile(PublicProfile):
    """The whole; all of it is optional (R85).

    Attributes:
        private_phone: As `business_phone`.
    """

    private_phone: str = ""
    date_of_birth: date | None = None
    address: Address | None = None
    emergency_contact: EmergencyContact | None = None
    notes: str = ""

    @property
    def public(self) -> PublicProfile:
        """Without what is sensitive."""
        return PublicProfile(
            **{item.name: getattr(self, item.name) for item in fields(PublicProfile)}
        )


_PARTS: Final[Mapping[str, tuple[type[Any], str]]] = {
    "address": (Address, "country"),
    "emergency_contact": (EmergencyContact, "name"),
}
"""Fields that have fields themselves, and which of those the others need."""

PartT = TypeVar("PartT", Address, EmergencyContact)


def edited(own: Profile, changes: Mapping[str, Any]) -> Profile:
    """The profile after a JSON Merge Patch (RFC 7396): null removes, in parts too.

    Raises:
        Invalid: What is left has an address without a country, or nobody's emergency contact.
    """
    changed: dict[str, Any] = {}
    for name, value in changes.items():
        if name in _PARTS:
            changed[name] = _part(name, getattr(own, name), value)
        elif name == "date_of_birth":
            changed[name] = value
        else:
            changed[name] = value or ""
    return replace(own, **changed)


def _part(name: str, before: PartT | None, changes: Mapping[str, Any] | None) -> PartT | None:
    made, needed = _PARTS[name]
    if changes is None:
        return None
    after: PartT = replace(
        before or made(), **{each: value or "" for each, value in changes.items()}
    )
    if after == made():
        return None
    if not getattr(after, needed):
        raise Invalid(errors={f"{name}.{needed}": [FieldError("required", "Must not be empty.")]})
    return after


def check_birth(changes: Mapping[str, Any], today: date) -> None:
    """Raises `Invalid` where somebody would be born in the future, or too long ago.

    Args:
        today: Wherever it is the latest.
    """
    born = changes.get("date_of_birth")
    if born is not None and not OLDEST_BIRTH <= born <= today:
        problem = FieldError("date_of_birth_impossible", "Nobody here can be born on that day.")
        raise Invalid(errors={"date_of_birth": [problem]})


def are_sensitive(names: Iterable[str]) -> bool:
    """Whether one of the fields has a permission of its own."""
    return not SENSITIVE.isdisjoint(names)
