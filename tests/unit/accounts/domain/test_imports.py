"""R95: what each row asks for, and what becomes of it."""

from __future__ import annotations

import pytest

from staffroll.ids import UUID_PATTERN, derived_id, new_id
from staffroll_accounts.domain import imports
from staffroll_accounts.domain.imports import Known, Line, TooManyRows, Verdict
from staffroll_accounts.domain.tables import Header, Row
from staffroll_accounts.domain.users import NewUser

HEADER = Header(",", ("last_name", "first_name", "email"))
ROLES = {imports.role_key("Agent"): "role-1", imports.role_key("Straße"): "role-2"}


def a_line(**values: str) -> Line:
    known = {"last_name": "Müller", "first_name": "Anna", "email": "anna@x.example"}
    return Line(2, {**known, **values})


def lines(*emails: str) -> list[Line]:
    rows = (Row(number, ("L", "F", email)) for number, email in enumerate(emails, 2))
    return list(imports.lines(HEADER, rows))


def test_r95_an_address_that_stands_on_an_earlier_line_is_noted() -> None:
    found = lines("a@x.example", "b@x.example", " A@X.example", "a@x.example", "", "")

    assert [line.first for line in found] == [None, None, 2, 2, None, None]


def test_r95_a_line_is_kept_as_it_was_read() -> None:
    line = a_line(last_name="M\n\u2028\0ü,\"'")

    assert "\n" not in line.to_json()
    assert Line.from_json(line.to_json()) == line


def test_r95_more_rows_than_a_file_may_have_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(imports, "ROWS_MAX", 2)

    with pytest.raises(TooManyRows):
        lines("a@x.example", "b@x.example", "c@x.example")


def test_r95_what_is_left_empty_is_the_tenant_s() -> None:
    wanted = imports.wanted(a_line(language=" ", time_zone="", roles=""), ROLES)

    assert wanted.new == NewUser("Müller", "anna@x.example", "Anna")
    assert wanted.objections == {}


@pytest.mark.parametrize("cell", ["agent;STRASSE", " Agent | straße ;", "Agent;agent;Straße"])
def test_r95_roles_go_by_name_whatever_the_case(cell: str) -> None:
    wanted = imports.wanted(a_line(roles=cell), ROLES)

    assert wanted.new.roles == ("role-1", "role-2")


def test_r95_all_that_is_wrong_with_a_row_is_said_at_once() -> None:
    wanted = imports.wanted(a_line(first_name=" ", roles="Agent;King"), ROLES)

    assert {name: one[0].code for name, one in wanted.objections.items()} == {
        "first_name": "required",
        "roles": "role_unknown",
    }


def test_r95_the_same_names_stay_as_they_are_and_others_are_refused() -> None:
    line = a_line()
    new = imports.wanted(line, ROLES).new

    same = imports.judge(line, new, Known("id", "Anna", "Müller"))
    other = imports.judge(line, new, Known("id", "Ann", "Müller"))

    assert same == Verdict(2, "unchanged", "id")
    assert (other.outcome, other.code, other.errors) == (
        "refused", "email_taken", {"email": ["email_taken"]},
    )  # fmt: skip


def test_r95_what_is_kept_of_a_line_names_nobody() -> None:
    line = a_line()
    known = Known("id", "Ann", "Müller")

    facts = imports.judge(line, imports.wanted(line, ROLES).new, known).facts()

    assert facts == {"line": 2, "code": "email_taken", "errors": {"email": ["email_taken"]}}


def test_a_derived_id_is_always_the_same_and_of_the_same_moment() -> None:
    job = new_id()

    found = {derived_id(job, str(line)) for line in [*range(1_000), *range(1_000)]}

    assert len(found) == 1_000
    assert all(UUID_PATTERN.match(one) and one[14] == "7" and one[19] in "89ab" for one in found)
    assert {one[:13] for one in found} == {job[:13]}
    assert derived_id(new_id(), "1") not in found
