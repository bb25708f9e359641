"""Account › Roles: a new one, with its category's permissions or others."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from flask import Response, request
from wtforms import RadioField

from staffroll.permissions import OTHER
from staffroll.web.pages import PageGroup, gettext, go, lazy_gettext, notice, page
from staffroll_accounts.actions import AccountsScope
from staffroll_accounts.actions import roles as actions
from staffroll_accounts.api.roles import NewRoleSchema
from staffroll_accounts.pages import role_permissions
from staffroll_accounts.pages.role_fields import EDIT, RoleForm, known_of
from staffroll_accounts.pages.role_units import unit_names

_USUAL: Final = "usual"
_CHOSEN: Final = "chosen"


def _starts() -> dict[str, str]:
    return {
        _USUAL: gettext("What is usual for its category; in “Other”, nothing"),
        _CHOSEN: gettext("What I choose now"),
    }


class NewRoleForm(RoleForm):
    start = RadioField(lazy_gettext("From the start"), choices=_starts, default=_USUAL)

    def typed(self) -> dict[str, Any]:
        values = super().typed()
        if self.start.data == _USUAL:
            del values["permissions"]
        return values


def role_creation(siblings: Mapping[str, str]) -> PageGroup:
    """The page that creates a role.

    Args:
        siblings: Where this service reaches the others, by name.
    """
    bp = PageGroup("role_creation_pages", __name__)

    @bp.form("/roles/new")
    @bp.needs(EDIT)
    def create(scope: AccountsScope) -> Response:
        form = NewRoleForm(known=_like(request.args.get("like", ""), scope))
        units = unit_names(scope, siblings)
        form.offer(units)
        if form.is_good():
            with form.refusals():
                role = actions.create(form.load(NewRoleSchema, form.typed()), scope)
                notice(
                    gettext("%(name)s is created. Users get it on their own page.", name=role.name)
                )
                return go("role_page.show", role_id=role.id)
        return page(
            "roles/new.html",
            form.status,
            form=form,
            units=units,
            groups=role_permissions.boxes(form.permissions, scope.actor),
        )

    return bp


def _like(role_id: str, scope: AccountsScope) -> dict[str, Any]:
    """What a new role has in common with another, where one is named."""
    if not role_id:
        return {"category": OTHER}
    known = known_of(scope.store.roles.get(role_id), but=("name", "abbreviation"))
    return {**known, "start": _CHOSEN}
