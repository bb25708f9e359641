"""Access tokens: only what our key signed, for us, for now, in our form (RFC 8725)."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import time
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from joserfc import jwt
from joserfc.jwk import OctKey, OKPKey, RSAKey

from staffroll.errors import Unauthenticated
from staffroll.web.tokens import (
    ALGORITHM,
    AUDIENCE,
    LEEWAY_SECONDS,
    KeyRing,
    TokenExpired,
    TokenInvalid,
    verify,
)

OURS = OKPKey.generate_key("Ed25519", parameters={"kid": "ours", "use": "sig"})
PUBLIC = OURS.as_dict(private=False)
OTHERS = OKPKey.generate_key("Ed25519", parameters={"kid": "ours", "use": "sig"})


def a_ring(*keys: dict[str, Any]) -> KeyRing:
    return KeyRing(lambda: keys or (PUBLIC,))


def some_claims(**changes: Any) -> dict[str, Any]:
    now = int(time.time())
    claims = {
        "sub": "0197a000-0000-7000-8000-000000000001",
        "tid": "acme",
        "adm": False,
        "perms": ["accounts.users:read"],
        "gen": 1,
        "aud": AUDIENCE,
        "iat": now,
        "exp": now + 600,
        "jti": "j",
        **changes,
    }
    return {name: value for name, value in claims.items() if value is not ...}


def a_token(key: Any = OURS, header: dict[str, Any] | None = None, **changes: Any) -> str:
    told = {"alg": ALGORITHM, "kid": "ours", "typ": "at+jwt"} | (header or {})
    return jwt.encode(told, some_claims(**changes), key, algorithms=[told["alg"]])


def by_hand(header: dict[str, Any], sign: Callable[[bytes], bytes], **changes: Any) -> str:
    parts = [_part(json.dumps(header).encode()), _part(json.dumps(some_claims(**changes)).encode())]
    signature = sign(".".join(parts).encode())
    return ".".join([*parts, _part(signature)])


def _part(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).decode().rstrip("=")


def test_a_good_token_says_who_is_asking() -> None:
    claims = verify(a_token(adm=True, gen=7), a_ring())

    assert claims.subject == some_claims()["sub"]
    assert (claims.tenant_id, claims.generation, claims.is_admin) == ("acme", 7, True)
    assert claims.permissions == {"accounts.users:read"}


@pytest.mark.parametrize("adm", ["true", 1, None, ..., [True]])
def test_only_true_itself_makes_an_admin(adm: object) -> None:
    assert verify(a_token(adm=adm), a_ring()).is_admin is False


@pytest.mark.parametrize("alg", ["none", "None", "NONE", ""])
def test_a_token_without_a_signature_is_refused(alg: str) -> None:
    token = by_hand({"alg": alg, "kid": "ours"}, lambda _: b"")

    with pytest.raises(TokenInvalid):
        verify(token, a_ring())
    with pytest.raises(TokenInvalid):
        verify(token.rstrip("."), a_ring())


@pytest.mark.parametrize(
    "secret",
    [
        OURS.as_pem(private=False),
        OURS.as_der(private=False),
        json.dumps(PUBLIC).encode(),
        str(PUBLIC["x"]).encode(),
        base64.urlsafe_b64decode(f"{PUBLIC['x']}="),
        b"",
    ],
    ids=["pem", "der", "jwk", "x", "raw", "empty"],
)
def test_the_public_key_is_no_shared_secret(secret: bytes) -> None:
    token = by_hand(
        {"alg": "HS256", "kid": "ours"},
        lambda signed: hmac.new(secret, signed, hashlib.sha256).digest(),
    )

    with pytest.raises(TokenInvalid):
        verify(token, a_ring())


def test_another_key_under_our_id_is_refused() -> None:
    with pytest.raises(TokenInvalid):
        verify(a_token(OTHERS), a_ring())


@pytest.mark.parametrize("kid", ["theirs", "", None, 7, ["ours"], {"$ne": None}])
def test_a_key_that_nobody_published_is_refused(kid: object) -> None:
    header = {"alg": ALGORITHM, "kid": kid}

    with pytest.raises(TokenInvalid):
        verify(by_hand(header, lambda _: b"x" * 64), a_ring())


@pytest.mark.parametrize(
    "smuggled",
    [
        {"jwk": OTHERS.as_dict(private=False)},
        {"jku": "http://127.0.0.1:1/keys"},
        {"x5u": "http://127.0.0.1:1/cert"},
        {"crit": ["exp"]},
        {"b64": False, "crit": ["b64"]},
    ],
    ids=["jwk", "jku", "x5u", "crit", "b64"],
)
def test_a_token_cannot_bring_its_own_key_or_rules(smuggled: dict[str, Any]) -> None:
    header = {"alg": ALGORITHM, "kid": "ours", **smuggled}

    with pytest.raises(TokenInvalid):
        verify(by_hand(header, lambda _: b"x" * 64), a_ring())


def test_another_kind_of_key_is_refused_under_its_own_algorithm() -> None:
    rsa = RSAKey.generate_key(2048, parameters={"kid": "ours"})
    octet = OctKey.generate_key(256, parameters={"kid": "ours"})

    for key, alg in ((rsa, "RS256"), (octet, "HS256")):
        with pytest.raises(TokenInvalid):
            verify(a_token(key, {"alg": alg}), a_ring())


@pytest.mark.parametrize("aud", ["other", "", None, ..., 7, ["staffroll"], ["other"], {}])
def test_a_token_for_somebody_else_is_refused(aud: object) -> None:
    with pytest.raises(TokenInvalid):
        verify(a_token(aud=aud), a_ring())


def test_a_token_that_has_run_out_is_said_to_have() -> None:
    with pytest.raises(TokenExpired):
        verify(a_token(exp=int(time.time()) - LEEWAY_SECONDS - 1), a_ring())


def test_f10_clocks_may_differ_by_a_minute() -> None:
    verify(a_token(exp=int(time.time()) - LEEWAY_SECONDS + 10), a_ring())


@pytest.mark.parametrize("exp", [None, ..., "tomorrow", True, float("nan"), float("inf"), [], {}])
def test_a_token_that_never_runs_out_is_refused(exp: object) -> None:
    with pytest.raises(Unauthenticated):
        verify(a_token(exp=exp), a_ring())


@pytest.mark.parametrize(
    "changes",
    [
        {"sub": ...}, {"sub": None}, {"sub": 7}, {"sub": {"$ne": None}},
        {"tid": ...}, {"tid": None}, {"tid": ["acme"]}, {"tid": {"$ne": None}}, {"tid": "ACME"},
        {"tid": "acme\n"}, {"tid": ""}, {"tid": "_platform"},
        {"gen": ...}, {"gen": "1"}, {"gen": 1.5}, {"gen": None},
        {"perms": ...}, {"perms": "all"}, {"perms": {"a": 1}}, {"perms": None},
    ],
)  # fmt: skip
def test_a_token_with_missing_or_wrong_claims_is_refused(changes: dict[str, Any]) -> None:
    with pytest.raises(TokenInvalid):
        verify(a_token(**changes), a_ring())


@pytest.mark.parametrize("payload", [b"", b"[]", b'"x"', b"7", b"{", b"null", b"[" * 3_000])
def test_a_signed_payload_that_is_no_object_is_refused(payload: bytes) -> None:
    head = _part(json.dumps({"alg": ALGORITHM, "kid": "ours"}).encode())
    signed = f"{head}.{_part(payload)}"
    private: Any = OURS.private_key

    with pytest.raises(TokenInvalid):
        verify(f"{signed}.{_part(private.sign(signed.encode()))}", a_ring())


@pytest.mark.parametrize("position", range(3))
def test_a_token_that_was_touched_anywhere_is_refused(position: int) -> None:
    parts = a_token().split(".")
    middle = len(parts[position]) // 2
    other = "A" if parts[position][middle] != "A" else "B"
    parts[position] = f"{parts[position][:middle]}{other}{parts[position][middle + 1 :]}"

    with pytest.raises(TokenInvalid):
        verify(".".join(parts), a_ring())


@pytest.mark.parametrize(
    "token",
    [
        "",
        ".",
        "..",
        "....",
        "a.b.c",
        "a.b.c.d.e",
        "é.é.é",
        "\ud800",
        "\0",
        "e30.e30.",
        "x" * 100_000,
        f"{_part(b'[' * 3_000)}.e30.eA",
        f"{_part(b'9' * 6_000)}.e30.eA",
    ],
    ids=lambda token: repr(token[:12]),
)
def test_garbage_is_refused(token: str) -> None:
    with pytest.raises(TokenInvalid):
        verify(token, a_ring())


@given(
    st.text(st.characters(codec=None, exclude_categories=()))
    | st.lists(st.binary(max_size=60).map(_part), min_size=2, max_size=6).map(".".join)
    | st.builds(
        lambda header, payload: f"{_part(json.dumps(header).encode())}.{_part(payload)}.eA",
        st.dictionaries(
            st.sampled_from(["alg", "kid", "typ", "crit", "enc", "b64", "zip"]),
            st.none() | st.text() | st.integers() | st.lists(st.text()) | st.booleans(),
        ),
        st.binary(max_size=60),
    )
)
def test_whatever_is_sent_as_a_token_is_refused_as_such(token: str) -> None:
    with pytest.raises(TokenInvalid):
        verify(token, a_ring())


def test_a_key_that_is_published_later_is_found_without_a_restart() -> None:
    published: list[dict[str, Any]] = []
    ring = KeyRing(lambda: published)
    token = a_token()
    with pytest.raises(TokenInvalid):
        verify(token, ring)

    published.append(PUBLIC)

    assert verify(token, ring).tenant_id == "acme"


def test_unknown_keys_do_not_make_us_read_the_database_each_time() -> None:
    looks = []
    ring = KeyRing(lambda: looks.append(1) or [PUBLIC])  # type: ignore[func-returns-value]
    token = by_hand({"alg": ALGORITHM, "kid": "nobody"}, lambda _: b"x" * 64)

    for _ in range(100):
        with pytest.raises(TokenInvalid):
            verify(token, ring)

    assert len(looks) == 1


@pytest.mark.parametrize("kind", ["JWT", "rt+jwt", "", "at+jwt "])
def test_only_access_tokens_pass_for_access_tokens(kind: str) -> None:
    with pytest.raises(TokenInvalid):
        verify(a_token(header={"typ": kind}), a_ring())


def test_a_token_without_a_type_is_no_access_token() -> None:
    token = by_hand({"alg": ALGORITHM, "kid": "ours"}, _sign)

    with pytest.raises(TokenInvalid):
        verify(token, a_ring())


def test_a_key_that_was_taken_back_is_forgotten(monkeypatch: pytest.MonkeyPatch) -> None:
    known = [PUBLIC]
    ring = KeyRing(lambda: list(known))
    verify(a_token(), ring)
    known.clear()
    monkeypatch.setattr("staffroll.web.tokens._OUTDATED_SECONDS", -1.0)
    monkeypatch.setattr("staffroll.web.tokens._LOOK_AGAIN_SECONDS", 0.0)

    with pytest.raises(TokenInvalid):
        verify(a_token(), ring)


def _sign(said: bytes) -> bytes:
    private: Any = OURS.private_key
    signature: bytes = private.sign(said)
    return signature
