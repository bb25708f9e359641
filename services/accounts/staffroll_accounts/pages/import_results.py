"""What became of the lines of an import, in words: on the page, and as a CSV file."""

from __future__ import annotations

import codecs
import csv
import io
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from staffroll.giving import RoleNotYours
from staffroll.web.pages import gettext, lazy_gettext
from staffroll_accounts.actions import AccountsScope
from staffroll_accounts.domain.errors import EmailTaken
from staffroll_accounts.domain.imports import Line
from staffroll_accounts.domain.tables import CELL_MAX_CHARACTERS

COLUMNS: Final[Mapping[str, str]] = {
    "last_name": "Last name",
    "first_name": "First name",
    "email": "Email",
    "language": "Language",
    "time_zone": "Time zone",
    "roles": "Roles",
}
"""How the columns are called in a file, whatever the reader's language."""

_WORDS: Final[Mapping[str, Any]] = {
    "cell_too_long": lazy_gettext("A cell has more than %(most)s characters."),
    "control_characters": lazy_gettext("No control characters."),
    "deleted_meanwhile": lazy_gettext("This user was deleted after the file was sent."),
    "direction_override": lazy_gettext("No characters that change the writing direction."),
    "email_invalid": lazy_gettext("This is not an e-mail address."),
    "email_taken": lazy_gettext(
        "Somebody else in this organisation has this e-mail address already."
    ),
    "formula_start": lazy_gettext(
        "Must not begin with = + - @ or a tab, nor have these right after a ; or another separator."
    ),
    "language_not_offered": lazy_gettext("Your organisation does not offer this language."),
    "language_unknown": lazy_gettext("This is not the tag of a language, as de and pt-BR are."),
    "plugin_failed": lazy_gettext("A plugin of your organisation failed."),
    "plugin_missing": lazy_gettext("A plugin of your organisation is not installed."),
    "required": lazy_gettext("Must not be empty."),
    "role_not_yours": lazy_gettext("You cannot give a role that may do more than you."),
    "role_unknown": lazy_gettext("There is no role of this name."),
    "row_ragged": lazy_gettext("The line has too few or too many cells."),
    "row_unreadable": lazy_gettext("The line is too long, or its quotation marks do not match."),
    "time_zone_unknown": lazy_gettext("This is not the name of a time zone, as Europe/Berlin is."),
    "too_long": lazy_gettext("This is too long."),
    "twice_in_file": lazy_gettext("Line %(first)s has the same e-mail address."),
}
"""By code: a result keeps no sentences."""

_COLUMN_OF: Final = {
    EmailTaken.code: "email",
    RoleNotYours.code: "roles",
    "twice_in_file": "email",
}
"""Of refusals that are about a column and do not name it."""


@dataclass(frozen=True, slots=True)
class Problem:
    """What is wrong with a line.

    Attributes:
        column: As the file calls it; empty where it is about the whole line.
        cell: What stands there, where that is known.
    """

    code: str
    text: str
    column: str = ""
    cell: str = ""


@dataclass(frozen=True, slots=True)
class Row:
    """A line of the file, and what became of it or would.

    Attributes:
        name: Of whom it is about, where that is known to the reader.
        user_id: Whose page there is.
    """

    line: int
    outcome: str
    name: str = ""
    email: str = ""
    user_id: str | None = None
    problems: Sequence[Problem] = ()


def rows(
    results: Sequence[Mapping[str, Any]], lines: Mapping[int, Line], scope: AccountsScope
) -> list[Row]:
    """The results as people read them.

    Args:
        lines: As they stand in the file, by number, as far as they are known.
    """
    users = _users(results, scope)
    found = []
    for result in results:
        number = result["line"]
        cells = lines[number].values if number in lines else {}
        name = ", ".join(filter(None, (cells.get("last_name"), cells.get("first_name"))))
        email = cells.get("email", "")
        user_id = result.get("user_id")
        if user_id in users:
            name, email = users[user_id]
        problems = problems_of(result, cells)
        is_there = user_id if user_id in users else None
        found.append(Row(number, result["outcome"], name, email, is_there, problems))
    return found


def problems_of(result: Mapping[str, Any], cells: Mapping[str, str] | None = None) -> list[Problem]:
    """All that is wrong with a line; nothing of one that is good."""
    code, known = result.get("code"), cells or {}
    if code is None:
        return []
    by_column = result.get("errors") or {_COLUMN_OF.get(code, ""): [code]}
    return [
        Problem(one, _text(one, result), COLUMNS.get(field, ""), known.get(field, ""))
        for field, codes in sorted(by_column.items(), key=lambda item: _place(item[0]))
        for one in codes
    ]


def text_of_problem(code: str) -> str:
    """What is wrong with a line that could not be read."""
    return _text(code, {})


def refused_csv(results: Iterable[Mapping[str, Any]]) -> Iterator[bytes]:
    """A line for each problem; with a mark by which spreadsheets know that it is UTF-8.

    Only what we say ourselves stands in it, nothing of the file: no cell can be a formula.
    """
    yield codecs.BOM_UTF8 + _csv_line(
        [gettext("Line"), gettext("Column"), gettext("What is wrong"), gettext("Code")]
    )
    for result in results:
        for problem in problems_of(result):
            yield _csv_line([str(result["line"]), problem.column, problem.text, problem.code])


def _text(code: str, result: Mapping[str, Any]) -> str:
    known = _WORDS.get(code)
    if known is None:
        return gettext("A rule of your organisation objects (%(code)s).", code=code)
    if code == "twice_in_file":
        return str(known) % {"first": result.get("first_line", "?")}
    return str(known) % {"most": CELL_MAX_CHARACTERS} if code == "cell_too_long" else str(known)


def _place(field: str) -> int:
    return list(COLUMNS).index(field) if field in COLUMNS else -1


def _users(
    results: Iterable[Mapping[str, Any]], scope: AccountsScope
) -> dict[str, tuple[str, str]]:
    """Name and address by id, for whom the reader may see."""
    ids = {result["user_id"] for result in results if "user_id" in result}
    if not ids or not scope.actor.may("accounts.users:read"):
        return {}
    return {
        user.id: (", ".join(filter(None, (user.last_name, user.first_name))), user.email)
        for user in scope.store.users.each(sorted(ids))
        if user.status != "deleted"
    }


def _csv_line(cells: Sequence[str]) -> bytes:
    text = io.StringIO()
    csv.writer(text, lineterminator="\r\n").writerow(cells)
    return text.getvalue().encode()
