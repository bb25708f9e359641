"""One's own shifts as a calendar under a secret address (R81), which ends with R51 and R61."""

from __future__ import annotations

import pytest
import time_machine
from icalendar import Calendar
from werkzeug.test import TestResponse

from staffroll.ids import new_id
from staffroll_scheduling.api.calendar import MOST_PER_MINUTE
from tests.integration.scheduling.planning import HOUR, Planner, midnight
from tests.support.services import ServiceHere, a_tombstone, a_user, body_of, only

pytestmark = only("scheduling")


@pytest.fixture
def planner(follower_here: ServiceHere) -> Planner:
    return Planner(follower_here.new_tenant())


@pytest.fixture
def ada(planner: Planner) -> str:
    return planner.tenant.known(created_at="2020-01-01T08:00:00Z")


def address(planner: Planner, employee_id: str) -> str:
    """A new one, made by its owner."""
    made = planner.ask("POST", "/me/calendar", as_=planner.tenant.token(employee_id))
    assert made.status_code == 201, made.text
    path: str = body_of(made)["path"]
    return path


def fetch(planner: Planner, path: str, asking_from: str = "", **headers: str) -> TestResponse:
    """As calendar programs do: without a token, each test from an address of its own."""
    client = planner.tenant.here.client.application.test_client()
    origin = {"REMOTE_ADDR": asking_from or planner.tenant.id}
    return client.get(path, headers=headers, environ_overrides=origin)


def events(response: TestResponse) -> list[dict[str, object]]:
    assert response.status_code == 200, response.text
    found = Calendar.from_ical(response.data).walk("VEVENT")
    return [
        {
            "uid": str(event["uid"]),
            "summary": str(event["summary"]),
            "start": event.decoded("dtstart"),
            "end": event.decoded("dtend"),
        }
        for event in found
    ]


def test_r81_a_calendar_shows_the_shifts_of_its_owner_alone(planner: Planner, ada: str) -> None:
    till = body_of(planner.ask("POST", "/activities", json={"name": "Till, morning"}))["id"]
    start = midnight(2) + 8 * HOUR
    hers = planner.planned(ada, start, activity_id=till, note="Bring; keys, please")
    planner.planned(planner.tenant.known(), start)

    response = fetch(planner, address(planner, ada))

    assert response.content_type == "text/calendar; charset=utf-8"
    assert events(response) == [
        {
            "uid": f"{hers['id']}@staffroll",
            "summary": "Till, morning",
            "start": start,
            "end": start + 8 * HOUR,
        }
    ]
    (event,) = Calendar.from_ical(response.data).walk("VEVENT")
    assert str(event["description"]) == "Bring; keys, please"
    assert b"\r\nBEGIN:VEVENT\r\n" in response.data
    assert all(len(line) <= 75 for line in response.data.split(b"\r\n"))


def test_r81_a_calendar_reaches_four_weeks_back_and_26_ahead(planner: Planner, ada: str) -> None:
    made = [planner.planned(ada, midnight(day), 1) for day in (-29, -28, 26 * 7, 26 * 7 + 1)]

    shown = events(fetch(planner, address(planner, ada)))

    assert [one["uid"] for one in shown] == [f"{one['id']}@staffroll" for one in made[1:3]]


def test_r81_a_moved_shift_stays_the_same_event_and_is_newer(planner: Planner, ada: str) -> None:
    shift = planner.planned(ada, midnight(3))
    path = address(planner, ada)
    (before,) = Calendar.from_ical(fetch(planner, path).data).walk("VEVENT")

    later = {"start": midnight(9).isoformat(), "end": (midnight(9) + HOUR).isoformat()}
    planner.ask("PATCH", f"/shifts/{shift['id']}", json=later)
    (after,) = Calendar.from_ical(fetch(planner, path).data).walk("VEVENT")

    assert after["uid"] == before["uid"]
    assert int(str(after["sequence"])) > int(str(before["sequence"]))
    assert after.decoded("dtstart") == midnight(9)


def test_r81_an_unchanged_calendar_is_not_sent_again(planner: Planner, ada: str) -> None:
    shift = planner.planned(ada, midnight(3))["id"]
    path = address(planner, ada)
    first = fetch(planner, path)
    tag, since = first.headers["ETag"], first.headers["Last-Modified"]

    same = fetch(planner, path, **{"If-None-Match": tag})
    planner.ask("DELETE", f"/shifts/{shift}")
    changed = fetch(planner, path, **{"If-None-Match": tag})

    assert same.status_code == 304
    assert same.data == b""
    assert first.headers["Cache-Control"].startswith("private")
    assert since.endswith("GMT")
    assert events(changed) == []
    assert changed.headers["Last-Modified"] >= since


def test_r81_one_unchanged_for_days_is_as_new_as_the_day(planner: Planner, ada: str) -> None:
    path = address(planner, ada)

    with time_machine.travel(midnight(3) + HOUR, tick=False):
        asked = fetch(planner, path, **{"If-Modified-Since": "Wed, 01 Jan 2020 00:00:00 GMT"})
        again = fetch(planner, path, **{"If-Modified-Since": asked.headers["Last-Modified"]})

    assert asked.last_modified == midnight(3)
    assert (asked.status_code, again.status_code) == (200, 304)


