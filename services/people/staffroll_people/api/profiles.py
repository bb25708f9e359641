"""Schemas of profiles: what is shown of them, and what may be changed (R85)."""

from __future__ import annotations

from typing import Any, Final

from marshmallow import Schema, fields

from staffroll.errors import FieldError
from staffroll.web.fields import Line
from staffroll_people.api.fields import Country, Notes, PhoneNumber

_STREET_MAX_CHARACTERS: Final = 200
_POSTAL_CODE_MAX_CHARACTERS: Final = 20

_NOT_A_DAY: Final = FieldError("invalid", "This is not a day, as 1990-04-30 is.")

_OBJECT_OR_NULL: Final = {"type": ["object", "null"]}
_SENSITIVE: Final = {"description": "Missing unless one may see what is sensitive."}


class AddressSchema(Schema):
    """Where somebody lives; what is not known is empty."""

    country = fields.String(required=True, metadata={"description": "ISO 3166-1 alpha-2."})
    street = fields.String(required=True)
    postal_code = fields.String(required=True)
    city = fields.String(required=True)
    region = fields.String(required=True)


class EmergencyContactSchema(Schema):
    """Whom to call; what is not known is empty."""

    name = fields.String(required=True)
    relation = fields.String(required=True)
    phone = fields.String(required=True, metadata={"description": "E.164."})


def _shown(name: str) -> fields.String:
    return fields.String(required=True, attribute=f"own.{name}")


class ProfileSchema(Schema):
    """A profile. What is sensitive is missing for who may not see it; what is not known is
    empty, or null."""

    title = _shown("title")
    middle_name = _shown("middle_name")
    business_phone = _shown("business_phone")
    private_phone = fields.String(attribute="own.private_phone", metadata=_SENSITIVE)
    date_of_birth = fields.Date(attribute="own.date_of_birth", allow_none=True, metadata=_SENSITIVE)
    address = fields.Nested(AddressSchema, attribute="own.address", allow_none=True)
    emergency_contact = fields.Nested(
        EmergencyContactSchema, attribute="own.emergency_contact", allow_none=True
    )
    notes = fields.String(attribute="own.notes", metadata=_SENSITIVE)


class AddressChangesSchema(Schema):
    """What changes of an address; it needs a country as soon as there is anything."""

    country = Country()
    street = Line(max_characters=_STREET_MAX_CHARACTERS, allow_none=True)
    postal_code = Line(max_characters=_POSTAL_CODE_MAX_CHARACTERS, allow_none=True)
    city = Line(allow_none=True)
    region = Line(allow_none=True)


class EmergencyContactChangesSchema(Schema):
    """What changes of an emergency contact; it needs a name as soon as there is anything."""

    name = Line()
    relation = Line(allow_none=True)
    phone = PhoneNumber(allow_none=True)


def _part(schema: type[Schema]) -> fields.Nested:
    metadata: dict[str, Any] = {
        **_OBJECT_OR_NULL,
        "description": "Sensitive. What is left out of it stays; null removes it.",
    }
    return fields.Nested(schema, allow_none=True, metadata=metadata)


class OwnProfileChangesSchema(Schema):
    """What one may change of one's own profile; what is left out stays, null removes."""

    title = Line(allow_none=True)
    middle_name = Line(allow_none=True)
    business_phone = PhoneNumber(allow_none=True)
    private_phone = PhoneNumber(allow_none=True)
    date_of_birth = fields.Date(
        allow_none=True,
        error_messages={"invalid": [_NOT_A_DAY]},
        metadata={"description": "Sensitive.", "example": "1990-04-30"},
    )
    address = _part(AddressChangesSchema)
    emergency_contact = _part(EmergencyContactChangesSchema)


class ProfileChangesSchema(OwnProfileChangesSchema):
    """What may be changed of a profile; what is left out stays, null removes."""

    notes = Notes(allow_none=True)
