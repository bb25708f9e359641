"""What waits in an outbox, without what newer news makes superfluous."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from staffroll.bus import Message
from staffroll.events import Event
from staffroll.mongo.folding import fold
from staffroll.mongo.outbox import entries

AT = datetime(2026, 11, 29, tzinfo=UTC)


def news(event_type: str, sequence: int, *changed: str, **attributes: Any) -> Event:
    data = {"n": sequence, "changed": list(changed)}
    return Event(event_type, "scheduling", "acme", "ada", sequence, data, **attributes)


def folded(*events: Event) -> list[Event]:
    waiting = entries([Message.event(event) for event in events], AT)
    return [Event.from_json(entry["body"]) for entry in fold(waiting)]


def test_the_newest_state_wins_and_says_all_that_changed() -> None:
    events = [news("employee.updated", n, name) for n, name in ((2, "a"), (3, "b"), (4, "a"))]

    (left,) = folded(*events)

    assert (left.id, left.sequence, left.data["n"]) == (events[-1].id, 4, 4)
    assert left.data["changed"] == ["a", "b"]


def test_turns_in_somebodys_life_stay_in_their_order() -> None:
    kinds = ["employee.created", "employee.updated", "membership.ended", "employee.updated"]

    left = folded(*(news(kind, n) for n, kind in enumerate(kinds, 1)))

    assert [event.type for event in left] == [kinds[0], kinds[2], kinds[3]]
    assert [event.sequence for event in left] == [1, 3, 4]


def test_the_answer_to_a_request_stays() -> None:
    answer = news("user.updated", 2, request_id="wish")

    left = folded(news("user.updated", 1), answer, news("user.updated", 3))

    assert [event.sequence for event in left] == [2, 3]


def test_what_is_not_newer_covers_nothing() -> None:
    left = folded(news("user.updated", 3), news("user.updated", 2))

    assert [event.sequence for event in left] == [3, 2]


def test_what_was_not_folded_is_left_as_it_is() -> None:
    waiting = entries([Message.event(news("user.created", 1))], AT)

    assert fold(waiting) == waiting
