"""What has happened is derived from states, so that no order of events hides anything."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from staffroll.events import Event
from staffroll.subscribe import MemoryVersions, Reject, SqliteVersions, Subscriber
from staffroll.subscribe.subscriber import UnknownEvent
from staffroll.subscribe.testing import SOMEBODY, a_user_event, an_employee_event, happens

NOWHERE = "amqp://127.0.0.1:1"


class Listener:
    """A subscriber that notes what it is told."""

    def __init__(self, *patterns: str) -> None:
        self.subscriber = Subscriber("payroll", NOWHERE)
        self.heard: list[tuple[str, str, Any]] = []

        @self.subscriber.on(*(patterns or ("*",)))
        def note(event: Event, state: Any) -> None:
            self.heard.append((event.type, event.subject, state))

    @property
    def types(self) -> list[str]:
        return [name for name, _, _ in self.heard]


@pytest.mark.parametrize(
    ("before", "after", "said"),
    [
        ({}, {"status": "deactivated"}, ["user.deactivated"]),
        ({"status": "deactivated"}, {}, ["user.reactivated"]),
        ({}, {"locked": True}, ["user.locked"]),
        ({"locked": True}, {}, ["user.unlocked"]),
        ({}, {"token_generation": 2}, ["user.sessions-revoked"]),
        ({}, {"last_name": "Schmidt"}, ["user.updated"]),
        ({}, {"status": "deleted"}, ["user.deleted"]),
        ({}, {"changed": ["roles"], "applied_requests": [SOMEBODY]}, []),
        (
            {},
            {"status": "deactivated", "token_generation": 2, "email": "new@acme.example"},
            ["user.deactivated", "user.sessions-revoked", "user.updated"],
        ),
    ],
)
def test_what_happened_to_a_user_is_seen_by_comparing(
    before: dict[str, Any], after: dict[str, Any], said: list[str]
) -> None:
    listener = Listener()
    happens(listener.subscriber, a_user_event(2, **before))
    listener.heard.clear()

    assert happens(listener.subscriber, a_user_event(3, **after)) == said
    assert listener.types == said


def test_a_deactivation_is_not_missed_where_a_later_state_overtakes_it() -> None:
    listener = Listener("user.deactivated")
    happens(listener.subscriber, a_user_event(1))

    renamed_later = a_user_event(3, status="deactivated", last_name="Schmidt")
    itself = a_user_event(2, status="deactivated")
    happens(listener.subscriber, renamed_later, itself)

    assert listener.types == ["user.deactivated"]


def test_who_begins_deactivated_was_created_so() -> None:
    assert happens(Listener().subscriber, a_user_event(1, status="deactivated")) == ["user.created"]


def test_of_an_unknown_one_who_was_deactivated_later_both_are_told() -> None:
    assert happens(Listener().subscriber, a_user_event(5, status="deactivated")) == [
        "user.created",
        "user.deactivated",
    ]


def test_nothing_brings_a_deleted_one_back_not_even_something_newer() -> None:
    listener = Listener()

    happens(listener.subscriber, a_user_event(4, status="deleted"), a_user_event(3))
    happens(listener.subscriber, a_user_event(9))

    assert listener.types == ["user.deleted"]


def test_a_joining_and_a_leaving_are_told_of_employees() -> None:
    listener = Listener("membership.*", "employee.created")

    happens(
        listener.subscriber,
        an_employee_event(1, join_date="2026-01-01"),
        an_employee_event(2, join_date="2026-01-01", leave_date="2026-06-01"),
        an_employee_event(
            3, status="not_employed", join_date="2026-01-01", leave_date="2026-06-01"
        ),
        an_employee_event(4, join_date="2026-08-01"),
    )

    assert listener.types == [
        "employee.created",
        "membership.changed",
        "membership.ended",
        "membership.started",
    ]


def test_the_two_sequences_of_one_human_do_not_disturb_each_other() -> None:
    listener = Listener()

    happens(listener.subscriber, a_user_event(9), an_employee_event(1))

    assert listener.types == ["user.created", "employee.created"]


def test_nothing_personal_is_remembered() -> None:
    versions = MemoryVersions()
    subscriber = Subscriber("payroll", NOWHERE, versions=versions)
    subscriber.on("user.*")(lambda _event, _user: None)

    happens(subscriber, a_user_event(1, last_name="Unverwechselbar"))

    known = versions.get("accounts", "acme", SOMEBODY)
    assert known is not None
    assert "Unverwechselbar" not in str(known)
    assert "anna@acme.example" not in str(known)


def test_what_a_handler_could_not_do_is_done_the_next_time() -> None:
    subscriber = Subscriber("payroll", NOWHERE)
    tries: list[int] = []

    @subscriber.on("user.created")
    def fail_once(_event: Event, _user: Any) -> None:
        tries.append(1)
        if len(tries) == 1:
            raise Reject("not today")

    with pytest.raises(Reject):
        happens(subscriber, a_user_event(1))

    assert happens(subscriber, a_user_event(1)) == ["user.created"]
    assert len(tries) == 2


STATES = st.lists(
    st.fixed_dictionaries(
        {
            "status": st.sampled_from(["active", "deactivated"]),
            "locked": st.booleans(),
            "last_name": st.sampled_from(["Müller", "Schmidt"]),
        }
    ),
    min_size=1,
    max_size=8,
)


@given(states=STATES, chance=st.randoms(use_true_random=False))
def test_f7_in_any_order_and_doubled_the_handlers_end_where_the_states_end(
    states: list[dict[str, Any]], chance: Any
) -> None:
    history = [a_user_event(number, **state) for number, state in enumerate(states, start=1)]
    delivered = history * 2
    chance.shuffle(delivered)
    status, locked, names = "nobody", False, ""
    subscriber = Subscriber("payroll", NOWHERE)

    @subscriber.on("user.*")
    def follow(event: Event, user: Any) -> None:
        nonlocal status, locked, names
        match event.type:
            case "user.created":
                assert status == "nobody"
                status, locked = "active", user.locked
                if event.sequence == 1:
                    status = user.status
            case "user.deactivated":
                assert status == "active"
                status = "deactivated"
            case "user.reactivated":
                assert status == "deactivated"
                status = "active"
            case "user.locked":
                locked = True
            case "user.unlocked":
                assert locked
                locked = False
        names = user.last_name

    happens(subscriber, *delivered)

    assert (status, locked, names) == (
        states[-1]["status"],
        states[-1]["locked"],
        states[-1]["last_name"],
    )


def test_a_pattern_that_fits_nothing_is_refused_at_once() -> None:
    with pytest.raises(UnknownEvent, match=r"user\.exploded is none of: user\.created"):
        Subscriber("payroll", NOWHERE).on("user.exploded")


@pytest.mark.parametrize("name", ["", "Payroll", "people", "a.b", "x" * 60, "pay\n"])
def test_a_name_that_is_ours_or_no_name_is_refused(name: str) -> None:
    with pytest.raises(ValueError, match="cannot be the name"):
        Subscriber(name, NOWHERE)


def test_without_handlers_there_is_nothing_to_start() -> None:
    with pytest.raises(ValueError, match="no handler"):
        Subscriber("payroll", NOWHERE).start()


def test_a_file_remembers_and_only_what_is_newer_replaces(tmp_path: Any) -> None:
    first = SqliteVersions(tmp_path / "payroll.sqlite")
    subscriber = Subscriber("payroll", NOWHERE, versions=first)
    subscriber.on("*")(lambda _event, _state: None)
    happens(subscriber, a_user_event(7))
    old = first.get("accounts", "acme", SOMEBODY)
    assert old is not None
    happens(subscriber, a_user_event(8, locked=True))
    first.caught_up("accounts")
    first.put("accounts", "acme", SOMEBODY, old)
    first.close()

    second = SqliteVersions(tmp_path / "payroll.sqlite")

    known = second.get("accounts", "acme", SOMEBODY)
    assert known is not None
    assert known.sequence == 8
    assert known.marks["locked"] is True
    assert second.has_caught_up("accounts")
    assert not second.has_caught_up("people")
    second.close()
