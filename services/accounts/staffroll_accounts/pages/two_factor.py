"""One's own second factor: set up, switched off, new recovery codes (R40, R41)."""

from __future__ import annotations

import re
from typing import Any, Final

from flask import Response, request, url_for
from wtforms import HiddenField, PasswordField, StringField

from staffroll.web.pages import Form, PageGroup, cookies, gettext, go, lazy_gettext, notice, page
from staffroll_accounts.actions import AccountsScope
from staffroll_accounts.actions import two_factor as actions
from staffroll_accounts.actions.two_factor import SetUp
from staffroll_accounts.api.two_factor import CodeSchema, PasswordAgainSchema
from staffroll_accounts.domain.errors import (
    CurrentPasswordWrong,
    TwoFactorCodeWrong,
    TwoFactorNotBegun,
)
from staffroll_accounts.domain.sessions import SET_UP_TWO_FACTOR
from staffroll_accounts.pages.at_hand import AtHand
from staffroll_accounts.pages.passwords import target_or_account

_SEED: Final = re.compile(r"[A-Z2-7]{16,64}")


class PasswordForm(Form):
    password = PasswordField(lazy_gettext("Your password"))


class ConfirmForm(Form):
    """The first code; the seed comes along, so that a wrong code shows the same picture again."""

    code = StringField(lazy_gettext("Code"))
    secret = HiddenField()


def two_factor(at_hand: AtHand) -> PageGroup:
    """The pages of one's own second factor."""
    bp = PageGroup("two_factor_pages", __name__)

    @bp.form("/me/two-factor")
    @bp.needs_sign_in(narrowed_ok=SET_UP_TWO_FACTOR)
    def show(scope: AccountsScope) -> Response:
        """Ask for the password, then show what the app is to be told."""
        form = PasswordForm()
        if form.is_good():
            with form.refusals(password=CurrentPasswordWrong):
                given = form.load(PasswordAgainSchema)
                set_up = actions.begin(given["password"], scope, at_hand.passwords, at_hand.limiter)
                known = {"secret": set_up.secret}
                return _picture(ConfirmForm(sent=False, known=known), set_up)
        second = actions.overview(scope.actor.id, scope)
        return page(
            "account/two_factor.html", form.status, form=form, second=second, is_forced=_is_forced()
        )

    @bp.form("/me/two-factor/confirm")
    @bp.needs_sign_in(narrowed_ok=SET_UP_TWO_FACTOR)
    def confirm(scope: AccountsScope) -> Response:
        form = ConfirmForm()
        if form.is_good():
            with form.refusals(but=TwoFactorNotBegun, code=TwoFactorCodeWrong):
                codes = actions.confirm(form.load(CodeSchema)["code"], scope)
                return _show_codes(codes.recovery_codes)
        if not _SEED.fullmatch(form.secret.data or ""):
            return go(".show", **_on_the_way())
        return _picture(form, actions.drawn(str(form.secret.data), scope))

    @bp.form("/me/two-factor/recovery-codes")
    @bp.needs_sign_in()
    def renew(scope: AccountsScope) -> Response:
        form = PasswordForm()
        if form.is_good():
            with form.refusals(password=CurrentPasswordWrong):
                given = form.load(PasswordAgainSchema)
                codes = actions.renew_recovery_codes(
                    given["password"], scope, at_hand.passwords, at_hand.limiter
                )
                return _show_codes(codes.recovery_codes)
        return page("account/renew_codes.html", form.status, form=form)

    @bp.form("/me/two-factor/off")
    @bp.needs_sign_in()
    def turn_off(scope: AccountsScope) -> Response:
        form = PasswordForm()
        if form.is_good():
            with form.refusals(password=CurrentPasswordWrong):
                given = form.load(PasswordAgainSchema)
                actions.turn_off(given["password"], scope, at_hand.passwords, at_hand.limiter)
                notice(gettext("Two-factor authentication is off."))
                return go("account_pages.security")
        return page("account/two_factor_off.html", form.status, form=form)

    return bp


def _picture(form: ConfirmForm, set_up: SetUp) -> Response:
    action = url_for(".confirm", **_on_the_way())
    return page("account/picture.html", form.status, form=form, set_up=set_up, action=action)


def _show_codes(codes: tuple[str, ...]) -> Response:
    # By way of new tokens: the present ones may be narrowed to what has just been done.
    on = url_for("session_pages.refresh", next=target_or_account())
    answer = page("account/codes.html", codes=codes, on=on)
    # Whoever goes elsewhere instead is sent for them, and not held up as going in circles.
    cookies.drop(answer, cookies.REFRESHED)
    return answer


def _is_forced() -> bool:
    return request.args.get("first") == "yes"


def _on_the_way() -> dict[str, Any]:
    return {name: request.args[name] for name in ("first", "next") if name in request.args}
