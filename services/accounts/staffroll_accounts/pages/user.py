"""Account › Users: one user, their data, roles, security and counterparts elsewhere."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from flask import Response, request

from staffroll.errors import Forbidden
from staffroll.giving import RoleNotYours
from staffroll.user_copy import UserCopy
from staffroll.web.pages import PageGroup, SeenForm, gettext, go, notice, page, reading
from staffroll.web.pages.followed import DeleteForm
from staffroll_accounts.actions import AccountsScope, deletion, sessions, two_factor
from staffroll_accounts.actions import users as actions
from staffroll_accounts.api.users import UserChangesSchema
from staffroll_accounts.domain.deletion import Losses
from staffroll_accounts.domain.errors import AccountNotYours, EmailTaken, LastAdmin
from staffroll_accounts.domain.users import User, public_state
from staffroll_accounts.pages.elsewhere import counterparts
from staffroll_accounts.pages.user_agents import device
from staffroll_accounts.pages.user_fields import UserForm, by_category

READ: Final = "accounts.users:read"
EDIT: Final = "accounts.users:edit"
DELETE: Final = "accounts.users:delete"
READ_AUDIT: Final = "accounts.audit:read"
"""Where people signed in is in the audit trail, and for nobody who may not read that."""
READ_SECURITY: Final = "accounts.security:read"
SECURITY: Final = (READ_SECURITY, "accounts.security:edit")

_FIELDS: Final = (
    "last_name",
    "first_name",
    "email",
    "language",
    "time_zone",
    "roles",
    "is_admin",
)


class ChangedUserForm(SeenForm, UserForm):
    unordered = frozenset({"roles"})

    def __init__(self, user: User, scope: AccountsScope, *, sent: bool | None = None) -> None:
        super().__init__({name: getattr(user, name) for name in _FIELDS}, sent=sent)
        self.offer(scope)
        self._scope = scope

    def read_out(self, name: str, value: Any) -> str:
        if name == "roles":
            return ", ".join(role.name for role in self._scope.store.roles.some(value))
        if name == "is_admin":
            return gettext("on") if value else gettext("off")
        return super().read_out(name, value)


def user(siblings: Mapping[str, str]) -> PageGroup:
    """The page of one user.

    Args:
        siblings: Where this service reaches the others, by name.
    """
    bp = PageGroup("user_page", __name__)

    @bp.form("/users/<id:user_id>")
    @bp.needs(READ)
    def show(user_id: str, scope: AccountsScope) -> Response:
        found = actions.get(user_id, scope)
        form = ChangedUserForm(found, scope)
        if form.is_good():
            if not scope.actor.may(EDIT):
                raise Forbidden(permission=EDIT)
            with form.refusals(email=EmailTaken, roles=RoleNotYours, is_admin=LastAdmin):
                changes = form.changes(form.load(UserChangesSchema, form.typed(scope)))
                actions.edit(user_id, changes, scope, expected=found.version)
                if user_id == scope.actor.id:
                    reading.read_again()
                notice(gettext("Saved."))
                return go(".show", user_id=user_id)
        return show_user(found, scope, siblings, form.status, form=form)

    return bp


def show_user(
    found: User,
    scope: AccountsScope,
    siblings: Mapping[str, str],
    status: int = 200,
    *,
    form: ChangedUserForm | None = None,
    delete_form: DeleteForm | None = None,
) -> Response:
    """The page, with the form that was sent as it was typed."""
    form = form or ChangedUserForm(found, scope, sent=False)
    copy = UserCopy.of(public_state(found))
    return page(
        "users/show.html",
        status,
        user=found,
        copy=copy,
        form=form,
        groups=by_category(form, scope),
        recent=sessions.recent_of(found, scope) if _sees(found, scope, READ_AUDIT) else None,
        second=two_factor.overview(found.id, scope) if _sees(found, scope, *SECURITY) else None,
        shows_password=_sees(found, scope, EDIT, READ_SECURITY),
        device=device,
        counterparts=counterparts(found, scope, siblings),
        lost=_lost(found, scope),
        delete_form=delete_form or DeleteForm(copy, sent=False),
        window="delete" if delete_form else request.args.get("window"),
    )


def _sees(found: User, scope: AccountsScope, *permissions: str) -> bool:
    """Everybody all of their own; of others what one of these permissions is for."""
    return found.id == scope.actor.id or any(map(scope.actor.may, permissions))


def _lost(found: User, scope: AccountsScope) -> Losses | None:
    """None for whom the reader may not delete."""
    if not scope.actor.may(DELETE):
        return None
    try:
        return deletion.preview(found.id, scope, expected=None)
    except AccountNotYours:
        return None
