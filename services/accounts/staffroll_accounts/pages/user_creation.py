"""Account › Users: somebody new, invited by e-mail or with a password from the start."""

from __future__ import annotations

from http import HTTPStatus
from typing import Any, Final

from flask import Response
from wtforms import PasswordField, RadioField
from wtforms.validators import Optional

from staffroll.giving import RoleNotYours
from staffroll.web.pages import PageGroup, gettext, go, lazy_gettext, notice, page
from staffroll_accounts.actions import AccountsScope, tenants
from staffroll_accounts.actions import users as actions
from staffroll_accounts.api.users import NewUserSchema
from staffroll_accounts.domain.errors import EmailTaken
from staffroll_accounts.pages import password_rules
from staffroll_accounts.pages.at_hand import AtHand
from staffroll_accounts.pages.user_fields import UserForm, by_category

_INVITE: Final = "invite"
_PASSWORD: Final = "password"  # noqa: S105 (a choice, not one)


def _ways() -> dict[str, str]:
    return {
        _INVITE: gettext("Send an invitation by e-mail: they set their password themselves"),
        _PASSWORD: gettext("Set a password now"),
    }


class NewUserForm(UserForm):
    access = RadioField(lazy_gettext("How they sign in first"), choices=_ways, default=_INVITE)
    password = PasswordField(lazy_gettext("Password"), [Optional()])

    def typed(self, scope: AccountsScope) -> dict[str, Any]:
        how = (
            {"password": self.password.data}
            if self.access.data == _PASSWORD and self.password.data
            else {"invite": self.access.data == _INVITE}
        )
        return {**super().typed(scope), **how}

    def has_way_in(self) -> bool:
        """Whether there is a password, where one is to be set; what lacks is said."""
        if self.access.data != _PASSWORD or self.password.data:
            return True
        self.status = HTTPStatus.UNPROCESSABLE_ENTITY
        self.say_at("password", [gettext("Please fill this in.")])
        return False


def user_creation(at_hand: AtHand) -> PageGroup:
    """The page that creates a user."""
    bp = PageGroup("user_creation_pages", __name__)

    @bp.form("/users/new")
    @bp.needs("accounts.users:edit")
    def create(scope: AccountsScope) -> Response:
        house = tenants.get(scope)
        form = NewUserForm(known={"language": house.languages[0], "time_zone": house.time_zone})
        form.offer(scope)
        if form.is_good():
            has_way_in = form.has_way_in()
            with form.refusals(email=EmailTaken, roles=RoleNotYours):
                body = form.load(NewUserSchema, form.typed(scope))
                if has_way_in:
                    user = actions.create(
                        body.user,
                        scope,
                        password=body.password,
                        passwords=at_hand.passwords,
                        invite=body.invite,
                    )
                    name = f"{user.first_name} {user.last_name}".strip()
                    notice(
                        gettext("%(name)s is created, and gets an invitation by mail.", name=name)
                        if body.invite
                        else gettext("%(name)s is created.", name=name)
                    )
                    return go("user_page.show", user_id=user.id)
        return page(
            "users/new.html",
            form.status,
            form=form,
            groups=by_category(form, scope),
            rules=password_rules.sentences(scope),
        )

    return bp
