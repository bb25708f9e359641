"""The token in a link that sets a password: R32."""

from __future__ import annotations

import hashlib
from base64 import urlsafe_b64encode

import pytest
from hypothesis import given
from hypothesis import strategies as st

from staffroll_accounts.domain import reset_tokens
from staffroll_accounts.domain.errors import ResetTokenInvalid
from tests.unit.accounts.builders import ID

SECRET = bytes(range(32))


@given(
    st.from_regex(r"[a-z][a-z0-9-]{1,38}[a-z0-9]", fullmatch=True),
    st.binary(min_size=32, max_size=32),
)
def test_a_token_says_whose_it_is(tenant_id: str, secret: bytes) -> None:
    token = reset_tokens.make(tenant_id, ID, secret)

    assert reset_tokens.read(token.text) == token
    assert len(token.text) <= reset_tokens.MAX_CHARACTERS


def test_only_a_hash_of_it_is_kept_and_nothing_shows_it() -> None:
    token = reset_tokens.make("acme", ID, SECRET)

    assert token.hash == hashlib.sha256(token.text.encode()).hexdigest()
    assert token.text not in repr(token)


@given(st.text(max_size=200))
def test_whatever_else_is_no_token(text: str) -> None:
    with pytest.raises(ResetTokenInvalid):
        reset_tokens.read(text)


@given(st.binary(max_size=48))
def test_bytes_without_a_tenant_are_no_token(raw: bytes) -> None:
    with pytest.raises(ResetTokenInvalid):
        reset_tokens.read(urlsafe_b64encode(raw).rstrip(b"=").decode())


def test_the_same_bytes_written_otherwise_are_no_token() -> None:
    text = reset_tokens.make("acme", ID, SECRET).text
    last = text[-1]

    for other in (f"{text}=", text[:-1] + chr(ord(last) + 1), f"{text}\n", f" {text}"):
        with pytest.raises(ResetTokenInvalid):
            reset_tokens.read(other)
