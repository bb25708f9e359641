"""What is people's own: profiles (R85)."""

from __future__ import annotations

from typing import Any

import pytest

from staffroll.events import payload_of
from tests.support.services import TenantHere, a_tombstone, body_of, eventually, grant, only

pytestmark = only("people")

PHONE = "+49 30 901820"
IN_E_164 = "+4930901820"
WHOLE = {
    "title": "Dr.",
    "middle_name": "Lee",
    "business_phone": PHONE,
    "private_phone": "+49 30 901821",
    "date_of_birth": "1990-04-30",
    "address": {
        "country": "de",
        "street": "Unter den Linden 1",
        "postal_code": "10117",
        "city": "Berlin",
        "region": "Berlin",
    },
    "emergency_contact": {"name": "Bo", "relation": "brother", "phone": "+49 30 901822"},
    "notes": "Plays chess.\r\nAnd go.",
}
KEPT = {
    **WHOLE,
    "business_phone": IN_E_164,
    "private_phone": "+4930901821",
    "address": {**WHOLE["address"], "country": "DE"},  # type: ignore[dict-item]
    "emergency_contact": {"name": "Bo", "relation": "brother", "phone": "+4930901822"},
    "notes": "Plays chess.\nAnd go.",
}
SENSITIVE = ("date_of_birth", "private_phone", "address", "emergency_contact", "notes")


def test_r85_a_profile_is_created_with_the_person_and_told_when_confirmed(
    tenant: TenantHere,
) -> None:
    id_, wish = tenant.pending(title="Dr.", business_phone=PHONE, private_phone="+49 30 901821")
    tenant.here.handle(grant(wish))

    told = payload_of(tenant.said(id_, "person.updated"))
    assert (told.status, told.title, told.business_phone) == ("known", "Dr.", IN_E_164)
    assert tenant.read(id_)["private_phone"] == "+4930901821"


def test_r85_a_whole_profile_is_created_and_read(tenant: TenantHere) -> None:
    id_, _ = tenant.pending(**WHOLE)

    assert {name: tenant.read(id_)[name] for name in KEPT} == KEPT


def test_r85_what_is_not_known_is_empty_or_null(tenant: TenantHere) -> None:
    person = tenant.read(tenant.known())

    assert [person[name] for name in ("title", "private_phone", "notes")] == ["", "", ""]
    assert [person[name] for name in ("date_of_birth", "address", "emergency_contact")] == [
        None
    ] * 3


def test_r85_what_is_sensitive_is_not_told(tenant: TenantHere) -> None:
    id_ = tenant.known()

    tenant.change(id_, private_phone="+49 30 904711", notes="Plays chess.")

    event = tenant.said(id_, "person.updated", nth=1)
    assert payload_of(event).changed == ["notes", "private_phone"]
    assert "904711" not in event.to_json()
    assert "chess" not in event.to_json()


def test_r85_null_removes(tenant: TenantHere) -> None:
    id_ = tenant.known()
    tenant.change(id_, **WHOLE)

    response = tenant.change(id_, title=None, address=None, date_of_birth=None)

    person = body_of(response)
    assert (response.status_code, person["title"], person["address"]) == (200, "", None)
    assert person["date_of_birth"] is None
    assert person["emergency_contact"] == KEPT["emergency_contact"]


def test_r85_a_patch_goes_into_parts(tenant: TenantHere) -> None:
    id_ = tenant.known()
    tenant.change(id_, **WHOLE)

    person = body_of(tenant.change(id_, address={"city": "Potsdam", "region": None}))

    assert person["address"] == {**KEPT["address"], "city": "Potsdam", "region": ""}  # type: ignore[dict-item]


def test_r85_an_unchanged_profile_is_not_told_again(tenant: TenantHere) -> None:
    id_ = tenant.known()
    tenant.change(id_, **WHOLE)
    version = tenant.read(id_)["version"]

    response = tenant.change(id_, **WHOLE)

    assert body_of(response)["version"] == version


