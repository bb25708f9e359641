"""The life of a record that follows accounts (R6), and that order does not matter (F7)."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from staffroll import followed
from staffroll.events import RequestRejected, UserState
from staffroll.followed import ChangeUnderWay, Followed, NotConfirmed, NotRejected
from tests.support.services import a_tombstone, a_user

NOW = datetime(2026, 3, 1, tzinfo=UTC)
PAUSE = timedelta(seconds=30)
ID = "0199a000-0000-7000-8000-000000000001"
FIELDS = {"last_name": "Berg", "email": "bo@example.org"}


def a_rejection(attempt: int = 1) -> RequestRejected:
    return RequestRejected(attempt=attempt, code="email_taken", detail="It is taken.")


def pending() -> Followed:
    return followed.wished(ID, FIELDS, NOW, PAUSE, actor="me", roles=("r",), active=False)


def rejected() -> Followed:
    waiting = pending()
    assert waiting.creation
    refused = followed.refuse(waiting, waiting.creation.id, a_rejection())
    assert refused
    return refused


def confirmed(version: int = 1, **changes: Any) -> Followed:
    found = followed.follow(None, ID, version, a_user(**changes))
    assert found
    return found


def changing() -> Followed:
    return followed.wish_change(confirmed(3), {"last_name": "Tal"}, NOW, PAUSE)


def test_r6_a_wished_record_shows_what_was_wished_and_waits() -> None:
    record = pending()

    assert (record.state, record.user.last_name, record.user.roles) == ("pending", "Berg", ("r",))
    assert record.due_at == NOW + PAUSE


def test_r6_hearing_of_the_user_confirms_a_pending_one() -> None:
    record = followed.follow(pending(), ID, 1, a_user())

    assert record
    assert (record.state, record.creation, record.due_at) == ("confirmed", None, None)


def test_r6_a_refusal_is_kept_with_its_reason_and_not_sent_again() -> None:
    record = rejected()

    assert (record.state, record.due_at) == ("rejected", None)
    assert record.rejection
    assert record.rejection.code == "email_taken"


def test_r6_a_refused_one_is_corrected_and_wished_again() -> None:
    before = rejected()

    record = followed.correct(before, {"email": "free@example.org"}, NOW, PAUSE, actor="you")

    assert (record.state, record.user.email) == ("pending", "free@example.org")
    assert record.creation
    assert before.creation
    assert (record.creation.id, record.creation.attempt) == (before.creation.id, 2)
    assert (record.creation.roles, record.creation.actor) == (("r",), "you")
    assert record.creation.fields == {**FIELDS, "email": "free@example.org"}


def test_a_refusal_of_an_earlier_attempt_is_old_news() -> None:
    record = followed.correct(rejected(), {}, NOW, PAUSE)
    assert record.creation

    assert followed.refuse(record, record.creation.id, a_rejection(attempt=1)) is None
    assert followed.refuse(record, record.creation.id, a_rejection(attempt=2)) is not None
    assert followed.refuse(record, "another", a_rejection(attempt=2)) is None


@pytest.mark.parametrize("record", [pending(), confirmed(), changing()])
def test_r6_only_what_was_refused_is_corrected_or_discarded(record: Followed) -> None:
    with pytest.raises(NotRejected):
        followed.correct(record, {}, NOW, PAUSE)
    with pytest.raises(NotRejected):
        followed.check_discardable(record)


@pytest.mark.parametrize("record", [pending(), rejected()])
def test_r6_what_is_not_confirmed_is_not_changed(record: Followed) -> None:
    with pytest.raises(NotConfirmed):
        followed.wish_change(record, {"last_name": "Tal"}, NOW, PAUSE)


def test_a_change_waits_until_the_user_says_that_it_is_applied() -> None:
    record = changing()
    assert record.change

    unrelated = followed.follow(record, ID, 4, a_user())
    applied = followed.follow(record, ID, 5, a_user(applied_requests=[record.change.id]))

    assert unrelated
    assert applied
    assert (unrelated.change, applied.change) == (record.change, None)
    assert record.change.base_version == 3


def test_a_refused_change_makes_way_for_another_and_an_open_one_does_not() -> None:
    record = changing()
    assert record.change
    refused = followed.refuse(record, record.change.id, a_rejection())

    assert refused
    assert refused.state == "confirmed"
    assert refused.change
    assert refused.change.state == "rejected"
    assert followed.wish_change(refused, {"last_name": "Au"}, NOW, PAUSE).change != refused.change
    with pytest.raises(ChangeUnderWay):
        followed.wish_change(record, {"last_name": "Au"}, NOW, PAUSE)


def test_r61_a_deleted_one_keeps_nothing_and_never_comes_back() -> None:
    gone = followed.follow(changing(), ID, 8, a_tombstone())

    assert gone
    assert (gone.user.last_name, gone.user.email, gone.change) == ("", "", None)
    assert followed.follow(gone, ID, 9, a_user()) is None


def test_an_unanswered_wish_is_sent_again_with_growing_pauses() -> None:
    record = pending()
    assert followed.due_wishes(record, NOW + PAUSE / 2) == []
    pauses = []

    for _ in range(7):
        due = record.due_at
        assert due
        assert followed.due_wishes(record, due) == [record.creation]
        record = followed.sent_again(record, due)
        assert record.due_at
        pauses.append((record.due_at - due).total_seconds())

    assert pauses == [60, 120, 240, 480, 600, 600, 600]
    assert record.creation
    assert record.creation.attempt == 1


HISTORIES = st.lists(
    st.builds(
        a_user,
        status=st.sampled_from(["active", "deactivated"]),
        last_name=st.sampled_from(["Berg", "Tal", "Au"]),
        token_generation=st.integers(1, 5),
        email=st.just("bo@example.org"),
    ),
    min_size=1,
    max_size=8,
)


@given(
    start=st.sampled_from([None, pending(), rejected(), changing()]),
    users=HISTORIES,
    is_deleted=st.booleans(),
    is_refused=st.booleans(),
    data=st.data(),
)
def test_f7_news_shuffled_and_doubled_end_as_in_order(
    start: Followed | None,
    users: list[UserState],
    is_deleted: bool,
    is_refused: bool,
    data: st.DataObject,
) -> None:
    first = start.seen + 1 if start else 1
    history: list[tuple[int, Any]] = list(enumerate(users, first))
    if is_deleted:
        history.append((first + len(users), a_tombstone()))
    if is_refused:
        history.insert(0, (0, a_rejection()))
    doubled = history + data.draw(st.lists(st.sampled_from(history), max_size=6))
    shuffled = data.draw(st.permutations(doubled))

    assert _after(start, shuffled) == _after(start, history)


def _after(record: Followed | None, news: list[tuple[int, Any]]) -> Followed | None:
    wishes = [wish for wish in (record.creation, record.change) if wish] if record else []
    for version, told in news:
        if isinstance(told, UserState):
            record = followed.follow(record, ID, version, told) or record
        elif record is not None:
            for wish in wishes:
                record = followed.refuse(record, wish.id, told) or record
    return record
