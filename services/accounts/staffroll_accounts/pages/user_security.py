"""Account › Users: what admins do about somebody's lock, password, second factor and sessions."""

from __future__ import annotations

from typing import Final

from flask import Response, request
from wtforms import BooleanField, PasswordField

from staffroll.web.pages import (
    ConfirmForm,
    Form,
    PageGroup,
    gettext,
    go,
    lazy_gettext,
    notice,
    page,
)
from staffroll_accounts.actions import AccountsScope, locking, passwords, sessions, two_factor
from staffroll_accounts.actions import users as all_users
from staffroll_accounts.actions.passwords import check_may_act_for
from staffroll_accounts.api.passwords import SetPasswordSchema
from staffroll_accounts.pages import password_rules
from staffroll_accounts.pages.at_hand import AtHand
from staffroll_accounts.pages.user import EDIT, READ

_EDIT_SECURITY: Final = "accounts.security:edit"


class SetPasswordForm(Form):
    password = PasswordField(lazy_gettext("New password"))
    must_change = BooleanField(lazy_gettext("They must change it at the next sign-in"))


def user_security(at_hand: AtHand) -> PageGroup:
    """What the buttons under *Security* of a user lead to."""
    bp = PageGroup("user_security_pages", __name__)

    @bp.does("/users/<id:user_id>/unlock")
    @bp.needs(EDIT)
    def unlock(user_id: str, scope: AccountsScope) -> Response:
        locking.unlock(user_id, scope, lambda user: check_may_act_for(user, scope))
        notice(gettext("The user is unlocked. We recommend that you set a new password."))
        return _back(user_id)

    @bp.form("/users/<id:user_id>/password")
    @bp.needs(EDIT, shows=READ, fresh=True)
    def set_password(user_id: str, scope: AccountsScope) -> Response:
        user = all_users.get(user_id, scope)
        form = SetPasswordForm(known={"must_change": True})
        if form.is_good():
            with form.refusals():
                body = form.load(SetPasswordSchema)
                must_change = body.get("must_change", False)
                passwords.set_for(
                    user_id, body["password"], scope, at_hand.passwords, must_change=must_change
                )
                notice(gettext("The new password is set. Tell it to them: they get no mail."))
                return _back(user_id)
        rules = password_rules.sentences(scope)
        return page("users/password.html", form.status, form=form, user=user, rules=rules)

    @bp.does("/users/<id:user_id>/invitation")
    @bp.needs(EDIT)
    def invite(user_id: str, scope: AccountsScope) -> Response:
        passwords.invite(user_id, scope)
        notice(gettext("The invitation is on its way by mail."))
        return _back(user_id)

    @bp.does("/users/<id:user_id>/two-factor")
    @bp.needs(_EDIT_SECURITY, fresh=True)
    def enforce(user_id: str, scope: AccountsScope) -> Response:
        enforced = request.form.get("enforced") == "yes"
        two_factor.enforce(user_id, scope, enforced=enforced)
        notice(
            gettext("From their next sign-in on they need a second factor.")
            if enforced
            else gettext("They choose themselves whether to have a second factor.")
        )
        return _back(user_id)

    @bp.form("/users/<id:user_id>/two-factor/reset")
    @bp.needs(_EDIT_SECURITY, shows=READ, fresh=True)
    def reset_two_factor(user_id: str, scope: AccountsScope) -> Response:
        user = all_users.get(user_id, scope)
        form = ConfirmForm(gettext("I understand that a password alone is enough from then on."))
        if form.is_confirmed():
            with form.refusals():
                two_factor.reset(user_id, scope)
                notice(gettext("The second factor is taken away, and they are signed out."))
                return _back(user_id)
        running = len(sessions.recent_of(user, scope).running)
        return page(
            "users/reset_two_factor.html", form.status, form=form, user=user, running=running
        )

    @bp.form("/users/<id:user_id>/sessions/end")
    @bp.needs(EDIT, shows=READ)
    def end_sessions(user_id: str, scope: AccountsScope) -> Response:
        user = all_users.get(user_id, scope)
        form = ConfirmForm(gettext("I understand that they have to sign in again everywhere."))
        if form.is_confirmed():
            with form.refusals():
                sessions.end_all_of(user_id, scope, lambda user: check_may_act_for(user, scope))
                notice(gettext("They are signed out everywhere."))
                return _back(user_id)
        running = len(sessions.recent_of(user, scope).running)
        return page("users/end_sessions.html", form.status, form=form, user=user, running=running)

    return bp


def _back(user_id: str) -> Response:
    return go("user_page.show", user_id=user_id)