def test_r81_a_new_address_voids_the_old_and_a_revoked_one_opens_nothing(
    planner: Planner, ada: str
) -> None:
    own = planner.tenant.token(ada)
    old, new = address(planner, ada), address(planner, ada)

    answers = [fetch(planner, old), fetch(planner, new)]
    revoked = planner.ask("DELETE", "/me/calendar", as_=own)
    answers.append(fetch(planner, new))

    assert [one.status_code for one in answers] == [404, 200, 404]
    assert revoked.status_code == 204
    assert planner.ask("DELETE", "/me/calendar", as_=own).status_code == 404


def test_r81_the_secret_is_kept_as_a_hash_alone_and_never_logged(
    planner: Planner, ada: str, capsys: pytest.CaptureFixture[str]
) -> None:
    path = address(planner, ada)
    secret = path.rpartition(".")[0].rpartition(".")[2]

    fetch(planner, path)
    fetch(planner, path.replace(secret, f"x{secret[1:]}"))

    logged = capsys.readouterr()
    assert "/v1/calendar/<string" in logged.out + logged.err
    assert secret[1:] not in logged.out + logged.err
    assert secret not in str(planner.tenant.stored(ada))
    exposed = planner.tenant.here.client.get("/metrics").text
    assert secret[1:] not in exposed


@pytest.mark.parametrize(
    "change",
    ["x", "", ".", "..", "a.b", "a.b.c.d", "é.b.c", "x" * 5000, "$ne.x.y", "%00.%00.%00"],
)
def test_r81_an_address_that_is_none_opens_nothing(planner: Planner, change: str) -> None:
    response = fetch(planner, f"/v1/calendar/{change}.ics")

    assert response.status_code == 404
    assert response.content_type == "application/problem+json"


def test_r1_a_secret_opens_no_other_calendar(planner: Planner, ada: str) -> None:
    bo = planner.tenant.known()
    address(planner, bo)
    stranger = Planner(planner.tenant.here.new_tenant())
    path = address(planner, ada)

    answers = [
        fetch(planner, path.replace(ada, bo)),
        fetch(planner, path.replace(ada, new_id())),
        fetch(planner, path.replace(planner.tenant.id, stranger.tenant.id)),
    ]

    assert [one.status_code for one in answers] == [404] * 3


def test_r51_a_deactivation_ends_the_address_for_ever(planner: Planner, ada: str) -> None:
    path = address(planner, ada)

    planner.tenant.hear("user.deactivated", ada, 2, a_user(status="deactivated"))
    gone = fetch(planner, path)
    planner.tenant.hear("user.reactivated", ada, 3, a_user())
    back = fetch(planner, path)

    assert (gone.status_code, back.status_code) == (404, 404)
    assert fetch(planner, address(planner, ada)).status_code == 200


def test_r51_a_deactivation_that_is_overtaken_by_the_reactivation_ends_it_too(
    planner: Planner, ada: str
) -> None:
    path = address(planner, ada)
    today = midnight().date()

    left = planner.leave(ada, today)
    joined = planner.ask(
        "POST", f"/employees/{ada}/memberships", json={"join_date": today.isoformat()}
    )
    planner.tenant.hear("user.reactivated", ada, 3, a_user())

    assert (left.status_code, joined.status_code) == (200, 201)
    assert fetch(planner, path).status_code == 404


def test_r61_a_deletion_ends_the_address(planner: Planner, ada: str) -> None:
    path = address(planner, ada)

    planner.tenant.hear("user.deleted", ada, 9, a_tombstone())

    assert fetch(planner, path).status_code == 404
    assert "calendar" not in planner.tenant.stored(ada)["own"]


def test_r73_who_reaches_no_planning_unit_has_a_calendar_all_the_same(
    planner: Planner, ada: str
) -> None:
    limited = planner.tenant.token(ada, permissions=["scheduling.shifts:read"])
    planner.planned(ada, midnight(2))

    made = planner.ask("POST", "/me/calendar", as_=limited)

    assert len(events(fetch(planner, body_of(made)["path"]))) == 1


def test_r23_who_asks_too_often_is_told_to_wait(planner: Planner, ada: str) -> None:
    path = address(planner, ada)

    answers = [fetch(planner, path, "192.0.2.7") for _ in range(MOST_PER_MINUTE + 1)]
    others = fetch(planner, path, "192.0.2.8")

    assert [one.status_code for one in answers] == [*[200] * MOST_PER_MINUTE, 429]
    assert int(answers[-1].headers["Retry-After"]) > 0
    assert others.status_code == 200


def test_r9_making_and_revoking_an_address_are_noted(planner: Planner, ada: str) -> None:
    address(planner, ada)
    planner.ask("DELETE", "/me/calendar", as_=planner.tenant.token(ada))

    noted = [one["action"] for one in planner.tenant.stored(ada)["audit"]]

    assert noted[-2:] == ["calendar.created", "calendar.revoked"]