@pytest.mark.parametrize(
    "changes, field, code",
    [
        ({"title": "=1+1"}, "title", "formula_start"),
        ({"title": "Dr.; =1+1"}, "title", "formula_start"),
        ({"business_phone": "+=1"}, "business_phone", "phone_invalid"),
        ({"business_phone": "=1"}, "business_phone", "phone_invalid"),
        ({"private_phone": "030 901820"}, "private_phone", "phone_invalid"),
        ({"private_phone": "+49 30 1"}, "private_phone", "phone_invalid"),
        ({"date_of_birth": "2990-01-01"}, "date_of_birth", "date_of_birth_impossible"),
        ({"date_of_birth": "1890-01-01"}, "date_of_birth", "date_of_birth_impossible"),
        ({"date_of_birth": "1990-02-30"}, "date_of_birth", "invalid"),
        ({"date_of_birth": "1990-04-30T00:00:00Z"}, "date_of_birth", "invalid"),
        ({"date_of_birth": 0}, "date_of_birth", "invalid"),
        ({"address": {"country": "XX"}}, "address.country", "country_unknown"),
        ({"address": {"country": ""}}, "address.country", "country_unknown"),
        ({"address": {"country": {"$ne": None}}}, "address.country", "invalid"),
        ({"address": {"city": "Berlin"}}, "address.country", "required"),
        ({"address": {"country": "DE", "street": "x" * 201}}, "address.street", "too_long"),
        (
            {"address": {"country": "DE", "postal_code": "1" * 21}},
            "address.postal_code",
            "too_long",
        ),
        ({"address": {"country": "DE", "city": "a\0"}}, "address.city", "control_characters"),
        ({"address": {"country": "DE", "planet": "Earth"}}, "address.planet", "unknown_field"),
        ({"address": {"country": "DE", "$where": "1"}}, "address.$where", "unknown_field"),
        ({"address": "Berlin"}, "address._schema", "invalid"),
        ({"address": [{"country": "DE"}]}, "address._schema", "invalid"),
        ({"emergency_contact": {"phone": PHONE}}, "emergency_contact.name", "required"),
        (
            {"emergency_contact": {"name": "Bo", "phone": "112"}},
            "emergency_contact.phone",
            "phone_invalid",
        ),
        ({"notes": "x" * 2_001}, "notes", "too_long"),
        ({"notes": "a\x1bb"}, "notes", "control_characters"),
        ({"notes": ["a"]}, "notes", "invalid"),
    ],
)
def test_r85_bad_contact_data_is_refused_by_field(
    tenant: TenantHere, changes: dict[str, Any], field: str, code: str
) -> None:
    id_ = tenant.known()
    before = tenant.stored(id_)["own"]

    changing, creating = tenant.change(id_, **changes), tenant.create(**changes)

    for response in (changing, creating):
        assert response.status_code == 422, response.text
        assert body_of(response)["errors"][field][0]["code"] == code
    assert tenant.stored(id_)["own"] == before


def test_r85_the_sensitive_part_is_missing_for_who_may_not_see_it(tenant: TenantHere) -> None:
    id_ = tenant.known()
    tenant.change(id_, **WHOLE)
    reader = tenant.token(tenant.known(), permissions=["people.profile:read"])

    read = body_of(tenant.request("GET", f"/{id_}", as_=reader))
    listed = body_of(tenant.request("GET", as_=reader))["items"]

    for person in (read, *listed):
        assert not set(SENSITIVE) & set(person)
    assert (read["title"], read["business_phone"]) == ("Dr.", IN_E_164)


def test_r85_the_sensitive_part_is_there_for_who_may_see_it(tenant: TenantHere) -> None:
    id_ = tenant.known()
    tenant.change(id_, **WHOLE)
    allowed = ["people.profile:read", "people.sensitive:read"]
    reader = tenant.token(tenant.known(), permissions=allowed)

    read = body_of(tenant.request("GET", f"/{id_}", as_=reader))

    assert {name: read[name] for name in KEPT} == KEPT


@pytest.mark.parametrize("name", SENSITIVE)
@pytest.mark.parametrize("empty", [False, True])
def test_r85_the_sensitive_part_is_changed_with_a_permission_of_its_own(
    tenant: TenantHere, name: str, empty: bool
) -> None:
    id_ = tenant.known()
    tenant.change(id_, **WHOLE)
    allowed = ["people.profile:read", "people.profile:edit", "people.sensitive:read"]
    editor = tenant.token(tenant.known(), permissions=allowed)
    change = {name: None if empty else WHOLE[name]}
    new = {"last_name": "Berg", "email": "new@example.org", **change}

    responses = [
        tenant.request("PATCH", f"/{id_}", json=change, as_=editor),
        tenant.request("POST", json=new, as_=editor),
    ]

    for response in responses:
        assert response.status_code == 403
        assert "people.sensitive:edit" in body_of(response)["detail"]
    assert tenant.read(id_)[name] == KEPT[name]


def test_r85_who_may_change_but_not_see_is_shown_nothing(tenant: TenantHere) -> None:
    id_ = tenant.known()
    allowed = ["people.profile:edit", "people.sensitive:edit"]
    editor = tenant.token(tenant.known(), permissions=allowed)

    response = tenant.request("PATCH", f"/{id_}", json={"notes": "New."}, as_=editor)

    assert response.status_code == 200
    assert "notes" not in body_of(response)
    assert tenant.read(id_)["notes"] == "New."


def test_r62_of_a_deleted_person_no_profile_is_left(tenant: TenantHere) -> None:
    id_ = tenant.known()
    tenant.change(id_, **WHOLE)

    tenant.hear("user.deleted", id_, 2, a_tombstone())

    eventually(lambda: not tenant.stored(id_)["outbox"])
    stored = repr(tenant.stored(id_))
    for secret in ("Dr.", "901820", "901821", "1990", "Linden", "brother", "chess"):
        assert secret not in stored
    assert tenant.request("GET", f"/{id_}").status_code == 404
