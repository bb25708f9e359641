"""Account › Roles: deleted, and what becomes of its users (R71)."""

from __future__ import annotations

from typing import Any, Final

from flask import Response
from wtforms import RadioField, SelectField

from staffroll.errors import Stale
from staffroll.giving import RoleNotYours
from staffroll.web.pages import (
    ConfirmForm,
    PageGroup,
    gettext,
    go,
    lazy_gettext,
    ngettext,
    notice,
    page,
)
from staffroll_accounts.actions import AccountsScope
from staffroll_accounts.actions import roles as actions
from staffroll_accounts.api.roles import DeletionQuerySchema
from staffroll_accounts.domain.errors import DefaultRoleStays, RoleInUse
from staffroll_accounts.domain.roles import Role
from staffroll_accounts.pages import role_holders
from staffroll_accounts.pages.role_fields import EDIT, READ
from staffroll_accounts.pages.role_holders import Holders

_REPLACE: Final = "replace"
_REMOVE: Final = "remove"


def _ways() -> dict[str, str]:
    return {
        _REPLACE: gettext("They get another role instead"),
        _REMOVE: gettext("It is taken from them"),
    }


class DeleteRoleForm(ConfirmForm):
    """Where users have the role, with what becomes of them."""

    way = RadioField(lazy_gettext("What becomes of them"), choices=_ways, default=_REPLACE)
    replace_with = SelectField(lazy_gettext("The other role"), validate_choice=False)

    def __init__(self, role: Role, holders: Holders, scope: AccountsScope) -> None:
        text = gettext("I understand that the role %(name)s is deleted for ever.", name=role.name)
        super().__init__(text, {"version": role.version, "users": holders.total})
        self._total = holders.total
        self._others = {one.id: one.name for one in scope.store.roles.all() if one.id != role.id}
        self.replace_with.choices = {"": gettext("Please choose"), **self._others}

    @property
    def is_replaced(self) -> bool:
        """Whether its users are to get another role."""
        return self._total > 0 and self.way.data == _REPLACE

    def lacking(self) -> dict[str, str]:
        is_undecided = self.is_replaced and not self.replace_with.data
        other = {"replace_with": gettext("Please fill this in.")} if is_undecided else {}
        return {**super().lacking(), **other}

    def query(self) -> dict[str, Any]:
        """What is wished, in the schema's names."""
        if self.is_replaced:
            return {"replace_with": self.replace_with.data}
        return {"remove_from": str(self._total)}

    def said(self, role: Role) -> str:
        """What happens now, for the next page."""
        num = self._total
        if num == 0:
            return gettext("%(name)s is deleted.", name=role.name)
        if self.is_replaced:
            other = self._others.get(self.replace_with.data or "", "")
            return ngettext(
                "%(name)s is deleted. %(n)s user has %(other)s instead in a moment.",
                "%(name)s is deleted. %(n)s users have %(other)s instead in a moment.",
                num,
                name=role.name,
                other=other,
            )
        return ngettext(
            "%(name)s is deleted. It is taken from %(n)s user in a moment.",
            "%(name)s is deleted. It is taken from %(n)s users in a moment.",
            num,
            name=role.name,
        )


def role_deletion() -> PageGroup:
    """The page that deletes a role."""
    bp = PageGroup("role_deletion_pages", __name__)

    @bp.form("/roles/<id:role_id>/delete")
    @bp.needs(EDIT, shows=READ)
    def delete(role_id: str, scope: AccountsScope) -> Response:
        found = scope.store.roles.get(role_id)
        if found.is_default:
            raise DefaultRoleStays
        holders = role_holders.count(role_id, scope)
        form = DeleteRoleForm(found, holders, scope)
        if form.is_confirmed():
            with form.refusals(replace_with=RoleNotYours):
                wish = form.load(DeletionQuerySchema, form.query())
                try:
                    actions.delete(role_id, scope, expected=found.version, **wish)
                except RoleInUse as error:
                    # Somebody got or lost it since it was counted above.
                    raise Stale from error
                notice(form.said(found))
                return go("roles_pages.show_list")
        return page(
            "roles/delete.html",
            form.status,
            form=form,
            role=found,
            holders=holders,
            bare=role_holders.count_with_nothing_else(role_id, scope),
        )

    return bp
