"""Signing in: e-mail and password, then the second factor where there is one."""

from __future__ import annotations

import json
from typing import Any, Final

from cryptography.fernet import InvalidToken
from flask import Response, request, url_for
from wtforms import EmailField, HiddenField, PasswordField, StringField

from staffroll.web.pages import Form, PageGroup, cookies, gettext, lazy_gettext, page
from staffroll_accounts.actions import sign_in as actions
from staffroll_accounts.actions.sign_in import Credentials
from staffroll_accounts.api.sign_in import CredentialsSchema
from staffroll_accounts.domain.errors import SignInFailed, TwoFactorNeeded
from staffroll_accounts.pages import kept
from staffroll_accounts.pages.at_hand import AtHand
from staffroll_accounts.pages.session import keep, target

_CODE_WITHIN_SECONDS: Final = 300
_TENANT: Final = "staffroll-tenant"
_YEAR_SECONDS: Final = 31_536_000


class SignInForm(Form):
    """Who signs in, and what goes on afterwards."""

    tenant = StringField(lazy_gettext("Organisation"))
    email = EmailField(lazy_gettext("E-mail address"))
    password = PasswordField(lazy_gettext("Password"))
    kept = HiddenField()


class CodeForm(Form):
    """The second factor, for the credentials that were right a moment ago."""

    otp = StringField(lazy_gettext("Code"))
    sealed = HiddenField()
    kept = HiddenField()


def signing_in(at_hand: AtHand) -> PageGroup:
    """The pages of signing in."""
    bp = PageGroup("signing_in_pages", __name__)

    @bp.form("/sign-in")
    @bp.is_public()
    def sign_in() -> Response:
        form = SignInForm(known={"tenant": tenant_here()})
        if form.is_good():
            with form.refusals():
                given = form.load(CredentialsSchema, _typed(form))
                try:
                    return _enter(given, form.kept.data or "")
                except TwoFactorNeeded:
                    return _ask_for_code(given, form.kept.data or "")
        return page("signing_in/sign_in.html", form.status, form=form)

    @bp.form("/sign-in/code")
    @bp.is_public()
    def code() -> Response:
        form = CodeForm()
        if form.is_good():
            given = _opened(form.sealed.data or "")
            if given is None:
                return _begin_again(form.kept.data or "")
            with form.refusals(otp=SignInFailed):
                typed = {**given, "otp": (form.otp.data or "").strip()}
                return _enter(form.load(CredentialsSchema, typed), form.kept.data or "")
        if not form.sealed.data:
            return _begin_again("")
        return page("signing_in/code.html", form.status, form=form)

    def _enter(given: dict[str, Any], typed_before: str) -> Response:
        credentials = Credentials(given["email"], given["password"], given.get("otp"))
        signed_in = actions.sign_in(
            credentials,
            at_hand.anonymous(given["tenant"]),
            at_hand.passwords,
            at_hand.tokens,
            at_hand.limiter,
            user_agent=request.user_agent.string,
        )
        answer = keep(kept.go_on(target(), typed_before), signed_in, at_hand)
        cookies.put(answer, _TENANT, given["tenant"], seconds=_YEAR_SECONDS)
        return answer

    def _ask_for_code(given: dict[str, Any], typed_before: str) -> Response:
        form = CodeForm(sent=False, known={"sealed": _sealed(given), "kept": typed_before})
        return page("signing_in/code.html", form=form)

    def _sealed(given: dict[str, Any]) -> str:
        """What was typed first, for the page that asks for the code: no page shows a password."""
        return at_hand.at_rest.encrypt(json.dumps(given).encode()).decode()

    def _opened(sealed: str) -> dict[str, Any] | None:
        try:
            opened = at_hand.at_rest.decrypt(sealed.encode(), ttl=_CODE_WITHIN_SECONDS)
        except InvalidToken:
            return None
        given: dict[str, Any] = json.loads(opened)
        return given

    return bp


def tenant_here() -> str:
    """The organisation that a link names, or that somebody signed in to last with this browser."""
    return request.args.get("tenant") or cookies.get(_TENANT)


def ask_again(wanted: str, typed: str) -> Response:
    """The page to sign in, for somebody whose session ended while they filled in a form.

    Args:
        wanted: Where the form belongs.
        typed: Its fields, as `kept` has them.
    """
    form = SignInForm(sent=False, known={"kept": typed, "tenant": tenant_here()})
    text = gettext("Your session has ended. Please sign in again.")
    if typed:
        text = gettext("Your session has ended. Sign in again: what you typed is kept.")
    action = url_for("signing_in_pages.sign_in", next=wanted)
    return page("signing_in/sign_in.html", 401, form=form, action=action, ended=text)


def _begin_again(typed_before: str) -> Response:
    form = SignInForm(sent=False, known={"kept": typed_before, "tenant": tenant_here()})
    action = url_for("signing_in_pages.sign_in", next=request.args.get("next"))
    text = gettext("That took too long. Please sign in once more.")
    return page("signing_in/sign_in.html", 401, form=form, action=action, ended=text)


def _typed(form: SignInForm) -> dict[str, str]:
    given = {
        "tenant": (form.tenant.data or "").strip().lower(),
        "email": (form.email.data or "").strip(),
        "password": form.password.data or "",
    }
    return {name: text for name, text in given.items() if text}
