"""R64: records after their place was put back to an earlier time."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from staffroll import followed, records
from staffroll.errors import Stale
from staffroll.events import Cause, payload_of
from staffroll.followed import Followed
from staffroll.records import Record
from staffroll.restoring import AHEAD, above, patiently
from staffroll_people.domain.persons import RULES
from staffroll_people.domain.profiles import Profile
from tests.support.services import a_tombstone, a_user, told

NOW = datetime(2026, 3, 1, tzinfo=UTC)
PAUSE = timedelta(seconds=30)
ID = "0199a000-0000-7000-8000-000000000001"
CAUSE = Cause("people", "acme", "system:people", NOW)


def confirmed(version: int = 3) -> Followed:
    found = followed.follow(None, ID, version, a_user())
    assert found
    return found


def test_r64_a_version_is_above_all_that_were_seen() -> None:
    assert above(7) == above(3, 7) == 7 + AHEAD


def test_r64_a_record_is_told_as_news_with_what_is_here() -> None:
    record = Record(confirmed(), Profile(title="Dr"), revision=5, sequence=2)

    decision = records.restored(record, record.own, RULES, CAUSE, sequence=99, revision=1005)

    (event,) = decision.events
    assert (event.type, event.sequence, event.replay) == ("person.updated", 99, False)
    assert payload_of(event).title == "Dr"
    assert (decision.record.sequence, decision.record.revision) == (99, 1005)


def test_r64_what_was_never_told_is_not_told() -> None:
    waiting = Record(followed.wished(ID, {"last_name": "Berg"}, NOW, PAUSE), Profile())

    decision = records.restored(waiting, waiting.own, RULES, CAUSE, sequence=0, revision=1001)

    assert decision.events == ()
    creation = decision.record.followed.creation
    assert creation
    assert (creation.resend_at, creation.attempt) == (NOW, 1001)


def test_r64_a_wish_that_is_due_already_stays_so_and_a_refused_one_is_not_sent_again() -> None:
    changing = followed.wish_change(confirmed(), {"last_name": "Tal"}, NOW - PAUSE * 9, PAUSE)
    assert changing.change
    refused = replace(changing, change=replace(changing.change, resend_at=None, code="stale"))

    assert followed.restored(changing, NOW).change == changing.change
    assert followed.restored(refused, NOW).change == refused.change


def test_r64_a_tombstone_takes_a_newer_version_and_nothing_else() -> None:
    record = Record(confirmed(), Profile(), sequence=1)
    deleted = told("user.deleted", ID, 4, a_tombstone())
    buried = records.hear_user(record, deleted, payload_of(deleted), RULES, CAUSE)
    assert buried

    later = replace(deleted, sequence=1004)
    again = records.hear_user(buried.record, later, payload_of(later), RULES, CAUSE)

    assert again
    assert (again.events, again.audit) == ((), ())
    assert again.record.followed == replace(buried.record.followed, seen=1004)
    assert again.record.erasing_since == buried.record.erasing_since
    user = told("user.updated", ID, 2000, a_user())
    assert records.hear_user(again.record, user, payload_of(user), RULES, CAUSE) is None


def test_it_is_tried_again_while_somebody_is_quicker() -> None:
    outcomes = iter([Stale(), None])

    def act() -> str:
        if (error := next(outcomes)) is not None:
            raise error
        return "done"

    assert patiently(act) == "done"


def test_what_is_wrong_is_told_at_once() -> None:
    def act() -> str:
        raise KeyError

    with pytest.raises(KeyError):
        patiently(act)
