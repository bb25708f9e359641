from __future__ import annotations

import copy
import json
from pathlib import Path
from typing import Any

import jsonschema_rs
import pytest
import yaml
from tools.asyncapi import document
from tools.compatibility import breaking

from staffroll.events import EVENTS, REQUESTS, Event

ROOT = Path(__file__).parents[3]


def schema(**properties: Any) -> dict[str, Any]:
    return {"type": "object", "properties": properties, "required": sorted(properties)}


OLD = {
    "user.updated": schema(
        status={"type": "string", "enum": ["active", "deactivated"]},
        email={"type": "string", "x-personal": True},
        roles={"type": "array", "items": {"type": "string"}},
    )
}


def changed(name: str, **how: Any) -> dict[str, Any]:
    new = copy.deepcopy(OLD)
    new["user.updated"]["properties"][name].update(how)
    return new


def test_everything_that_is_said_stands_in_the_document() -> None:
    kept = yaml.safe_load((ROOT / "docs" / "asyncapi.yaml").read_text())

    assert set(kept["components"]["messages"]) == {*EVENTS, *REQUESTS}
    assert set(kept["channels"]["events"]["messages"]) == set(EVENTS)
    assert set(kept["channels"]["requests"]["messages"]) == set(REQUESTS)


def test_every_reference_leads_somewhere() -> None:
    whole = document("1")

    def references(part: Any) -> list[str]:
        if isinstance(part, dict):
            own = [part["$ref"]] if "$ref" in part else []
            return own + [found for value in part.values() for found in references(value)]
        if isinstance(part, list):
            return [found for value in part for found in references(value)]
        return []

    found = references(whole)
    assert found
    for reference in found:
        place: Any = whole
        for step in reference.removeprefix("#/").split("/"):
            place = place[step]


def test_what_an_event_becomes_fits_its_envelope() -> None:
    event = Event(
        type="user.erased",
        source="people",
        tenant_id="acme",
        subject="018f3a1e-9f0b-7c43-9a55-0d1f2b3c4d60",
        sequence=7,
        data={"service": "people"},
        correlation_id="req-1",
        replay=True,
    )

    told = json.loads(event.to_json())
    envelope = document("1")["components"]["schemas"]["Envelope"]
    jsonschema_rs.validate(envelope, told)
    assert set(told) <= set(envelope["properties"])


def test_nothing_changed_breaks_nothing() -> None:
    assert breaking(OLD, copy.deepcopy(OLD)) == []


def test_a_field_or_a_type_may_be_added() -> None:
    new = copy.deepcopy(OLD)
    new["user.updated"]["properties"]["nickname"] = {"type": "string"}
    new["user.updated"]["required"].append("nickname")
    new["user.praised"] = schema()

    assert breaking(OLD, new) == []


@pytest.mark.parametrize(
    ("new", "what"),
    [
        ({}, "user.updated is said no more"),
        (changed("email", type=["string", "null"]), "the type of data.email was string"),
        (changed("email", **{"x-personal": False}), "not marked as personal"),
        (changed("status", enum=["active", "deactivated", "away"]), "data.status can be away now"),
        (changed("roles", items={"type": "integer"}), "an item of data.roles"),
    ],
)
def test_what_a_reader_relies_on_cannot_change(new: dict[str, Any], what: str) -> None:
    (said,) = breaking(OLD, new)

    assert what in said


def test_a_field_cannot_go_nor_become_optional() -> None:
    new = copy.deepcopy(OLD)
    del new["user.updated"]["properties"]["email"]
    new["user.updated"]["required"] = ["status"]

    said = breaking(OLD, new)

    assert said == [
        "user.updated: data.email may be missing now",
        "user.updated: data.roles may be missing now",
        "user.updated: data.email is gone",
    ]


def test_nothing_new_can_be_demanded_of_who_sends_a_request() -> None:
    new = copy.deepcopy(OLD)
    new["user.updated"]["required"].append("reason")

    assert breaking(OLD, new) == []
    assert breaking(OLD, new, requests=["user.updated"]) == [
        "user.updated: data.reason must be said now"
    ]
