"""Asking once more before what cannot be taken back: a box alone enables the button."""

from __future__ import annotations

from http import HTTPStatus

from wtforms import BooleanField

from staffroll.web.pages.forms import Form
from staffroll.web.pages.words import gettext


class ConfirmForm(Form):
    """Shown by ``pages/confirm.html``.

    Args:
        text: What whoever checks the box says.
    """

    understood = BooleanField()

    def __init__(self, text: str) -> None:
        super().__init__()
        self.understood.label.text = text

    def is_confirmed(self) -> bool:
        """Whether it was sent, from our page, with the box checked; also without scripts."""
        if not self.is_good():
            return False
        if not self.understood.data:
            self.status = HTTPStatus.UNPROCESSABLE_ENTITY
            self.say_at("understood", [gettext("Check this first.")])
        return bool(self.understood.data)
