"""One's own access tokens, for scripts (R42)."""

from __future__ import annotations

from datetime import timedelta

from flask import Response
from wtforms import RadioField, StringField

from staffroll import clock
from staffroll.permissions import CATALOGUE
from staffroll.scope import Actor
from staffroll.web.pages import Form, PageGroup, gettext, go, lazy_gettext, notice, page
from staffroll.web.pages.boxes import BoxesField
from staffroll_accounts.actions import AccountsScope
from staffroll_accounts.actions import access_tokens as actions
from staffroll_accounts.api.access_tokens import NewAccessTokenSchema


def _lives() -> dict[str, str]:
    """How long a token may be good, by days."""
    return {
        "7": gettext("a week"),
        "30": gettext("30 days"),
        "90": gettext("90 days"),
        "365": gettext("a year"),
    }


class TokenForm(Form):
    name = StringField(lazy_gettext("Name"))
    days = RadioField(
        lazy_gettext("Good for"),
        choices=_lives,
        default="30",
    )
    scopes = BoxesField(lazy_gettext("May be used for"), [])


def tokens() -> PageGroup:
    """The pages of access tokens."""
    bp = PageGroup("token_pages", __name__)

    @bp.get("/me/tokens")
    @bp.needs_sign_in()
    def show_list(scope: AccountsScope) -> Response:
        return page("account/tokens.html", tokens=actions.find_all(scope))

    @bp.form("/me/tokens/new")
    @bp.needs_sign_in(fresh=True)
    def create(scope: AccountsScope) -> Response:
        form = TokenForm()
        form.scopes.choices = _may_give(scope.actor)
        if form.is_good():
            with form.refusals():
                ends = clock.now() + timedelta(days=int(form.days.data))
                typed = {"name": form.name.data, "scopes": form.scopes.data}
                typed["expires_at"] = ends.isoformat()
                wish = form.load(NewAccessTokenSchema, {k: v for k, v in typed.items() if v})
                made = actions.create(wish["name"], wish["scopes"], wish["expires_at"], scope)
                return page("account/token_made.html", made=made)
        return page("account/token_new.html", form.status, form=form)

    @bp.does("/me/tokens/<id:token_id>/revoke")
    @bp.needs_sign_in()
    def revoke(token_id: str, scope: AccountsScope) -> Response:
        actions.revoke(token_id, scope)
        notice(gettext("The token is void from now on."))
        return go(".show_list")

    return bp


def _may_give(actor: Actor) -> dict[str, str]:
    return {one.name: gettext(one.description) for one in CATALOGUE if actor.may(one.name)}
