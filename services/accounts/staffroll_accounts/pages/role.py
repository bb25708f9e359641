"""Account › Roles: one role, what it allows, whom it reaches and who has it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from flask import Response

from staffroll.errors import Forbidden
from staffroll.web.pages import PageGroup, SeenForm, gettext, go, notice, page
from staffroll_accounts.actions import AccountsScope
from staffroll_accounts.actions import roles as actions
from staffroll_accounts.api.roles import RoleChangesSchema
from staffroll_accounts.domain.roles import Role, default_role
from staffroll_accounts.pages import role_holders, role_permissions
from staffroll_accounts.pages.role_fields import EDIT, READ, RoleForm, known_of
from staffroll_accounts.pages.role_units import UnitNames, unit_names
from staffroll_accounts.pages.role_words import CATEGORIES

_AS_IT_CAME: Final = ("name", "abbreviation", "description", "permissions", "planning_units")


class ChangedRoleForm(SeenForm, RoleForm):
    unordered = frozenset({"permissions", "planning_units"})

    def __init__(self, role: Role, units: UnitNames) -> None:
        now = {name: getattr(role, name) for name in (*_AS_IT_CAME, "category")}
        super().__init__(now, known=known_of(role))
        if role.is_default:
            del self.category
        self.offer(units)
        self._units = units

    def by_now(self, name: str, now: Any, typed: Any) -> list[str]:
        if name != "permissions":
            return super().by_now(name, now, typed)
        more = role_permissions.sentences(set(now) - set(typed))
        less = role_permissions.sentences(set(typed) - set(now))
        said = []
        if more:
            said = [gettext("Stored by now, not ticked here: %(what)s", what=" ".join(more))]
        if less:
            said += [gettext("Ticked here, not stored by now: %(what)s", what=" ".join(less))]
        return said

    def read_out(self, name: str, value: Any) -> str:
        if name == "category":
            return str(CATEGORIES[value])
        if name == "planning_units":
            return gettext("all") if value is None else ", ".join(map(self._units.of, value))
        return super().read_out(name, value)


def role(siblings: Mapping[str, str]) -> PageGroup:
    """The page of one role.

    Args:
        siblings: Where this service reaches the others, by name.
    """
    bp = PageGroup("role_page", __name__)

    @bp.form("/roles/<id:role_id>")
    @bp.needs(READ)
    def show(role_id: str, scope: AccountsScope) -> Response:
        found = scope.store.roles.get(role_id)
        units = unit_names(scope, siblings)
        form = ChangedRoleForm(found, units)
        if form.is_good():
            if not scope.actor.may(EDIT):
                raise Forbidden(permission=EDIT)
            with form.refusals():
                changes = form.changes(form.load(RoleChangesSchema, form.typed()))
                actions.edit(role_id, changes, scope, expected=found.version)
                notice(gettext("Saved."))
                return go(".show", role_id=role_id)
        return page(
            "roles/show.html",
            form.status,
            role=found,
            form=form,
            units=units,
            category=CATEGORIES[found.category],
            groups=role_permissions.boxes(
                form.permissions, scope.actor, found.category, found.permissions
            ),
            allowed=role_permissions.by_service(found.permissions),
            holders=role_holders.count(role_id, scope),
            some=role_holders.first_of(role_id, scope),
            is_as_it_came=is_as_it_came(found),
        )

    return bp


def is_as_it_came(found: Role) -> bool:
    """Whether resetting it would change nothing."""
    if not found.is_default:
        return True
    fresh = default_role(found.category, found.id)
    return all(getattr(found, name) == getattr(fresh, name) for name in _AS_IT_CAME)
