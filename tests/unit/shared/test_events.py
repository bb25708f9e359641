"""Messages: what goes out comes back; what is malformed is called so and nothing else."""

from __future__ import annotations

import json
from contextlib import suppress
from dataclasses import fields as attributes
from datetime import UTC, date, datetime, timedelta, timezone
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from marshmallow import Schema, fields

from staffroll.events import (
    EVENTS,
    REQUESTS,
    Cause,
    EmployeeState,
    Event,
    NotAnEvent,
    RequestRejected,
    SigningKeys,
    SnapshotWish,
    TenantState,
    UserChangeWish,
    UserState,
    UserWish,
    dump_payload,
    is_known,
    payload_of,
)
from staffroll.events.payloads import Payload

NOW = datetime(2026, 11, 24, 8, 30, tzinfo=UTC)
ALL = {**EVENTS, **REQUESTS}

_JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text(st.characters(codec=None, exclude_categories=())),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=8,
)

_SECRETS = ("password", "hash", "secret", "otp", "recovery", "private", "access_token", "refresh")


def an_event(**changes: Any) -> Event:
    known: dict[str, Any] = {
        "type": "user.created",
        "source": "accounts",
        "tenant_id": "acme",
        "subject": "0197a000-0000-7000-8000-000000000001",
        "sequence": 1,
        "data": {},
        "time": NOW,
    }
    return Event(**{**known, **changes})


def a_document(**changes: Any) -> dict[str, Any]:
    document: dict[str, Any] = json.loads(an_event().to_json())
    return {**document, **changes}


def _read(raw: bytes | str) -> Event | None:
    try:
        return Event.from_json(raw)
    except NotAnEvent:
        return None


@given(
    st.builds(
        Event,
        type=st.sampled_from(sorted(ALL)),
        source=st.sampled_from(["accounts", "people"]),
        tenant_id=st.just("acme"),
        subject=st.uuids().map(str),
        sequence=st.integers(0, 2**63 - 1),
        data=st.dictionaries(st.text(), st.text() | st.integers(-(2**53), 2**53) | st.booleans()),
        actor=st.text(min_size=1),
        time=st.datetimes(timezones=st.just(UTC)),
        correlation_id=st.none() | st.text(),
        request_id=st.none() | st.text(),
        replay=st.booleans(),
    )
)
def test_an_event_comes_back_as_it_went(event: Event) -> None:
    assert Event.from_json(event.to_json()) == event
    assert Event.from_json(event.to_json().encode()) == event


def test_an_event_is_a_cloud_event() -> None:
    document = json.loads(an_event(correlation_id="c1", request_id="r1", replay=True).to_json())

    assert document["specversion"] == "1.0"
    assert document["source"] == "staffroll/accounts"
    assert document["time"] == "2026-11-24T08:30:00Z"
    assert document["dataschema"] == "/schemas/user.created.json"
    assert {"tenantid", "sequence", "actor", "correlationid", "requestid", "replay"} <= {*document}


def test_attributes_that_are_not_set_are_left_out() -> None:
    assert not {"correlationid", "requestid", "replay"} & {*a_document()}


def test_f14_attributes_of_a_newer_sibling_are_no_error() -> None:
    event = Event.from_json(json.dumps(a_document(traceparent="00-abc", novelty={"a": [1]})))

    assert event.subject == an_event().subject


@pytest.mark.parametrize(
    "name", ["id", "source", "type", "subject", "tenantid", "sequence", "data", "specversion"]
)
def test_f5_a_message_without_a_needed_attribute_is_malformed(name: str) -> None:
    document = a_document()
    del document[name]

    with pytest.raises(NotAnEvent):
        Event.from_json(json.dumps(document))


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("specversion", "0.3"),
        ("specversion", 1.0),
        ("id", 7),
        ("id", ""),
        ("source", ["staffroll/accounts"]),
        ("type", None),
        ("subject", {"$ne": None}),
        ("subject", ""),
        ("tenantid", 1),
        ("tenantid", "Acme"),
        ("tenantid", "acme.evil"),
        ("tenantid", "acme\n"),
        ("tenantid", ""),
        ("sequence", "1"),
        ("sequence", -1),
        ("sequence", 1.0),
        ("sequence", True),
        ("sequence", 2**63),
        ("data", []),
        ("data", "{}"),
        ("time", "yesterday"),
        ("time", None),
        ("time", 5),
    ],
)
def test_f5_a_message_with_a_wrong_attribute_is_malformed(name: str, value: object) -> None:
    with pytest.raises(NotAnEvent):
        Event.from_json(json.dumps(a_document(**{name: value})))


@pytest.mark.parametrize(
    "raw",
    [
        b"",
        b"\xff\xfe\x00",
        b"null",
        b"[]",
        b'"text"',
        b"{",
        b"[" * 100_000,
        b'{"a":' * 100_000,
        b'{"a": NaN}',
        b"9" * 10_000,
        json.dumps(a_document()).replace('"data": {}', '"data": {"x": NaN}').encode(),
        json.dumps(a_document()).replace('"data": {}', '"data": {"x": "\\ud800"}').encode(),
        json.dumps(a_document()).replace('"data": {}', '"data": {"\\udc00": 1}').encode(),
        json.dumps(a_document()).replace('"data": {}', '"data": {"x": "\ud800"}').encode(
            "utf-8", "surrogatepass"
        ),
        json.dumps(a_document()).replace(
            '"data": {}', '"data": {"x": ' + "[" * 5_000 + "]" * 5_000 + "}"
        ).encode(),
    ],
    ids=[
        "empty", "no-text", "null", "list", "string", "cut-off", "deep-list", "deep-object", "nan",
        "huge-number", "nan-inside", "surrogate", "surrogate-key", "surrogate-bytes", "deep-data",
    ],
)  # fmt: skip
def test_f5_hostile_bytes_are_malformed_and_nothing_worse(raw: bytes) -> None:
    with pytest.raises(NotAnEvent):
        Event.from_json(raw)


