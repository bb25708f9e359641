"""Passwords: hashed, compared, and a stranger learns nothing from the cost (R22, R33)."""

from __future__ import annotations

import threading
from typing import Any

import argon2
import pytest

from staffroll.settings import SettingsWrong, read
from staffroll_accounts.passwords import Passwords
from staffroll_accounts.settings import AccountsSettings
from staffroll_accounts.store import cipher

PASSWORD = "correct horse battery"
QUICK = {
    "STAFFROLL_MONGODB_URI": "mongodb://nowhere/",
    "STAFFROLL_SECRET_KEY": "s" * 40,
    "STAFFROLL_ARGON2_MEMORY_KIB": "8",
    "STAFFROLL_ARGON2_TIME_COST": "1",
}


@pytest.fixture(scope="module")
def passwords() -> Passwords:
    return Passwords(read(AccountsSettings, QUICK))


@pytest.fixture
def verifications(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The hashes that were compared with, in order."""
    seen: list[str] = []
    verify = argon2.PasswordHasher.verify

    def counting(hasher: argon2.PasswordHasher, hashed: Any, password: Any) -> bool:
        seen.append(hashed)
        return verify(hasher, hashed, password)

    monkeypatch.setattr(argon2.PasswordHasher, "verify", counting)
    return seen


def test_a_password_fits_its_hash_and_no_other(passwords: Passwords) -> None:
    hashed = passwords.hash(PASSWORD)

    assert passwords.verify(PASSWORD, hashed)
    assert not passwords.verify(f"{PASSWORD} ", hashed)


def test_r30_a_password_is_the_same_in_every_unicode_form(passwords: Passwords) -> None:
    assert passwords.verify("mu\u0308ller mu\u0308ller", passwords.hash("müller müller"))


def test_r33_hashes_are_argon2id_with_a_salt_of_their_own(passwords: Passwords) -> None:
    first, second = passwords.hash(PASSWORD), passwords.hash(PASSWORD)

    assert first.startswith("$argon2id$")
    assert first != second


def test_r33_the_profile_without_settings_is_owasps() -> None:
    settings = read(AccountsSettings, {k: v for k, v in QUICK.items() if "ARGON2" not in k})

    profile = (
        settings.argon2_memory_kib,
        settings.argon2_time_cost,
        settings.argon2_parallelism,
    )
    assert profile == (19_456, 2, 1)


@pytest.mark.parametrize("hashed", [None, "", "not a hash"])
def test_r22_nothing_fits_where_there_is_no_hash(passwords: Passwords, hashed: str | None) -> None:
    assert not passwords.verify(PASSWORD, hashed)
    assert not passwords.verify("a password that nobody has", hashed)


def test_r22_comparing_costs_one_hash_of_equal_cost_with_and_without_a_user(
    passwords: Passwords, verifications: list[str]
) -> None:
    passwords.verify(PASSWORD, passwords.hash("another password"))
    passwords.verify(PASSWORD, None)

    assert len(verifications) == 2
    assert _parameters(verifications[0]) == _parameters(verifications[1])


def test_r33_only_so_many_hashes_run_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    running, most = 0, 0
    lock, full = threading.Lock(), threading.Barrier(2, timeout=5)

    def slow(*_: Any) -> str:
        nonlocal running, most
        with lock:
            running += 1
            most = max(most, running)
        full.wait()
        with lock:
            running -= 1
        return "hash"

    passwords = Passwords(read(AccountsSettings, {**QUICK, "STAFFROLL_HASHES_AT_ONCE": "2"}))
    monkeypatch.setattr(argon2.PasswordHasher, "hash", slow)
    threads = [threading.Thread(target=passwords.hash, args=(PASSWORD,)) for _ in range(8)]

    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(10)

    assert most == 2


def test_no_secret_has_a_default() -> None:
    environ = {name: text for name, text in QUICK.items() if "SECRET" not in name}

    with pytest.raises(SettingsWrong, match="STAFFROLL_SECRET_KEY is missing"):
        read(AccountsSettings, environ)


@pytest.mark.parametrize("secret", ["", "short", f"{'a' * 32},short"])
def test_a_secret_that_is_too_short_stops_the_start(secret: str) -> None:
    with pytest.raises(SettingsWrong, match="STAFFROLL_SECRET_KEY") as caught:
        cipher(secret)

    assert "short" not in str(caught.value)


def test_keys_at_rest_stay_readable_while_the_secret_is_changed() -> None:
    kept = cipher("a" * 32).encrypt(b"key")

    assert cipher(f"{'b' * 32},{'a' * 32}").decrypt(kept) == b"key"


def _parameters(hashed: str) -> argon2.Parameters:
    return argon2.extract_parameters(hashed)
