"""Importing users from a table: what each row asks for, and what becomes of it (R95). Pure."""

from __future__ import annotations

import hashlib
import json
import unicodedata
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from staffroll import humans
from staffroll.errors import Conflict, FieldError, Invalid, StaffrollError
from staffroll.giving import RoleUnknown
from staffroll.search import email_key
from staffroll_accounts.domain.errors import EmailTaken
from staffroll_accounts.domain.roles import Role
from staffroll_accounts.domain.tables import Header, Row
from staffroll_accounts.domain.users import NewUser

KIND: Final = "import"
FILE_MAX_BYTES: Final = 20 * 1024 * 1024
ROWS_MAX: Final = 200_000
OPEN_MAX: Final = 10
"""How many imports of a tenant wait or run."""

CREATED: Final = "created"
UNCHANGED: Final = "unchanged"
REFUSED: Final = "refused"
OUTCOMES: Final = (CREATED, UNCHANGED, REFUSED)

COLUMNS: Final[Mapping[str, str]] = {
    "last name": "last_name",
    "first name": "first_name",
    "email": "email",
    "language": "language",
    "time zone": "time_zone",
    "roles": "roles",
}
"""Fields by the names of their columns; the first three are those of the export (R90)."""

NEEDED: Final = ("last_name", "first_name", "email")

_ROLE_SEPARATORS: Final = str.maketrans("|", ";")


class TooManyRows(Invalid):
    code = "too_many_rows"
    wording = "At most {most} rows at a time."

    def __init__(self) -> None:
        super().__init__(most=ROWS_MAX)


class TooManyImports(Conflict):
    code = "too_many_imports"
    wording = (
        "No more than {most} imports wait or run at a time. Wait for one to end, or cancel it."
    )


class NoRows(Invalid):
    code = "no_rows"
    wording = "There is no row below the line that names the columns."


@dataclass(frozen=True, slots=True)
class Line:
    """One row as it is kept until it is dealt with.

    Attributes:
        number: Of the line in the file, counted from 1.
        values: By field; none where there is a problem.
        problem: A stable code; None for a row that can be read.
        first: The number of the first line with the same e-mail address, if that is another.
    """

    number: int
    values: Mapping[str, str]
    problem: str | None = None
    first: int | None = None

    def to_json(self) -> str:
        """One line of text."""
        return json.dumps(
            [self.number, self.values, self.problem, self.first],
            ensure_ascii=False,
            separators=(",", ":"),
        )

    @classmethod
    def from_json(cls, text: str) -> Line:
        return cls(*json.loads(text))


@dataclass(frozen=True, slots=True)
class Wanted:
    """Whom a line asks for, and what else is wrong with it than `domain.users` finds."""

    new: NewUser
    objections: Mapping[str, list[FieldError]]


@dataclass(frozen=True, slots=True)
class Known:
    """Somebody who has an e-mail address already."""

    id: str
    first_name: str
    last_name: str


@dataclass(frozen=True, slots=True)
class Verdict:
    """What became of a line, or would.

    Attributes:
        user_id: Who was created, or was there already.
        code: Why it was refused.
        errors: Codes of what is wrong by field, if it is about fields.
        first: Of a line whose address an earlier line has: that line.
    """

    line: int
    outcome: str
    user_id: str | None = None
    code: str | None = None
    errors: Mapping[str, Sequence[str]] | None = None
    first: int | None = None

    def facts(self) -> dict[str, Any]:
        """All that is kept of it: nothing personal but the id."""
        known = {
            "line": self.line,
            "user_id": self.user_id,
            "code": self.code,
            "errors": None if self.errors is None else {n: list(e) for n, e in self.errors.items()},
            "first_line": self.first,
        }
        return {name: value for name, value in known.items() if value is not None}


def lines(header: Header, rows: Iterable[Row]) -> Iterator[Line]:
    """The rows with their fields named, and those noted that repeat an address.

    Raises:
        TooManyRows: More than `ROWS_MAX`.
    """
    first_by_email: dict[str, int] = {}
    for count, row in enumerate(rows, 1):
        if count > ROWS_MAX:
            raise TooManyRows
        if row.problem is not None:
            yield Line(row.line, {}, row.problem)
            continue
        values = dict(zip(header.columns, row.cells, strict=True))
        email = humans.tidy_email(values["email"])
        first = first_by_email.setdefault(email_digest(email), row.line) if email else row.line
        yield Line(row.line, values, first=None if first == row.line else first)


def unreadable(line: Line) -> Verdict | None:
    """Why the line says nothing on its own, or None."""
    if line.problem is not None:
        return Verdict(line.number, REFUSED, code=line.problem)
    if line.first is not None:
        return Verdict(line.number, REFUSED, code="twice_in_file", first=line.first)
    return None


def wanted(line: Line, roles: Mapping[str, str]) -> Wanted:
    """Whom a line asks for.

    Args:
        roles: Ids by `role_key`.
    """
    values = {name: value.strip() for name, value in line.values.items()}
    given = _role_names(values.get("roles", ""))
    new = NewUser(
        last_name=values["last_name"],
        first_name=values["first_name"],
        email=values["email"],
        language=values.get("language") or None,
        time_zone=values.get("time_zone") or None,
        roles=tuple(sorted(roles[name] for name in given if name in roles)),
    )
    objections: dict[str, list[FieldError]] = {}
    if not new.first_name:
        # Only where scheduling or people create somebody may it be empty (R3).
        objections["first_name"] = [FieldError("required", "Must not be empty.")]
    if not given <= roles.keys():
        objections["roles"] = [FieldError(RoleUnknown.code, RoleUnknown.wording)]
    return Wanted(new, objections)


def judge(line: Line, new: NewUser, known: Known) -> Verdict:
    """What becomes of a good line whose address somebody has."""
    names = (humans.tidy_name(new.first_name), humans.tidy_name(new.last_name))
    if names == (known.first_name, known.last_name):
        return Verdict(line.number, UNCHANGED, known.id)
    return refused(line, EmailTaken())


def deleted_meanwhile(line: Line) -> Verdict:
    """What becomes of a line that names somebody who was deleted since the file was sent."""
    return Verdict(line.number, REFUSED, code="deleted_meanwhile")


def refused(line: Line, error: StaffrollError) -> Verdict:
    """What becomes of a line to whose creation somebody objects."""
    fields = {name: [one.code for one in found] for name, found in error.errors.items()}
    return Verdict(line.number, REFUSED, code=error.code, errors=fields or None)


def roles_by_key(roles: Iterable[Role]) -> dict[str, str]:
    """Ids of roles by `role_key` of their names."""
    return {role_key(role.name): role.id for role in roles}


def role_key(name: str) -> str:
    """The form in which a role's name is looked for: whatever its case."""
    return unicodedata.normalize("NFC", unicodedata.normalize("NFC", name.strip()).casefold())


def email_digest(email: str) -> str:
    """The same for all ways to write the address."""
    return hashlib.blake2b(email_key(email).encode(), digest_size=12).hexdigest()


def _role_names(cell: str) -> set[str]:
    names = cell.translate(_ROLE_SEPARATORS).split(";")
    return {role_key(name) for name in names if name.strip()}
