"""Account › Roles: one role, what it allows, whom it reaches and who has it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from flask import Response
from wtforms import HiddenField

from staffroll.errors import Forbidden, Stale
from staffroll.web.pages import PageGroup, gettext, go, notice, page
from staffroll_accounts.actions import AccountsScope
from staffroll_accounts.actions import roles as actions
from staffroll_accounts.api.roles import RoleChangesSchema
from staffroll_accounts.domain.roles import Role, default_role
from staffroll_accounts.pages import role_holders, role_permissions
from staffroll_accounts.pages.role_fields import EDIT, READ, RoleForm, known_of
from staffroll_accounts.pages.role_units import UnitNames, unit_names
from staffroll_accounts.pages.role_words import CATEGORIES

_AS_IT_CAME: Final = ("name", "abbreviation", "description", "permissions", "planning_units")


class ChangedRoleForm(RoleForm):
    """With the version that its reader saw."""

    version = HiddenField()

    def __init__(self, role: Role, units: UnitNames) -> None:
        super().__init__(known={**known_of(role), "version": role.version})
        if role.is_default:
            del self.category
        self.offer(units)
        self._units = units

    def check_seen(self, role: Role, changes: Mapping[str, Any]) -> None:
        """Say at each field what is stored, where it is not what was typed, and see it from now on.

        Nothing, where nobody changed the role meanwhile, or to just this.

        Raises:
            Stale.
        """
        is_newest = self.version.data == str(role.version)
        self.version.data = str(role.version)
        differing = [name for name in changes if not _is_same(role, name, changes[name])]
        if is_newest or not differing:
            return
        for name in differing:
            self.say_at(name, self._read_out(role, name, changes[name]))
        raise Stale

    def _read_out(self, role: Role, name: str, typed: Any) -> list[str]:
        if name == "permissions":
            more = role_permissions.sentences(set(role.permissions) - set(typed))
            less = role_permissions.sentences(set(typed) - set(role.permissions))
            return [
                *(
                    [gettext("Stored by now, not ticked here: %(what)s", what=" ".join(more))]
                    * bool(more)
                ),
                *(
                    [gettext("Ticked here, not stored by now: %(what)s", what=" ".join(less))]
                    * bool(less)
                ),
            ]
        now = str(getattr(role, name))
        if name == "category":
            now = str(CATEGORIES[role.category])
        elif name == "planning_units":
            units = role.planning_units
            now = gettext("all") if units is None else ", ".join(map(self._units.of, units))
        return [gettext("Somebody changed this meanwhile. By now it is: %(now)s", now=now or "–")]


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
                changes = form.load(RoleChangesSchema, form.typed())
                form.check_seen(found, changes)
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


def _is_same(found: Role, name: str, wished: Any) -> bool:
    now = getattr(found, name)
    if name in ("permissions", "planning_units") and None not in (now, wished):
        return set(now) == set(wished)
    return bool(now == wished)
