"""When two addresses are one (R4)."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from staffroll.search import email_key


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Anna@Example.COM", "anna@example.com"),
        ("a@müller.example", "a@xn--mller-kva.example"),
        ("a@MÜLLER.example", "A@XN--MLLER-KVA.EXAMPLE"),
        ("a@mu\u0308ller.example", "a@müller.example"),
        ("jose\u0301@example.com", "JOSÉ@example.com"),
        ("Straße@example.com", "strasse@example.com"),
        ("a@例え.example", "a@xn--r8jz45g.example"),
        (" a@example.com ", "a@example.com"),
    ],
)
def test_r4_spellings_of_one_address_have_one_key(one: str, other: str) -> None:
    assert email_key(one) == email_key(other)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("jose@example.com", "josé@example.com"),
        ("a@straße.example", "a@strasse.example"),
        ("a.b@example.com", "ab@example.com"),
        ("a+b@example.com", "a@example.com"),
    ],
)
def test_r4_different_addresses_have_different_keys(one: str, other: str) -> None:
    assert email_key(one) != email_key(other)


@pytest.mark.parametrize(
    "odd", ["", "@", "no at sign", "a@", "@b", "a@b@C", "a@xn--\u00fc", "a@-.-", "a@ü..de"]
)
def test_r4_odd_input_is_folded_and_never_refused(odd: str) -> None:
    assert email_key(odd) == email_key(odd.upper())


@given(st.text(st.characters(), max_size=300), st.text(st.characters(), max_size=60))
def test_r4_a_key_is_its_own_key_whatever_was_typed(local: str, domain: str) -> None:
    key = email_key(f"{local}@{domain}")

    assert email_key(key) == key
