"""Humans on the pages of a place that follows accounts: created, in step or not, deleted.

The templates' part is ``pages/followed.html``. Source: R6, R8, R60, R63.
"""

from __future__ import annotations

from typing import Any, Final, Literal

from wtforms import BooleanField, SelectField, StringField
from wtforms.validators import InputRequired, Optional

from staffroll.errors import NotFound
from staffroll.followed import Followed
from staffroll.following.actions import Actions, Answer
from staffroll.mongo.records import FollowingStore
from staffroll.scope import Scope
from staffroll.user_copy import UserCopy
from staffroll.web.pages import choices
from staffroll.web.pages.forms import Form
from staffroll.web.pages.notices import notice
from staffroll.web.pages.words import gettext, lazy_gettext

WAIT_SECONDS: Final = 3.0
"""For accounts' answer, before a page says that it is on its way."""

Sync = Literal["in_step", "on_the_way", "refused"]


def sync_of(followed: Followed) -> Sync:
    """Whether a human is in step with their user, as far as this place knows.

    Refused where anything wished of accounts was; on the way where anything is unanswered.
    """
    wishes = followed.wishes
    if any(wish.is_refused for wish in wishes):
        return "refused"
    return "on_the_way" if wishes else "in_step"


def listed_name(user: UserCopy) -> str:
    """Last name first, as lists are sorted."""
    return ", ".join(filter(None, (user.last_name, user.first_name)))


class HumanForm(Form):
    """What is asked of a human who is created here, or corrected."""

    last_name = StringField(lazy_gettext("Last name"))
    first_name = StringField(lazy_gettext("First name"), validators=[Optional()])
    email = StringField(lazy_gettext("E-mail address"))
    language = SelectField(lazy_gettext("Language"), validators=[Optional()], validate_choice=False)
    time_zone = SelectField(
        lazy_gettext("Time zone"), validators=[Optional()], validate_choice=False
    )

    def offer(self, scope: Scope[FollowingStore[Any]]) -> None:
        """Fill in what can be chosen."""
        house = scope.store.directory.house()
        any_language = {"": gettext("As the organisation has it")}
        languages = choices.languages(house.languages, self.language.data or "")
        self.language.choices = {**any_language, **languages}
        any_zone = {"": gettext("As the organisation has it (%(zone)s)", zone=house.time_zone)}
        self.time_zone.choices = {**any_zone, **choices.time_zones(self.time_zone.data or "")}


class DeleteForm(Form):
    """What must be understood before `user` is deleted for ever (R60)."""

    understood = BooleanField(
        validators=[InputRequired(lazy_gettext("Check this box, if you are sure."))]
    )

    def __init__(self, user: UserCopy, *, sent: bool | None = None) -> None:
        super().__init__(sent=sent)
        self.understood.label.text = gettext(
            "I understand that the user record and all scheduling data for %(name)s will be "
            "deleted.",
            name=user.name,
        )


def say_of_creation(answer: Answer[Any]) -> None:
    """What became of a wish to create; why it was refused stands on the human's page."""
    name = answer.record.followed.user.name
    if answer.is_under_way:
        text = gettext("%(name)s is on the way: the user account is being made.", name=name)
        notice(text, "info")
    elif answer.refusal is None:
        notice(gettext("%(name)s is created.", name=name))


def delete(id_: str, actions: Actions[Any], scope: Scope[FollowingStore[Any]]) -> bool:
    """Wish that accounts deletes the user, and say what became of it.

    Returns:
        Whether they are gone already.
    Raises:
        NotFound, NotConfirmed.
    """
    name = actions.get(id_, scope).followed.user.name
    answer = actions.delete(id_, scope, expected=None)
    try:
        answer = actions.wait(answer, scope, WAIT_SECONDS)
    except NotFound:
        notice(gettext("%(name)s is deleted.", name=name))
        return True
    if answer.is_under_way:
        notice(gettext("%(name)s is being deleted.", name=name), "info")
    return False
