from datetime import UTC, datetime
from typing import Any

from staffroll.followed import Followed, UserCopy
from staffroll.records import Record
from staffroll_people.domain.persons import RULES, Profile
from tests.support.services import a_user

NOW = datetime(2026, 3, 1, tzinfo=UTC)
ID = "0199a000-0000-7000-8000-000000000001"
PROFILE = Profile("Dr.", "Lee", "+49 1", "+49 2")


def a_person(own: Profile, state: Any = "confirmed") -> Record[Profile]:
    return Record(Followed(id=ID, state=state, user=UserCopy()), own)


def test_r85_everything_is_optional() -> None:
    assert RULES.begin(ID, {}, "Europe/Berlin", NOW, 0) == Profile()


def test_r85_null_removes_and_what_is_left_out_stays() -> None:
    assert RULES.edited(PROFILE, {"title": None}) == Profile("", "Lee", "+49 1", "+49 2")


def test_news_of_the_user_change_nothing_of_the_profile() -> None:
    assert RULES.heard(ID, PROFILE, a_user(), 0) == PROFILE


def test_r85_a_private_phone_is_not_told() -> None:
    told = RULES.state(a_person(PROFILE), NOW)

    assert (told.status, told.business_phone) == ("known", "+49 2")
    assert "+49 1" not in repr(told)


def test_r61_of_a_deleted_one_nothing_is_told_but_that() -> None:
    told = RULES.state(a_person(RULES.erased, "deleted"), NOW)

    assert (told.status, told.title, told.middle_name) == ("deleted", "", "")
