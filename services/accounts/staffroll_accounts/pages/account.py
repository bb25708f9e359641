"""My account: language and time zone, security, where one is signed in."""

from __future__ import annotations

from flask import Response, url_for
from wtforms import SelectField

from staffroll.web.pages import (
    Form,
    PageGroup,
    choices,
    gettext,
    go,
    lazy_gettext,
    notice,
    page,
    reading,
)
from staffroll_accounts.actions import AccountsScope, sessions, tenants, two_factor
from staffroll_accounts.actions import users as actions
from staffroll_accounts.api.me import OwnChangesSchema
from staffroll_accounts.pages.session import by_refresh
from staffroll_accounts.pages.user_agents import device


class OwnForm(Form):
    language = SelectField(lazy_gettext("Language"), validate_choice=False)
    time_zone = SelectField(lazy_gettext("Time zone"), validate_choice=False)


def account() -> PageGroup:
    """The pages of one's own account."""
    bp = PageGroup("account_pages", __name__)

    @bp.form("/me")
    @bp.needs_sign_in()
    def show(scope: AccountsScope) -> Response:
        user = actions.get(scope.actor.id, scope)
        form = OwnForm(known={"language": user.language, "time_zone": user.time_zone})
        offered = tenants.get(scope).languages
        form.language.choices = choices.languages(offered, user.language)
        form.time_zone.choices = choices.time_zones(user.time_zone)
        if form.is_good():
            with form.refusals():
                changes = form.load(OwnChangesSchema)
                actions.edit(user.id, changes, scope, expected=None)
                reading.read_again()
                notice(gettext("Saved."))
                return go(".show")
        return page("account/profile.html", form.status, form=form, user=user)

    @bp.get("/me/security")
    @bp.needs_sign_in()
    def security(scope: AccountsScope) -> Response:
        user = actions.get(scope.actor.id, scope)
        second = two_factor.overview(user.id, scope)
        return page("account/security.html", user=user, second=second)

    @bp.get("/me/sessions")
    @bp.needs_sign_in()
    def show_sessions(scope: AccountsScope) -> Response:
        return page("account/sessions.html", sessions=sessions.find_own(scope), device=device)

    @bp.does("/me/sessions/end-others")
    @bp.needs_sign_in()
    def end_others(scope: AccountsScope) -> Response:
        sessions.end_all_own(scope, but_this=True)
        notice(gettext("You are signed out everywhere else."))
        return by_refresh(_place_of_sessions())

    @bp.does("/me/sessions/<id:session_id>/end")
    @bp.needs_sign_in()
    def end(session_id: str, scope: AccountsScope) -> Response:
        sessions.end_own(session_id, scope)
        notice(gettext("That device is signed out."))
        return by_refresh(_place_of_sessions())

    return bp


def _place_of_sessions() -> str:
    return url_for("account_pages.show_sessions")
