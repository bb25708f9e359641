"""What a password must be: R30."""

from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from staffroll_accounts.domain.errors import PasswordRefused
from staffroll_accounts.domain.passwords import (
    MAX_CHARACTERS,
    Policy,
    check,
    check_changed,
    describe,
    problems,
)
from staffroll_accounts.domain.tenants import PASSWORD_MIN_LENGTH_RANGE

ANNA = ("Anna", "Müller", "anna.mueller@acme.example")
# No surrogates: no client can send them, and they have no Unicode form.
TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=300)


def codes(password: str, personal: tuple[str, ...] = ANNA, minimum: int = 12) -> list[str]:
    return [each.code for each in problems(password, Policy(minimum), personal)]


@pytest.mark.parametrize(
    "password",
    [
        "correct horse battery",
        "purple monkey dishwasher",
        "kein zeichen muss hinein",
        "wörter mit ümläuten",
        "пароль как у людей",
        "正しい馬の電池ホチキス止め",
        "🦔🦊🐢🦉🐌🦎🐙🦑🦞🦀🐡🐠",
        "x" + " y" * 40 + "z",
        "annA likes her bicycle",
        "7391 8264 5503",
    ],
)
def test_r30_any_characters_may_make_a_good_password(password: str) -> None:
    assert codes(password) == []


@pytest.mark.parametrize("minimum", [8, 12, 64])
def test_r30_the_tenant_says_how_short_it_may_be(minimum: int) -> None:
    text = "kq7 vx2 mw9 zt4 " * 4

    assert codes(text[:minimum], minimum=minimum) == []
    assert codes(text[: minimum - 1], minimum=minimum) == ["password_too_short"]


def test_r30_it_has_at_most_256_characters_in_composed_form() -> None:
    words = "kq7 vx2 mw9 zt4 " * 16

    assert codes(words) == []
    assert codes(words + "!") == ["password_too_long"]
    assert codes(unicodedata.normalize("NFD", "ü" + words[1:])) == []


@pytest.mark.parametrize(
    "password",
    [
        "password", "PASSWORD", "Password2026!", "passwordpassword", "p@ssw0rd2026", "$unshine2026",
        "!!!Dragon!!!", "qwertyuiop12", "123456789012", "987654321098", "abcdefghijkl",
        "aaaaaaaaaaaaaaa", "ababababababab", "1234123412341234", "qwertyuiopas", "letmeinletmein",
        "international", "            ", "############",
    ],
)  # fmt: skip
def test_r30_what_everybody_thinks_of_is_refused(password: str) -> None:
    assert "password_common" in codes(password)


@pytest.mark.parametrize(
    "password",
    [
        "annamueller1", "Anna.Müller.1984", "mullermuller!!", "ANNA-MUELLER-26",
        "anna.mueller@acme.example", "acme-example-99", "mu\u0308ller 2026 abc",
    ],
)  # fmt: skip
def test_r30_names_and_the_e_mail_do_not_make_a_password(password: str) -> None:
    assert "password_personal" in codes(password)


def test_r30_parts_of_less_than_three_letters_are_nobodys_name() -> None:
    assert codes("al or ed 2026 1984", ("Al", "Ed", "al.ed@xy.zz")) == []


def test_r30_everything_that_is_wrong_is_said_at_once() -> None:
    personal = ("Dragon", "Smith", "dragon@x.example")

    with pytest.raises(PasswordRefused) as refused:
        check("dragon1", Policy(), personal)

    assert [each.code for each in refused.value.errors["password"]] == [
        "password_too_short",
        "password_common",
        "password_personal",
    ]
    assert all(each.text() for each in refused.value.errors["password"])


def test_the_same_password_is_no_change() -> None:
    with pytest.raises(PasswordRefused):
        check_changed("m\u00fcller und so", "mu\u0308ller und so")

    check_changed("one", "another")


def test_the_policy_is_described_with_its_numbers() -> None:
    first, *_ = describe(Policy(15))

    assert "15" in first
    assert "256" in first


@given(TEXT, st.integers(*PASSWORD_MIN_LENGTH_RANGE))
def test_r30_every_unicode_form_is_judged_alike(password: str, minimum: int) -> None:
    judged = {
        tuple(codes(unicodedata.normalize(form, password), minimum=minimum))
        for form in ("NFC", "NFD")
    }

    assert len(judged) == 1


@given(TEXT, TEXT, TEXT)
def test_r30_whatever_is_typed_is_judged_and_never_fails(
    password: str, last_name: str, email: str
) -> None:
    for found in problems(password, Policy(), (last_name, email)):
        assert found.text()


@given(st.text(st.characters(exclude_categories=["Cs"]), min_size=MAX_CHARACTERS * 4))
def test_r30_what_is_far_too_long_is_said_to_be_so(password: str) -> None:
    assert codes(password) == ["password_too_long"]


@given(st.text("abcdefghijklmnopqrstuvwxyz", min_size=3, max_size=30), st.text("0123456789.-!"))
def test_r30_a_name_with_digits_and_signs_is_always_personal(name: str, decoration: str) -> None:
    assert "password_personal" in codes(name + decoration, (name,))
