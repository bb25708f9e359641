"""Editing a profile: names and e-mail by a wish to accounts, the rest here at once (R15, R85)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, fields
from typing import Any, Final

from flask import Response
from wtforms import SelectField, StringField, TextAreaField
from wtforms.validators import Optional

from staffroll.following.actions import Answer
from staffroll.records import Record
from staffroll.web.pages import (
    PageGroup,
    SeenForm,
    gettext,
    go,
    lazy_gettext,
    notice,
    page,
    refused,
)
from staffroll.web.pages.days import DayField
from staffroll.web.pages.followed import WAIT_SECONDS
from staffroll_people.actions import PeopleScope
from staffroll_people.actions.persons import EDIT_SENSITIVE, READ_SENSITIVE, PersonActions
from staffroll_people.api.persons import PersonChangesSchema
from staffroll_people.domain.profiles import Address, EmergencyContact, Profile
from staffroll_people.pages.countries import country_choices
from staffroll_people.pages.people import EDIT, READ

_OF_USER: Final = ("last_name", "first_name", "email")
_PARTS: Final[Mapping[str, tuple[str, ...]]] = {
    "address": tuple(item.name for item in fields(Address)),
    "emergency_contact": tuple(item.name for item in fields(EmergencyContact)),
}
_SENSITIVE: Final = (
    *("private_phone", "date_of_birth", "notes"),
    *(f"{part}_{name}" for part, names in _PARTS.items() for name in names),
)


class ProfileForm(SeenForm):
    """All of a profile that its reader may change, fields of parts by both names."""

    last_name = StringField(lazy_gettext("Last name"))
    first_name = StringField(lazy_gettext("First name"), validators=[Optional()])
    email = StringField(lazy_gettext("E-mail address"))
    title = StringField(lazy_gettext("Title"), validators=[Optional()])
    middle_name = StringField(lazy_gettext("Middle name"), validators=[Optional()])
    business_phone = StringField(lazy_gettext("Business phone"), validators=[Optional()])
    private_phone = StringField(lazy_gettext("Private phone"), validators=[Optional()])
    date_of_birth = DayField(lazy_gettext("Date of birth"), validators=[Optional()])
    address_country = SelectField(
        lazy_gettext("Country"), validators=[Optional()], validate_choice=False
    )
    address_street = StringField(lazy_gettext("Street and number"), validators=[Optional()])
    address_postal_code = StringField(lazy_gettext("Postal code"), validators=[Optional()])
    address_city = StringField(lazy_gettext("City"), validators=[Optional()])
    address_region = StringField(lazy_gettext("State or region"), validators=[Optional()])
    emergency_contact_name = StringField(lazy_gettext("Name"), validators=[Optional()])
    emergency_contact_relation = StringField(lazy_gettext("Relation"), validators=[Optional()])
    emergency_contact_phone = StringField(lazy_gettext("Phone"), validators=[Optional()])
    notes = TextAreaField(lazy_gettext("Notes"), validators=[Optional()])

    def __init__(self, record: Record[Profile], scope: PeopleScope) -> None:
        wish = record.followed.change
        is_under_way = wish is not None and not wish.is_refused
        is_trusted = scope.actor.may(READ_SENSITIVE) and scope.actor.may(EDIT_SENSITIVE)
        hidden = (*(_OF_USER if is_under_way else ()), *(() if is_trusted else _SENSITIVE))
        now = {name: text for name, text in _values(record).items() if name not in hidden}
        super().__init__(now, known={**now, **(wish.fields if wish is not None else {})})
        for name in hidden:
            del self[name]
        if is_trusted:
            self.address_country.choices = {"": gettext("Please choose"), **country_choices()}

    def edits(self) -> dict[str, Any]:
        """What was changed, in the names of the API.

        Raises:
            Stale: Somebody else changed the same meanwhile.
        """
        typed = {name: (self[name].data or "").replace("\r\n", "\n") for name in self._now}
        changed = self.changes(typed)
        found: dict[str, Any] = {
            name: text if name in _OF_USER else text or None
            for name, text in changed.items()
            if not name.startswith(tuple(_PARTS))
        }
        new = {**self._now, **changed}
        for part, names in _PARTS.items():
            if any(f"{part}_{name}" in changed for name in names):
                whole = {name: new[f"{part}_{name}"] or None for name in names}
                found[part] = whole if any(whole.values()) else None
        return found

    def read_out(self, name: str, value: Any) -> str:
        if name == "address_country":
            value = country_choices().get(value, value)
        return super().read_out(name, value)


def profiles(actions: PersonActions) -> PageGroup:
    """The page that edits a profile."""
    bp = PageGroup("profile_pages", __name__)

    @bp.form("/people/<id:person_id>/edit")
    @bp.needs(EDIT, shows=READ)
    def edit(person_id: str, scope: PeopleScope) -> Response:
        record = actions.get(person_id, scope)
        if record.followed.state != "confirmed":
            return go("people_pages.show", person_id=person_id)
        form = ProfileForm(record, scope)
        if form.is_good():
            with form.refusals():
                changes = form.edits()
                if changes:
                    of_user, own = form.load(PersonChangesSchema, changes)
                    answer = actions.edit(person_id, of_user, own, scope, expected=record.version)
                    _say(actions.wait(answer, scope, WAIT_SECONDS))
                return go("people_pages.show", person_id=person_id)
        elif record.followed.change is not None and record.followed.change.is_refused:
            refused.show_at(form, record.followed.change)
        return page("people/edit.html", form.status, person=record, form=form)

    return bp


def _values(record: Record[Profile]) -> dict[str, str]:
    """What the form's fields hold before anybody types."""
    of_user = {name: getattr(record.followed.user, name) for name in _OF_USER}
    own = {name: value for name, value in asdict(record.own).items() if name not in _PARTS}
    born = record.own.date_of_birth
    own["date_of_birth"] = born.isoformat() if born else ""
    for part, names in _PARTS.items():
        held = getattr(record.own, part)
        own |= {f"{part}_{name}": getattr(held, name) if held else "" for name in names}
    return {**of_user, **own}


def _say(answer: Answer[Profile]) -> None:
    """What became of a change; why accounts refused its part stands on the person's page."""
    if answer.is_under_way:
        notice(gettext("Saved. The change of the user account is on its way."), "info")
    elif answer.refusal is None:
        notice(gettext("Saved."))
