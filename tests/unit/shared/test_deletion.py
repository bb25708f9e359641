"""R61-R63: a deletion that is wished, refused, granted; and after it nothing changes any more."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from staffroll import deleting, followed, records
from staffroll.erasing import is_about
from staffroll.events import Cause, Event, RequestRejected, payload_of
from staffroll.followed import Followed, NotConfirmed, NotRejected
from staffroll.records import Record
from staffroll_people.domain.persons import RULES as PEOPLE
from staffroll_people.domain.profiles import Profile
from staffroll_scheduling.domain.employees import RULES as SCHEDULING
from staffroll_scheduling.domain.employees import Employment
from tests.support.services import a_tombstone, a_user, told

NOW = datetime(2026, 3, 1, tzinfo=UTC)
PAUSE = timedelta(seconds=30)
ID = "0199a000-0000-7000-8000-000000000001"
_OWN: dict[str, Any] = {"people": Profile(), "scheduling": Employment()}
_COUNTED: dict[str, dict[str, Any]] = {"people": {}, "scheduling": {"counted": ()}}
"""What billing may still need: nothing of it is personal."""

PLACES = pytest.mark.parametrize("place", [PEOPLE, SCHEDULING], ids=lambda place: place.name)


def confirmed(version: int = 3) -> Followed:
    found = followed.follow(None, ID, version, a_user())
    assert found
    return found


def leaving() -> Followed:
    return followed.wish_deletion(confirmed(), NOW, PAUSE, actor="me")


def refused(record: Followed, code: str = "last_admin") -> Followed:
    assert record.deletion
    rejection = RequestRejected(attempt=1, code=code, detail="It is the last.")
    found = followed.refuse(record, record.deletion.id, rejection)
    assert found
    return found


def a_cause(now: datetime = NOW) -> Cause:
    return Cause("people", "acme", "me", now)


def test_r63_a_deletion_that_is_wished_waits_and_is_sent_again() -> None:
    record = leaving()

    due = followed.due_wishes(record, NOW + PAUSE)
    later = followed.sent_again(record, NOW + PAUSE)

    assert record.deletion
    assert (record.deletion.state, record.deletion.actor) == ("pending", "me")
    assert (record.due_at, due) == (NOW + PAUSE, [record.deletion])
    assert later.due_at == NOW + 3 * PAUSE


def test_r63_to_wish_it_twice_wishes_it_once() -> None:
    record = leaving()

    assert followed.wish_deletion(record, NOW, PAUSE, actor="you") is record


def test_r63_a_refused_deletion_says_why_and_is_tried_again_or_dismissed() -> None:
    record = refused(leaving())
    assert record.deletion

    again = followed.wish_deletion(record, NOW, PAUSE)
    dismissed = followed.dismiss_deletion(record)

    assert (record.state, record.deletion.code, record.due_at) == ("confirmed", "last_admin", None)
    assert again.deletion
    assert (again.deletion.state, again.deletion.id != record.deletion.id) == ("pending", True)
    assert (dismissed.deletion, dismissed.state) == (None, "confirmed")


@pytest.mark.parametrize("record", [confirmed(), leaving()])
def test_r63_only_a_refused_deletion_is_dismissed(record: Followed) -> None:
    with pytest.raises(NotRejected):
        followed.dismiss_deletion(record)


def test_r6_who_is_not_confirmed_is_not_deleted() -> None:
    pending = followed.wished(ID, {"last_name": "B", "email": "b@x.example"}, NOW, PAUSE)

    with pytest.raises(NotConfirmed):
        followed.wish_deletion(pending, NOW, PAUSE)


def test_r63_news_of_the_user_leaves_the_wish_and_the_deletion_ends_it() -> None:
    record = leaving()

    changed = followed.follow(record, ID, 4, a_user())
    gone = followed.follow(record, ID, 5, a_tombstone())

    assert changed
    assert gone
    assert (changed.deletion, gone.deletion, gone.due_at) == (record.deletion, None, None)


@PLACES
def test_r63_the_wish_names_the_user_twice_and_who_wishes(place: Any) -> None:
    record = Record(confirmed(), _OWN[place.name])

    decision = deleting.delete(record, place, a_cause(), PAUSE)

    (wish,) = decision.wishes
    assert (wish.type, wish.subject, wish.actor) == ("user.deletion-requested", ID, "me")
    assert (wish.sequence, payload_of(wish).confirm) == (1, ID)
    assert decision.record.followed.deletion
    assert wish.request_id == decision.record.followed.deletion.id
    (entry,) = decision.audit
    assert entry.action.endswith(".deletion-requested")
    assert deleting.delete(decision.record, place, a_cause(), PAUSE).wishes == ()


@PLACES
def test_r62_the_receipt_is_said_only_when_the_place_says_that_nothing_is_left(place: Any) -> None:
    record = Record(confirmed(), _OWN[place.name])

    buried = records.hear_user(record, _deleted(4), a_tombstone(), place, a_cause())
    assert buried
    done = deleting.erased(buried.record, place, a_cause())

    assert [event.type for event in buried.events] == [place.updated]
    assert buried.record.erasing_since == NOW
    assert [(event.type, event.sequence) for event in done.events] == [("user.erased", 4)]
    assert done.record.erasing_since is None


@PLACES
def test_r62_who_asks_again_lets_the_place_look_again(place: Any) -> None:
    record = Record(confirmed(), _OWN[place.name])
    buried = records.hear_user(record, _deleted(4), a_tombstone(), place, a_cause())
    assert buried
    done = deleting.erased(buried.record, place, a_cause()).record
    again = replace(_deleted(4), replay=True)
    later = a_cause(NOW + PAUSE)

    while_under_way = records.hear_user(buried.record, again, a_tombstone(), place, later)
    after = records.hear_user(done, again, a_tombstone(), place, later)
    by_chance = records.hear_user(done, _deleted(4), a_tombstone(), place, later)

    assert (while_under_way, by_chance) == (None, None)
    assert after
    assert (after.record.erasing_since, after.events) == (NOW + PAUSE, ())


@PLACES
def test_r61_whoever_was_never_heard_of_leaves_a_tombstone_too(place: Any) -> None:
    decision = records.hear_user(None, _deleted(9), a_tombstone(), place, a_cause())

    assert decision
    assert decision.record.followed.is_deleted
    assert decision.record.erasing_since == NOW


def _deleted(version: int) -> Event:
    return told("user.deleted", ID, version, a_tombstone())


def _all_news() -> list[tuple[Event, Any]]:
    """All that accounts ever says of somebody, old and late, and the deletion in its midst."""
    states = [
        *((kind, version, a_user(last_name=f"Name {version}")) for version, kind in _KINDS),
        ("user.deleted", 6, a_tombstone()),
    ]
    news = [(told(kind, ID, version, user), user) for kind, version, user in states]
    return [*news, *((replace(event, replay=True), user) for event, user in news)]


_KINDS = [
    (1, "user.created"),
    (2, "user.updated"),
    (3, "user.deactivated"),
    (4, "user.reactivated"),
    (5, "user.sessions-revoked"),
    (7, "user.updated"),
]


@PLACES
@given(news=st.permutations(_all_news()))
def test_r61_whatever_comes_in_whatever_order_the_end_is_the_same_tombstone(
    place: Any, news: list[tuple[Event, Any]]
) -> None:
    record = None
    was_deleted = False

    for event, user in news:
        decision = records.hear_user(record, event, user, place, a_cause())
        record = decision.record if decision else record
        was_deleted = was_deleted or user.status == "deleted"
        assert record
        assert record.followed.is_deleted == was_deleted

    assert record
    assert replace(record.own, **_COUNTED[place.name]) == _OWN[place.name]
    assert "Name" not in repr(record)
    expected = followed.follow(None, ID, record.followed.seen, a_tombstone())
    assert record.followed == expected


def test_r62_a_message_is_about_its_subject_and_an_unreadable_one_about_whom_it_names() -> None:
    event = told("user.updated", ID, 1, a_user())
    other = replace(event, subject="0199a000-0000-7000-8000-000000000002", actor=ID)

    assert is_about(event.to_json().encode(), {ID})
    assert not is_about(other.to_json().encode(), {ID})
    assert is_about(b'{"subject": 7, "id": "' + ID.encode() + b'"', {ID})
    assert is_about(f'["{ID}"]'.encode(), {ID})
    assert not is_about(b"\xff\xfe", {ID})
