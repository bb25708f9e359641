"""Forms about what several people may have open at once: nobody overwrites what they never saw."""

from __future__ import annotations

import json
from collections.abc import Mapping
from http import HTTPStatus
from typing import Any, Final

from wtforms import HiddenField

from staffroll.errors import StaffrollError, Stale
from staffroll.web.pages.forms import Form
from staffroll.web.pages.words import gettext, number

_UNKNOWN: Final = object()


class SeenForm(Form):
    """With what its reader saw, in a hidden field that ``kit.form_start`` puts into the form.

    By values and not by a version: changes of what the form does not show disturb nobody.

    Args:
        now: What is stored, as JSON, by the names of the fields.
        known: What the form begins with, where that is something else.
    """

    seen = HiddenField()

    unordered: frozenset[str] = frozenset()
    """Names of lists whose order means nothing."""

    def __init__(
        self,
        now: Mapping[str, Any],
        *,
        sent: bool | None = None,
        known: Mapping[str, Any] | None = None,
    ) -> None:
        super().__init__(sent=sent, known=now if known is None else known)
        self._now = {name: self._plain(name, value) for name, value in now.items()}
        self._before = _read(self.seen.data) if self._is_sent else self._now
        if not self._is_sent:
            self.see()

    def see(self) -> None:
        """From now on the reader has seen what is stored."""
        self.seen.data = json.dumps(self._now)

    def changes(self, wanted: Mapping[str, Any]) -> dict[str, Any]:
        """What of `wanted` the reader changed; the rest stays as others have made it.

        Raises:
            Stale: Others changed the same meanwhile, to something else; it is said at the fields.
        """
        self.see()
        found = {
            name: value
            for name, value in wanted.items()
            if self._plain(name, value) != self._before.get(name, _UNKNOWN)
        }
        if self._say_newer(found):
            raise Stale
        return found

    def check_seen(self, wanted: Mapping[str, Any]) -> None:
        """All is as the reader saw it, whether they changed it or not.

        Raises:
            Stale: As of `changes`.
        """
        self.see()
        self._say_newer(wanted)
        if self._before != self._now:
            raise Stale

    def by_now(self, name: str, now: Any, typed: Any) -> list[str]:
        """What stands at a field that others have changed."""
        text = self.read_out(name, now) or "–"
        return [gettext("Somebody changed this meanwhile. By now it is: %(now)s", now=text)]

    def read_out(self, name: str, value: Any) -> str:
        """What is stored, for people."""
        if isinstance(value, list):
            return ", ".join(self.read_out(name, one) for one in value)
        if value is None:
            return ""
        return number(value) if isinstance(value, int) else str(value)

    def refuse(
        self, error: StaffrollError, at: Mapping[str, type[StaffrollError]] | None = None
    ) -> None:
        if not isinstance(error, Stale):
            super().refuse(error, at)
            return
        self.status = HTTPStatus.UNPROCESSABLE_ENTITY
        self.problems.append(self.disturbed())

    def disturbed(self) -> str:
        """What is said of the whole form where others were faster."""
        return gettext(
            "Somebody changed this meanwhile. What you filled in is still here: save it again, and "
            "it counts."
        )

    def _say_newer(self, wanted: Mapping[str, Any]) -> bool:
        newer = {
            name: value
            for name, value in wanted.items()
            if self._now[name] not in (self._before.get(name, _UNKNOWN), self._plain(name, value))
        }
        for name, value in newer.items():
            self.say_at(name, self.by_now(name, self._now[name], value))
        return bool(newer)

    def _plain(self, name: str, value: Any) -> Any:
        if isinstance(value, list | tuple | set | frozenset):
            return sorted(value) if name in self.unordered else list(value)
        return value


def _read(seen: str | None) -> dict[str, Any]:
    try:
        found = json.loads(seen or "{}")
    except (ValueError, RecursionError):
        return {}
    return found if isinstance(found, dict) else {}