@given(st.binary(max_size=300))
def test_f5_any_bytes_are_read_or_malformed(raw: bytes) -> None:
    _read(raw)


@given(_JSON)
def test_f5_any_json_is_read_or_malformed(value: object) -> None:
    _read(json.dumps(value))


@given(st.dictionaries(st.sampled_from(sorted(a_document())), _JSON, max_size=3))
def test_f5_any_change_to_a_message_is_read_or_malformed(changes: dict[str, Any]) -> None:
    event = _read(json.dumps(a_document(**changes)))

    if event is not None:
        event.to_json().encode()
        assert 0 <= event.sequence < 2**63


@given(st.sampled_from(sorted(ALL)), st.dictionaries(st.text(), _JSON))
def test_f5_any_data_fit_the_type_or_are_malformed(event_type: str, data: dict[str, Any]) -> None:
    with suppress(NotAnEvent):
        payload_of(an_event(type=event_type, data=data))


@given(data=st.data(), event_type=st.sampled_from(sorted(ALL)))
def test_f5_any_value_in_a_known_field_fits_or_is_malformed(
    data: st.DataObject, event_type: str
) -> None:
    names = [f.data_key or name for name, f in ALL[event_type].fields.items()]
    values = data.draw(st.fixed_dictionaries({}, optional=dict.fromkeys(names, _JSON)))

    with suppress(NotAnEvent):
        payload_of(an_event(type=event_type, data=values))


def test_a_reason_names_fields_and_never_values() -> None:
    data = {"attempt": "hush", "last_name": ["hush"], "email": 7}

    with pytest.raises(NotAnEvent) as caught:
        payload_of(an_event(type="user.requested", data=data))

    assert "attempt, email, last_name" in str(caught.value)
    assert "hush" not in str(caught.value)


A_USER = UserState(
    status="active",
    token_generation=3,
    created_at="2026-11-24T08:30:00Z",
    created_in="people",
    first_name="Anna",
    last_name="Müller",
    email="anna@x.example",
    language="de",
    time_zone="Europe/Berlin",
    roles=["r1"],
    is_admin=True,
    locked=True,
    applied_requests=["q1"],
    changed=["email"],
)

SAMPLES: list[tuple[str, Any]] = [
    ("user.created", A_USER),
    ("employee.updated", EmployeeState("employed", "4711", date(2026, 1, 1), None, ["u"], 3)),
    ("tenant.created", TenantState("Acme", "active", ["en"], "UTC", {"rules": {"min": 3}})),
    ("keys.updated", SigningKeys([{"kty": "OKP", "kid": "k"}])),
    ("user.requested", UserWish(attempt=2, last_name="M", email="m@x.example", roles=["r"])),
    ("user.requested", UserWish(attempt=1, last_name="M", email="m@x.example", active=False)),
    ("user.change-requested", UserChangeWish(1, 4, {"email": "m@x.example"})),
    ("request.rejected", RequestRejected(1, "email_taken", "No.", {"email": [{"code": "x"}]})),
    ("snapshot.requested", SnapshotWish("q", "acme", ["s"])),
]


@pytest.mark.parametrize(("event_type", "payload"), SAMPLES)
def test_a_payload_comes_back_as_it_went(event_type: str, payload: object) -> None:
    cause = Cause("accounts", "acme", "system:test", NOW, "c1", "r1")

    event = Event.from_json(cause.event(event_type, "s", 2, payload).to_json())

    assert payload_of(event) == payload
    assert (event.correlation_id, event.request_id, event.actor) == ("c1", "r1", "system:test")


@pytest.mark.parametrize(("event_type", "payload"), SAMPLES)
def test_f14_unknown_fields_are_ignored(event_type: str, payload: object) -> None:
    data = {**dump_payload(payload), "novelty": {"a": 1}, "another": None}

    assert payload_of(an_event(type=event_type, data=data)) == payload


def test_f14_unknown_types_are_known_as_such() -> None:
    assert not is_known("user.updated.v2")
    assert is_known("user.updated")


@pytest.mark.parametrize("event_type", sorted(ALL))
def test_every_type_has_a_schema_that_fills_its_dataclass(event_type: str) -> None:
    schema = ALL[event_type]

    assert isinstance(schema, Payload)
    named = {f.attribute or name for name, f in schema.fields.items()}
    assert named == {attribute.name for attribute in attributes(schema.target)}


@pytest.mark.parametrize("event_type", sorted(ALL))
def test_no_secret_has_a_place_in_any_message(event_type: str) -> None:
    names = _names(ALL[event_type])

    assert [name for name in names if any(secret in name for secret in _SECRETS)] == []


@pytest.mark.parametrize("name", ["first_name", "last_name", "email"])
def test_personal_fields_of_a_user_are_marked_as_such(name: str) -> None:
    for event_type in ("user.created", "user.requested"):
        assert ALL[event_type].fields[name].metadata["personal"] is True


def test_a_time_without_a_zone_is_taken_as_utc_and_others_stay_aware() -> None:
    bare = Event.from_json(json.dumps(a_document(time="2026-11-24T08:30:00")))
    east = Event.from_json(json.dumps(a_document(time="2026-11-24T09:30:00+01:00")))

    assert bare.time == NOW
    assert east.time == datetime(2026, 11, 24, 9, 30, tzinfo=timezone(timedelta(hours=1)))


def _names(schema: Schema) -> list[str]:
    found = []
    for name, field in schema.fields.items():
        found.append(name)
        if isinstance(field, fields.Nested):
            found += _names(field.schema)
    return found
