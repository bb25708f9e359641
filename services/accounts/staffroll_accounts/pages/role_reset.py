"""Account › Roles: a default role as its category came with it (R70)."""

from __future__ import annotations

from flask import Response

from staffroll.errors import NotFound
from staffroll.web.pages import ConfirmForm, PageGroup, gettext, go, notice, page
from staffroll_accounts.actions import AccountsScope
from staffroll_accounts.actions import roles as actions
from staffroll_accounts.domain.roles import default_role
from staffroll_accounts.pages import role_holders, role_permissions
from staffroll_accounts.pages.role_fields import EDIT, READ


def role_reset() -> PageGroup:
    """The page that resets a default role."""
    bp = PageGroup("role_reset_pages", __name__)

    @bp.form("/roles/<id:role_id>/reset")
    @bp.needs(EDIT, shows=READ)
    def reset(role_id: str, scope: AccountsScope) -> Response:
        found = scope.store.roles.get(role_id)
        if not found.is_default:
            raise NotFound
        fresh = default_role(found.category, role_id)
        form = ConfirmForm(
            gettext("I understand that what was changed in this role is lost."),
            {"version": found.version},
        )
        if form.is_confirmed():
            with form.refusals():
                actions.reset(role_id, scope, expected=found.version)
                notice(gettext("The role is as it came."))
                return go("role_page.show", role_id=role_id)
        return page(
            "roles/reset.html",
            form.status,
            form=form,
            role=found,
            fresh=fresh,
            gained=role_permissions.sentences(set(fresh.permissions) - set(found.permissions)),
            lost=role_permissions.sentences(set(found.permissions) - set(fresh.permissions)),
            holders=role_holders.count(role_id, scope),
        )

    return bp
