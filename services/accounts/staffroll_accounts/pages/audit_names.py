"""Who and what the lines of the audit trail are about, as people call them.

Read for a whole page of lines at once. Whom the reader may not see elsewhere has no name here
either: the trail itself holds ids alone.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from flask import url_for
from markupsafe import Markup

from staffroll.audit_chain import Line
from staffroll.ids import UUID_PATTERN
from staffroll.scope import SYSTEM_PREFIX
from staffroll.web.pages import gettext
from staffroll_accounts.actions import AccountsScope
from staffroll_accounts.domain.users import User
from staffroll_accounts.domain.webhook_urls import host_of

ANONYMOUS: Final = "anonymous"
_OPERATORS: Final = f"{SYSTEM_PREFIX}platform"
_NO_USER: Final = ("tenant", "plugin", "role", "webhook", "import")
"""Actions that begin like this are done to something else than a user."""

_SHORT: Final = 8
"""Of an id, the end: they begin with the time at which they were made, which many share."""


class Names:
    """What to call those who stand in some lines."""

    def __init__(self, lines: Iterable[Line], scope: AccountsScope) -> None:
        lines = list(lines)
        self._may_see_users = scope.actor.may("accounts.users:read")
        self._users = self._read_users(lines, scope)
        self._roles = {}
        if _are_about("role", lines) and scope.actor.may("accounts.roles:read"):
            self._roles = {role.id: role.name for role in scope.store.roles.all()}
        self._webhooks = {}
        if _are_about("webhook", lines) and scope.actor.may("accounts.webhooks:read"):
            self._webhooks = {one.id: host_of(one.url) for one in scope.store.webhooks.all()}

    def actor(self, line: Line) -> Markup:
        """Who did it."""
        return self.who(line["actor"])

    def subject(self, line: Line) -> Markup:
        """To whom or what it was done."""
        id_, kind = line["subject"], _kind(line)
        match kind:
            case "role":
                return _named(self._roles.get(id_) or _by_id(id_))
            case "webhook":
                return _named(self._webhooks.get(id_) or _by_id(id_))
            case _:
                return self.who(id_)

    def who(self, id_: str) -> Markup:
        """A user, a part of the system, or nobody in particular."""
        if id_ == ANONYMOUS:
            return _named(gettext("somebody who was not signed in"))
        if id_ == _OPERATORS:
            return _named(gettext("the platform team"))
        if id_.startswith(SYSTEM_PREFIX):
            return _named("Staffroll")
        user = self._users.get(id_)
        if user is None:
            return _named(gettext("user %(id)s", id=_by_id(id_)))
        if user.status == "deleted":
            return _named(gettext("user %(id)s (deleted)", id=_by_id(id_)))
        link = Markup('<a href="{}">{}</a>')
        return link.format(url_for("user_page.show", user_id=id_), full_name(user))

    def _read_users(self, lines: list[Line], scope: AccountsScope) -> dict[str, User]:
        ids = {line["actor"] for line in lines}
        ids |= {line["subject"] for line in lines if _kind(line) not in _NO_USER}
        wanted = sorted(id_ for id_ in ids if UUID_PATTERN.match(id_))
        if not wanted or not self._may_see_users:
            return {}
        return {user.id: user for user in scope.store.users.each(wanted)}


def full_name(user: User) -> str:
    """First name first."""
    return f"{user.first_name} {user.last_name}".strip()


def _kind(line: Line) -> str:
    return str(line["action"]).partition(".")[0]


def _are_about(kind: str, lines: Iterable[Line]) -> bool:
    return any(_kind(line) == kind for line in lines)


def _by_id(id_: str) -> str:
    return id_[-_SHORT:]


def _named(text: str) -> Markup:
    return Markup("<strong>{}</strong>").format(text)
