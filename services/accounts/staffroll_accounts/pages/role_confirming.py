"""Asking once more before something is done to a role, as its reader saw it."""

from __future__ import annotations

from http import HTTPStatus

from wtforms import HiddenField

from staffroll.web.pages import ConfirmForm, gettext
from staffroll_accounts.domain.roles import Role

_NO_VERSION = -1


class ConfirmSeenForm(ConfirmForm):
    """With the version that its reader saw.

    Args:
        text: As of `ConfirmForm`.
        role: As it is now.
    """

    version = HiddenField()

    def __init__(self, text: str, role: Role) -> None:
        super().__init__(text)
        if not self._is_sent:
            self.version.data = str(role.version)

    @property
    def expected(self) -> int:
        """The version that was seen; one that no role has, where that cannot be read."""
        text = self.version.data or ""
        return int(text) if text.isascii() and text.isdigit() and len(text) < 10 else _NO_VERSION

    def see_again(self, role: Role) -> None:
        """What was confirmed is not so any more: show what is, and ask once more."""
        self.status = HTTPStatus.UNPROCESSABLE_ENTITY
        self.problems.append(
            gettext(
                "Somebody changed the role, or who has it, while you were here. Nothing was done: "
                "please look at it again."
            )
        )
        self.version.data = str(role.version)
        self.understood.data = False
