"""Account › Security: second factors, passwords and sessions of the whole organisation."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Final

from babel.units import format_unit
from flask import Response
from marshmallow import fields, validate
from wtforms import IntegerField

from staffroll.errors import Forbidden, StaffrollError
from staffroll.scope import FRESH_FOR
from staffroll.web.lists import PageQuerySchema, Position
from staffroll.web.pages import (
    ConfirmForm,
    Listing,
    PageGroup,
    gettext,
    go,
    lazy_gettext,
    ngettext,
    notice,
    page,
    words,
)
from staffroll_accounts.actions import AccountsScope, sessions, tenants
from staffroll_accounts.actions import security as actions
from staffroll_accounts.domain.locking import LOCKED_AT_FAILURE
from staffroll_accounts.domain.tenants import PASSWORD_MIN_LENGTH_RANGE
from staffroll_accounts.domain.two_factor import Spread
from staffroll_accounts.pages import password_rules
from staffroll_accounts.pages.at_hand import AtHand
from staffroll_accounts.pages.tenant_fields import EDIT as EDIT_TENANT
from staffroll_accounts.pages.tenant_fields import READ as READ_TENANT
from staffroll_accounts.pages.tenant_fields import SettingsForm, check_may_edit

READ: Final = "accounts.security:read"
EDIT: Final = "accounts.security:edit"
READ_USERS: Final = "accounts.users:read"

BAR_WIDTH: Final = 1000.0
"""Of the picture of the spread, in its own units."""

_STANDINGS: Final = {
    "on": lazy_gettext("Have a second factor"),
    "enforced": lazy_gettext("Must set one up at the next sign-in"),
    "off": lazy_gettext("Have none"),
}


class PasswordsForm(SettingsForm):
    settings = ("password_min_length",)

    password_min_length = IntegerField(lazy_gettext("Characters that a password must have"))


class StandingQuerySchema(PageQuerySchema):
    """Users by where they stand with their second factor."""

    state = fields.String(load_default="off", validate=validate.OneOf(list(_STANDINGS)))


@dataclass(frozen=True, slots=True)
class Part:
    """One part of the spread, and where it lies in the picture.

    Attributes:
        x, width: In units of `BAR_WIDTH`.
    """

    state: str
    label: object
    count: int
    x: float
    width: float


def parts(spread: Spread) -> list[Part]:
    """All users by where they stand, as one bar."""
    counts = {
        "on": spread.on + spread.on_enforced,
        "enforced": spread.enforced,
        "off": spread.off,
    }
    all_ = sum(counts.values()) or 1
    found, x = [], 0.0
    for state, count in counts.items():
        width = BAR_WIDTH * count / all_
        found.append(Part(state, _STANDINGS[state], count, x, width))
        x += width
    return found


def security(at_hand: AtHand) -> PageGroup:
    """The pages of security."""
    bp = PageGroup("security_pages", __name__)

    @bp.get("/security")
    @bp.needs(READ)
    def show(scope: AccountsScope) -> Response:
        return _show(scope, at_hand, None)

    @bp.form("/security/passwords")
    @bp.needs(READ_TENANT)
    def set_passwords(scope: AccountsScope) -> Response:
        form = PasswordsForm(tenants.get(scope))
        if form.is_good():
            check_may_edit(scope)
            with form.refusals():
                length = form.password_min_length.data
                form.save({"password_min_length": length}, scope)
                notice(gettext("Saved. It counts for passwords that are set from now on."))
                return go(".show")
        if not scope.actor.may(READ):
            raise Forbidden(permission=READ)
        return _show(scope, at_hand, form)

    @bp.form("/security/two-factor/enforce")
    @bp.needs(EDIT, fresh=True)
    def enforce(scope: AccountsScope) -> Response:
        left = actions.foresee(scope, enforced=True).enforced
        text = ngettext(
            "I understand that %(n)s user must set up a second factor before they can go on.",
            "I understand that %(n)s users must set up a second factor before they can go on.",
            left,
        )
        form = ConfirmForm(text)
        if form.is_confirmed():
            with form.refusals():
                actions.set_enforcement(scope, enforced=True)
                notice(gettext("From their next sign-in on, all users need a second factor."))
                return go(".show")
        return page("security/enforce.html", form.status, form=form, left=left)

    @bp.form("/security/two-factor/release")
    @bp.needs(EDIT, fresh=True)
    def release(scope: AccountsScope) -> Response:
        form = ConfirmForm(
            gettext(
                "I understand that a password alone is enough for whoever has no second factor."
            )
        )
        if form.is_confirmed():
            with form.refusals():
                actions.set_enforcement(scope, enforced=False)
                notice(gettext("A second factor is not enforced for all users any more."))
                return go(".show")
        foreseen = actions.foresee(scope, enforced=False)
        return page("security/release.html", form.status, form=form, foreseen=foreseen)

    @bp.get("/security/users")
    @bp.needs(READ)
    def show_users(scope: AccountsScope) -> Response:
        if not scope.actor.may(READ_USERS):
            raise Forbidden(permission=READ_USERS)
        listing = Listing(StandingQuerySchema)
        found, end = _users(listing, scope)
        spread = actions.overview(scope).two_factor
        return page(
            "security/users.html",
            listing=listing,
            users=found,
            parts=parts(spread),
            signed_in=sessions.last_sign_ins([user.id for user in found], scope),
            next_cursor=Position(*end).to_cursor() if end else None,
        )

    return bp


def _show(scope: AccountsScope, at_hand: AtHand, form: PasswordsForm | None) -> Response:
    overview = actions.overview(scope)
    if form is None and scope.actor.may(READ_TENANT):
        form = PasswordsForm(tenants.get(scope), sent=False)
    spread = parts(overview.two_factor)
    return page(
        "security/show.html",
        form.status if form is not None else 200,
        overview=overview,
        parts=spread,
        users=sum(part.count for part in spread),
        bar_width=BAR_WIDTH,
        form=form,
        may_edit_tenant=scope.actor.may(EDIT_TENANT),
        range=PASSWORD_MIN_LENGTH_RANGE,
        rules=password_rules.sentences(scope),
        idle=_span(at_hand.tokens.lifetime.idle),
        longest=_span(at_hand.tokens.lifetime.longest),
        fresh_for=_span(FRESH_FOR),
        locked_at=LOCKED_AT_FAILURE,
    )


def _users(listing: Listing, scope: AccountsScope) -> tuple[list[Any], tuple[str, str] | None]:
    query = listing.query
    after = None
    try:
        if query["cursor"]:
            position = Position.from_cursor(query["cursor"])
            after = position.sort, position.id
    except StaffrollError as error:
        listing.refuse(error)
    return actions.find_by_factor(scope, query["state"], after=after, limit=query["limit"])


def _span(length: timedelta) -> str:
    """A length of time in the largest unit that it is a whole number of."""
    seconds = int(length.total_seconds())
    for unit, size in (("day", 86_400), ("hour", 3_600), ("minute", 60)):
        if seconds % size == 0:
            return format_unit(seconds // size, f"duration-{unit}", locale=words.current().locale)
    return format_unit(seconds, "duration-second", locale=words.current().locale)
