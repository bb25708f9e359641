"""``GET /v1/audit`` in every service, and `staffroll audit verify` (R9, R1)."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import Any

import pytest
from click.testing import CliRunner, Result

from staffroll import clock
from staffroll.audit import noted
from staffroll.cli import main
from staffroll.events import Cause
from staffroll.ids import new_id
from staffroll.mongo.audit import AuditWriter
from staffroll.mongo.audit_trail import COLLECTION, AuditTrail, waiting
from tests.support.places import Place, place

__all__ = ["place"]

# Export owns nothing, so that nothing is done there.
pytestmark = pytest.mark.parametrize(
    "place", ["accounts", "scheduling", "people"], indirect=True, scope="module"
)


def write(place: Place, *entries: dict[str, Any]) -> None:
    """Let entries be in the trail, and nothing else."""
    for collection in (COLLECTION, "audit_writers"):
        place.runtime.platform[collection].delete_many({"tenant_id": place.tenant.id})
    trail = AuditTrail(place.runtime.tenant(place.tenant.id))
    for entry in entries:
        trail.keep_apart([entry])
    AuditWriter(place.runtime.platform, [], timedelta(seconds=-60)).run()


def an_entry(place: Place, nth: int = 0, **changes: Any) -> dict[str, Any]:
    at = clock.now() + timedelta(seconds=nth)
    cause = Cause(place.name, place.tenant.id, place.tenant.admin_id, at, "c", address="192.0.2.7")
    return {**waiting([noted(cause, "thing.updated", place.human_id, ["name"])])[0], **changes}


def ns(place: Place, query: str = "") -> list[int]:
    response = place.send("GET", f"/v1/audit{query}")
    assert response.status_code == 200, response.text
    return [line["n"] for line in response.json["items"]]


def test_r9_a_line_tells_who_what_whom_when_and_from_where(place: Place) -> None:
    entry = an_entry(place)
    write(place, entry)

    response = place.send("GET", "/v1/audit")

    assert (response.json["total"], response.json["next_cursor"]) == (1, None)
    (line,) = response.json["items"]
    assert line["actor"] == place.tenant.admin_id
    assert line["subject"] == place.human_id
    assert (line["action"], line["changed"]) == ("thing.updated", ["name"])
    assert (line["address"], line["correlation_id"]) == ("192.0.2.7", "c")
    assert (line["id"], line["n"]) == (entry["id"], 1)


def test_r9_lines_are_found_by_subject_actor_action_and_time(place: Place) -> None:
    other, actor = new_id(), new_id()
    entries = [
        an_entry(place, 0, subject=other),
        an_entry(place, 10, actor=actor),
        an_entry(place, 20, action="thing.deleted"),
    ]
    write(place, *entries)
    middle = (entries[1]["at"] - timedelta(seconds=1)).isoformat().replace("+00:00", "Z")
    late = (entries[1]["at"] + timedelta(seconds=1)).isoformat().replace("+00:00", "Z")

    assert ns(place, f"?subject={other}") == [1]
    assert ns(place, f"?actor={actor}") == [2]
    assert ns(place, "?action=thing.deleted") == [3]
    assert ns(place, f"?from={middle}") == [3, 2]
    assert ns(place, f"?to={middle}") == [1]
    assert ns(place, f"?from={middle}&to={late}") == [2]
    assert ns(place, f"?actor={actor}&subject={other}") == []


def test_r9_pages_go_from_the_newest_and_do_not_shift(place: Place) -> None:
    entries = [an_entry(place, nth) for nth in range(5)]
    write(place, *entries)

    first = place.send("GET", "/v1/audit?limit=2").json
    AuditTrail(place.runtime.tenant(place.tenant.id)).keep_apart([an_entry(place, 9)])
    AuditWriter(place.runtime.platform, [], timedelta(seconds=-60)).run()
    second = place.send("GET", f"/v1/audit?limit=2&cursor={first['next_cursor']}").json
    third = place.send("GET", f"/v1/audit?limit=2&cursor={second['next_cursor']}").json

    assert [line["n"] for page in (first, second, third) for line in page["items"]] == [
        5, 4, 3, 2, 1,
    ]  # fmt: skip
    assert (first["total"], second["total"], third["next_cursor"]) == (5, 6, None)


@pytest.mark.parametrize("cursor", ["x", "e30", "WyJhIiwiIl0", "WyItMSIsIiJd"])
def test_a_cursor_that_is_not_ours_is_refused(place: Place, cursor: str) -> None:
    response = place.send("GET", f"/v1/audit?cursor={cursor}")

    assert (response.status_code, response.json["code"]) == (422, "cursor_invalid")


@pytest.mark.parametrize("moment", ["0001-01-01T00:00:00%2B14:00", "9999-12-31T23:59:59-14:00"])
def test_a_moment_that_utc_does_not_have_is_refused(place: Place, moment: str) -> None:
    response = place.send("GET", f"/v1/audit?from={moment}")

    assert response.status_code == 422
    assert "from" in response.json["errors"]


@pytest.mark.parametrize(
    ("query", "headers"),
    [("?format=jsonl", {}), ("", {"Accept": "application/x-ndjson"})],
)
def test_r9_json_lines_stream_all_that_fits(
    place: Place, query: str, headers: dict[str, str]
) -> None:
    write(place, *(an_entry(place, nth) for nth in range(3)))

    response = place.send("GET", f"/v1/audit{query}", headers=headers)

    assert response.content_type.startswith("application/x-ndjson")
    lines = [json.loads(line) for line in response.text.splitlines()]
    assert lines == place.send("GET", "/v1/audit?format=json").json["items"]


def test_r9_only_who_may_reads_the_trail(place: Place) -> None:
    write(place, an_entry(place))
    token = place.tenant.accounts.token(place.tenant.id, place.human_id)

    response = place.send("GET", "/v1/audit", token=token)

    assert (response.status_code, response.json["code"]) == (403, "forbidden")
    assert f"{place.name}.audit:read" in response.json["detail"]


def test_r1_another_tenants_trail_is_invisible(place: Place) -> None:
    write(place, an_entry(place))
    stranger = place.stranger

    items = place.send("GET", "/v1/audit", token=stranger.token).json["items"]

    assert place.human_id not in {line["subject"] for line in items}


def test_r9_verify_names_the_first_break(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    write(place, *(an_entry(place, nth) for nth in range(3)))
    database = place.runtime.platform.database
    monkeypatch.setenv("STAFFROLL_MONGODB_URI", place.runtime.settings.mongodb_uri)
    monkeypatch.setenv("STAFFROLL_MONGODB_PREFIX", database.name.removesuffix(place.name))

    good = verify()
    database[COLLECTION].update_one(
        {"tenant_id": place.tenant.id, "n": 2}, {"$set": {"action": "thing.read"}}
    )
    bad = verify("--tenant", place.tenant.id)

    assert (good.exit_code, bad.exit_code) == (0, 1), good.output
    assert f"{place.name} {place.tenant.id}: 3 lines, unbroken" in good.output
    assert f"{place.name} {place.tenant.id}: 1 lines, line 2 was changed" in bad.output


def verify(*arguments: str) -> Result:
    return CliRunner().invoke(main, ["audit", "verify", *arguments])
