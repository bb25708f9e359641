"""Passwords: forgotten, set by a link, and changed by oneself."""

from __future__ import annotations

from typing import Any

from flask import Response, request, url_for
from wtforms import EmailField, PasswordField, StringField

from staffroll.errors import NotFound, Unavailable
from staffroll.web.pages import Form, PageGroup, gettext, go, lazy_gettext, notice, page
from staffroll_accounts.actions import AccountsScope
from staffroll_accounts.actions import passwords as actions
from staffroll_accounts.api.passwords import (
    OwnPasswordSchema,
    PasswordSchema,
    ResetRequestSchema,
)
from staffroll_accounts.domain import reset_tokens
from staffroll_accounts.domain.errors import CurrentPasswordWrong, ResetTokenInvalid
from staffroll_accounts.domain.sessions import CHANGE_PASSWORD
from staffroll_accounts.pages import password_rules
from staffroll_accounts.pages.at_hand import AtHand
from staffroll_accounts.pages.session import by_refresh, forget, target
from staffroll_accounts.pages.signing_in import tenant_here


class ForgottenForm(Form):
    tenant = StringField(lazy_gettext("Organisation"))
    email = EmailField(lazy_gettext("E-mail address"))


class NewPasswordForm(Form):
    password = PasswordField(lazy_gettext("New password"))


class OwnPasswordForm(Form):
    current_password = PasswordField(lazy_gettext("Your current password"))
    password = PasswordField(lazy_gettext("New password"))


def passwords(at_hand: AtHand) -> PageGroup:
    """The pages of passwords."""
    bp = PageGroup("password_pages", __name__)

    @bp.form("/forgotten-password")
    @bp.is_public()
    def forgotten() -> Response:
        form = ForgottenForm(known={"tenant": tenant_here()})
        if form.is_good():
            with form.refusals():
                tenant = (form.tenant.data or "").strip().lower()
                typed = {"tenant": tenant, "email": form.email.data}
                asked = form.load(ResetRequestSchema, _without_empty(typed))
                scope = at_hand.anonymous(asked["tenant"])
                actions.request_reset(asked["email"], scope, at_hand.limiter)
                return go(".asked")
        return page("passwords/forgotten.html", form.status, form=form)

    @bp.get("/forgotten-password/asked")
    @bp.is_public()
    def asked() -> Response:
        return page("passwords/asked.html")

    @bp.form("/set-password")
    @bp.is_public()
    def by_link() -> Response:
        form = NewPasswordForm()
        is_sent = form.is_good()
        try:
            token = reset_tokens.read(request.args.get("token", ""))
            scope = at_hand.anonymous(token.tenant_id)
            rules = password_rules.sentences(scope)
        except (ResetTokenInvalid, NotFound, Unavailable):
            return page("passwords/no_link.html", 404)
        if is_sent:
            try:
                with form.refusals(but=ResetTokenInvalid):
                    body = form.load(PasswordSchema)
                    hasher, limiter = at_hand.passwords, at_hand.limiter
                    actions.use_link(token, body["password"], scope, hasher, limiter)
                    notice(gettext("Your new password is set. Sign in with it."))
                    return forget(go("signing_in_pages.sign_in", tenant=token.tenant_id))
            except ResetTokenInvalid:
                return page("passwords/no_link.html", 404)
        return page("passwords/by_link.html", form.status, form=form, rules=rules)

    @bp.form("/me/password")
    @bp.needs_sign_in(narrowed_ok=CHANGE_PASSWORD)
    def change(scope: AccountsScope) -> Response:
        form = OwnPasswordForm()
        if form.is_good():
            with form.refusals(current_password=CurrentPasswordWrong):
                body = form.load(OwnPasswordSchema)
                actions.change_own(
                    body["current_password"],
                    body["password"],
                    scope,
                    at_hand.passwords,
                    at_hand.limiter,
                )
                notice(gettext("Your password is changed. Other devices have been signed out."))
                # Every access token is void now; this session gets a new one on the way.
                return by_refresh(target_or_account())
        rules = password_rules.sentences(scope)
        is_forced = request.args.get("first") == "yes"
        shown: dict[str, Any] = {"form": form, "rules": rules, "is_forced": is_forced}
        return page("passwords/change.html", form.status, **shown)

    return bp


def target_or_account() -> str:
    """Where the reader wanted to go, else their own account."""
    return target() if request.args.get("next") else url_for("account_pages.security")


def _without_empty(typed: dict[str, Any]) -> dict[str, Any]:
    return {name: text for name, text in typed.items() if text}
