"""The fields of a user, for creating and editing one."""

from __future__ import annotations

from typing import Any

from wtforms import BooleanField, EmailField, SelectField, StringField

from staffroll.web.pages import Form, choices, lazy_gettext
from staffroll.web.pages.boxes import BoxesField
from staffroll_accounts.actions import AccountsScope, tenants
from staffroll_accounts.pages.role_words import CATEGORIES


class UserForm(Form):
    last_name = StringField(lazy_gettext("Last name"))
    first_name = StringField(lazy_gettext("First name"))
    email = EmailField(lazy_gettext("E-mail address"))
    language = SelectField(lazy_gettext("Language"), validate_choice=False)
    time_zone = SelectField(lazy_gettext("Time zone"), validate_choice=False)
    roles = BoxesField(lazy_gettext("User roles"))
    is_admin = BooleanField(lazy_gettext("Grant admin access"))

    def offer(self, scope: AccountsScope) -> None:
        """Fill in what can be chosen."""
        house = tenants.get(scope)
        self.language.choices = choices.languages(house.languages, self.language.data or "")
        self.time_zone.choices = choices.time_zones(self.time_zone.data or "")
        self.roles.choices = {role.id: role.name for role in scope.store.roles.all()}

    def typed(self, scope: AccountsScope) -> dict[str, Any]:
        """In the schema's names, what was emptied, too; admin access from those who may give it."""
        values: dict[str, Any] = {
            name: self[name].data or ""
            for name in ("last_name", "first_name", "email", "language", "time_zone")
        }
        values["roles"] = self.roles.data or []
        if scope.actor.is_admin:
            values["is_admin"] = self.is_admin.data
        return values


def by_category(form: UserForm, scope: AccountsScope) -> list[tuple[str, list[Any]]]:
    """The boxes of roles under the names of their categories."""
    category = {role.id: role.category for role in scope.store.roles.all()}
    groups = [
        (str(label), [box for box in form.roles if category.get(box.data) == name])
        for name, label in CATEGORIES.items()
    ]
    return [(label, boxes) for label, boxes in groups if boxes]
