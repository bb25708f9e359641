from dataclasses import replace
from datetime import UTC, date, datetime
from typing import Any

import pytest

from staffroll.errors import Invalid
from staffroll.followed import Followed, UserCopy
from staffroll.records import Record
from staffroll_people.domain.persons import RULES
from staffroll_people.domain.profiles import (
    Address,
    EmergencyContact,
    Profile,
    are_sensitive,
    check_birth,
)
from staffroll_people.store.persons import from_document, to_document
from tests.support.services import a_user

NOW = datetime(2026, 3, 1, tzinfo=UTC)
TODAY = NOW.date()
ID = "0199a000-0000-7000-8000-000000000001"
BERLIN = Address("DE", "Unter den Linden 1", "10117", "Berlin", "Berlin")
PROFILE = Profile(
    title="Dr.",
    middle_name="Lee",
    business_phone="+4930901820",
    private_phone="+4930901821",
    date_of_birth=date(1990, 4, 30),
    address=BERLIN,
    emergency_contact=EmergencyContact("Bo", "brother", "+4930901822"),
    notes="Plays chess.\nAnd go.",
)


def a_person(own: Profile, state: Any = "confirmed") -> Record[Profile]:
    return Record(Followed(id=ID, state=state, user=UserCopy()), own)


def test_r85_everything_is_optional() -> None:
    assert RULES.begin(ID, {}, "Europe/Berlin", NOW, 0) == Profile()


def test_r85_null_removes_and_what_is_left_out_stays() -> None:
    assert RULES.edited(PROFILE, {"title": None}) == replace(PROFILE, title="")


@pytest.mark.parametrize(
    "name, empty",
    [("date_of_birth", None), ("address", None), ("emergency_contact", None), ("notes", "")],
)
def test_r85_null_removes_whole_parts(name: str, empty: object) -> None:
    assert getattr(RULES.edited(PROFILE, {name: None}), name) == empty


def test_r85_a_patch_of_an_address_leaves_the_rest_of_it() -> None:
    edited = RULES.edited(PROFILE, {"address": {"city": "Potsdam", "region": None}})

    assert edited.address == replace(BERLIN, city="Potsdam", region="")


def test_r85_an_address_of_which_nothing_is_left_is_none() -> None:
    only_country = replace(PROFILE, address=Address("DE"))

    assert RULES.edited(only_country, {"address": {"country": None}}).address is None
    assert RULES.edited(Profile(), {"address": {}}).address is None


@pytest.mark.parametrize(
    "changes, field",
    [
        ({"address": {"city": "Potsdam"}}, "address.country"),
        ({"emergency_contact": {"phone": "+4930901822"}}, "emergency_contact.name"),
    ],
)
def test_r85_an_address_needs_a_country_and_an_emergency_contact_a_name(
    changes: dict[str, Any], field: str
) -> None:
    with pytest.raises(Invalid) as refused:
        RULES.begin(ID, changes, "Europe/Berlin", NOW, 0)

    assert refused.value.errors[field][0].code == "required"


@pytest.mark.parametrize("born", [date(2026, 3, 2), date(1899, 12, 31), date(1, 1, 1)])
def test_r85_nobody_is_born_in_the_future_or_long_ago(born: date) -> None:
    with pytest.raises(Invalid):
        check_birth({"date_of_birth": born}, TODAY)


@pytest.mark.parametrize("born", [None, TODAY, date(1900, 1, 1)])
def test_r85_whoever_can_be_alive_can_be_born(born: date | None) -> None:
    check_birth({"date_of_birth": born}, TODAY)


def test_r85_what_every_reader_sees_has_nothing_sensitive() -> None:
    assert not are_sensitive(PROFILE.public.__dataclass_fields__)
    assert "+4930901821" not in repr(PROFILE.public)
    assert (PROFILE.public.title, PROFILE.public.business_phone) == ("Dr.", "+4930901820")


def test_news_of_the_user_change_nothing_of_the_profile() -> None:
    assert RULES.heard(ID, a_person(PROFILE), a_user(), 0, NOW) == PROFILE


def test_r85_what_is_sensitive_is_not_told() -> None:
    told = RULES.state(a_person(PROFILE), NOW)

    assert (told.status, told.business_phone) == ("known", "+4930901820")
    for secret in ("+4930901821", "1990", "Berlin", "brother", "chess"):
        assert secret not in repr(told)


def test_r61_of_a_deleted_one_nothing_is_told_but_that() -> None:
    told = RULES.state(a_person(RULES.buried(None, NOW), "deleted"), NOW)

    assert (told.status, told.title, told.middle_name) == ("deleted", "", "")


@pytest.mark.parametrize("own", [PROFILE, Profile()])
def test_a_profile_is_read_as_it_was_kept(own: Profile) -> None:
    assert from_document(to_document(own)) == own


def test_a_profile_of_an_older_or_newer_version_is_read() -> None:
    older = {"title": "Dr.", "middle_name": "", "private_phone": "", "business_phone": "1 2"}

    assert from_document(older) == Profile(title="Dr.", business_phone="1 2")
    assert from_document({"title": "Dr.", "star_sign": "Aries"}) == Profile(title="Dr.")
