"""On the way to something: the password once more, or what must be done before anything else."""

from __future__ import annotations

from flask import Response, request, url_for
from wtforms import HiddenField, PasswordField, StringField

from staffroll.web.guard import ANY_NARROWED
from staffroll.web.pages import Form, PageGroup, go, lazy_gettext, page, reading
from staffroll.web.pages.rendering import go_to
from staffroll_accounts.actions import AccountsScope
from staffroll_accounts.actions import step_up as actions
from staffroll_accounts.actions import users as all_users
from staffroll_accounts.api.sessions import StepUpSchema
from staffroll_accounts.domain.errors import CurrentPasswordWrong, TwoFactorCodeWrong
from staffroll_accounts.domain.sessions import CHANGE_PASSWORD, SET_UP_TWO_FACTOR
from staffroll_accounts.pages import kept
from staffroll_accounts.pages.at_hand import AtHand
from staffroll_accounts.pages.session import by_refresh, keep, target


class StepUpForm(Form):
    """Password or code, and what goes on afterwards."""

    password = PasswordField(lazy_gettext("Your password"))
    otp = StringField(lazy_gettext("Or a code of your second factor"))
    kept = HiddenField()
    stepping_up = HiddenField(default="yes")


def step_up(at_hand: AtHand) -> PageGroup:
    """The pages on the way."""
    bp = PageGroup("step_up_pages", __name__)

    @bp.form("/step-up")
    @bp.needs_sign_in()
    def ask(scope: AccountsScope) -> Response:
        """Ask, then go back; a form that was on its way is sent on."""
        is_own = "stepping_up" in request.form
        typed = "" if is_own else kept.from_other_form()
        form = StepUpForm(sent=is_own, known={"kept": typed})
        if form.is_good():
            with form.refusals(password=CurrentPasswordWrong, otp=TwoFactorCodeWrong):
                given = form.load(StepUpSchema)
                signed_in = actions.step_up(
                    given.get("password"),
                    given.get("otp"),
                    scope,
                    at_hand.passwords,
                    at_hand.tokens,
                    at_hand.limiter,
                )
                return keep(kept.go_on(target(), form.kept.data or ""), signed_in, at_hand)
        has_code = all_users.get(scope.actor.id, scope).security.two_factor is not None
        action = url_for(".ask", next=request.args.get("next"))
        return page(
            "signing_in/step_up.html", form.status, form=form, action=action, has_code=has_code
        )

    @bp.get("/first-steps")
    @bp.needs_sign_in(narrowed_ok=ANY_NARROWED)
    def first_steps(scope: AccountsScope) -> Response:
        """To the next thing that must be done before anything else, or on."""
        left = reading.narrowed_to()
        security = all_users.get(scope.actor.id, scope).security
        back = url_for(".first_steps", next=target())
        if CHANGE_PASSWORD in left and security.must_change_password:
            return go("password_pages.change", first="yes", next=back)
        if SET_UP_TWO_FACTOR in left and security.two_factor is None:
            return go("two_factor_pages.show", first="yes", next=back)
        # Done meanwhile, where anything is left: the next token says so.
        return by_refresh(target()) if left else go_to(target())

    return bp
