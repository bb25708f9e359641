from __future__ import annotations

from zoneinfo import ZoneInfo

from staffroll import humans
from staffroll.local import demo


def test_the_same_two_hundred_people_come_every_time() -> None:
    people = demo.people()

    assert len(people) == 200
    assert people == demo.people()


def test_r4_each_has_an_e_mail_of_their_own_that_is_allowed() -> None:
    people = demo.people()

    assert len({person.email for person in people}) == len(people)
    assert [humans.email_problem(person.email) for person in people] == [None] * len(people)


def test_r3_all_names_are_allowed_as_they_are() -> None:
    names = [name for one in demo.people() for name in (one.first_name, one.last_name)]

    assert [humans.tidy_name(name) for name in names] == names
    assert [humans.name_problem(name) for name in names] == [None] * len(names)


def test_they_come_from_many_places_with_names_that_are_hard_for_programs() -> None:
    people = demo.people()

    assert len({person.language for person in people}) >= 8
    assert len({ZoneInfo(person.time_zone) for person in people}) >= 8
    assert any("ü" in person.last_name for person in people)
    assert any(" " in person.first_name for person in people)
    assert any("'" in person.last_name for person in people)
    assert {
        "agent",
        "planner",
        "supervisor_basic",
        "supervisor_advanced",
        "trainer",
        "finance",
    } == {person.role for person in people}


def test_the_password_is_made_once_and_the_sign_in_is_remembered() -> None:
    kept: dict[str, object] = {"secret_key": "…"}

    password = demo.begin(kept)
    begun = demo.has_begun(kept)
    demo.remember(kept, demo.DemoSignIn("acme", "admin@acme.example", password))

    assert begun
    assert len(password) >= 16
    assert demo.begin(kept) == password
    assert not demo.has_begun(kept)
    assert demo.remembered(kept) == demo.DemoSignIn("acme", "admin@acme.example", password)
