"""The fields of a role, for creating and editing one."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Final

from wtforms import RadioField, SelectField, StringField
from wtforms.validators import Optional

from staffroll.web.pages import Form, gettext, lazy_gettext
from staffroll.web.pages.boxes import BoxesField
from staffroll_accounts.domain.roles import Role
from staffroll_accounts.pages import role_permissions
from staffroll_accounts.pages.role_units import UnitNames
from staffroll_accounts.pages.role_words import CATEGORIES

READ: Final = "accounts.roles:read"
EDIT: Final = "accounts.roles:edit"

ALL: Final = "all"
SOME: Final = "some"


def _categories() -> dict[str, str]:
    return {name: str(label) for name, label in CATEGORIES.items()}


def _reaches() -> dict[str, str]:
    return {
        ALL: gettext("Everybody, in whatever planning unit they are"),
        SOME: gettext("Only employees of certain planning units"),
    }


class RoleForm(Form):
    name = StringField(lazy_gettext("Name"))
    abbreviation = StringField(lazy_gettext("Abbreviation"), [Optional()])
    category = SelectField(lazy_gettext("Category"), choices=_categories, validate_choice=False)
    description = StringField(lazy_gettext("Description"), [Optional()])
    permissions = BoxesField(lazy_gettext("What it allows"))
    reach = RadioField(lazy_gettext("Whom it reaches"), choices=_reaches, default=ALL)
    planning_units = BoxesField(lazy_gettext("Planning units"))
    unit_ids = StringField(lazy_gettext("Further planning units, by id"), [Optional()])

    def offer(self, units: UnitNames) -> None:
        """Fill in what can be chosen."""
        self.permissions.choices = role_permissions.labels(self.permissions.data or ())
        self.planning_units.choices = units.choices(self.planning_units.data or ())

    def typed(self) -> dict[str, Any]:
        """In the schema's names, what was emptied, too."""
        values: dict[str, Any] = {
            name: self[name].data or ""
            for name in ("name", "abbreviation", "category", "description")
            if name in self
        }
        values["permissions"] = self.permissions.data or []
        values["planning_units"] = self._units_typed()
        return values

    def located(self, name: str, below: str, text: str) -> str:
        """Which of the planning units is meant."""
        units = self._units_typed() or []
        if name == "planning_units" and below.isdecimal() and int(below) < len(units):
            return f"{units[int(below)]}: {text}"
        return text

    def _units_typed(self) -> list[str] | None:
        if self.reach.data != SOME:
            return None
        by_hand = (self.unit_ids.data or "").replace(",", " ").split()
        return list(dict.fromkeys([*(self.planning_units.data or ()), *map(str.lower, by_hand)]))


def known_of(role: Role, but: Iterable[str] = ()) -> dict[str, Any]:
    """What the form shows of a role."""
    names = {"name", "abbreviation", "category", "description", "permissions"} - set(but)
    return {
        **{name: getattr(role, name) for name in names},
        "reach": ALL if role.planning_units is None else SOME,
        "planning_units": role.planning_units or (),
    }
