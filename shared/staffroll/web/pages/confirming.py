"""Asking once more before what cannot be taken back: a box alone enables the button."""

from __future__ import annotations

from collections.abc import Mapping
from http import HTTPStatus
from typing import Any

from wtforms import BooleanField

from staffroll.errors import StaffrollError, Stale
from staffroll.web.pages.seen import SeenForm
from staffroll.web.pages.words import gettext


class ConfirmForm(SeenForm):
    """Shown by ``pages/confirm.html``.

    Args:
        text: What whoever checks the box says.
        now: What they confirm, such as a version and numbers, by any names: where it is not so
            any more, they are asked again.
    """

    understood = BooleanField()

    def __init__(self, text: str, now: Mapping[str, Any] | None = None) -> None:
        super().__init__(now or {}, known={})
        self.understood.label.text = text

    def is_confirmed(self) -> bool:
        """Whether it was sent, from our page, with the box checked; also without scripts."""
        if not self.is_good():
            return False
        if self._before != self._now:
            self.refuse(Stale())
            return False
        lacking = self.lacking()
        if lacking:
            self.status = HTTPStatus.UNPROCESSABLE_ENTITY
        for name, text in lacking.items():
            self.say_at(name, [text])
        return not lacking

    def lacking(self) -> dict[str, str]:
        """What must be filled in first, by field."""
        return {} if self.understood.data else {"understood": gettext("Check this first.")}

    def refuse(
        self, error: StaffrollError, at: Mapping[str, type[StaffrollError]] | None = None
    ) -> None:
        if isinstance(error, Stale):
            self.see()
            self.understood.data = False
        super().refuse(error, at)

    def disturbed(self) -> str:
        return gettext(
            "Somebody changed this while you were here. Nothing was done: please look at it again."
        )
