"""What a password must be (R30, after NIST SP 800-63B rev. 4)."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from staffroll.errors import FieldError
from staffroll.search import variants
from staffroll_accounts.domain.common_passwords import is_common
from staffroll_accounts.domain.errors import PasswordRefused
from staffroll_accounts.domain.tenants import PASSWORD_MIN_LENGTH

MAX_CHARACTERS: Final = 256

_PART_MIN_LETTERS: Final = 3
_OWN_MIN_LETTERS: Final = 4

_TOO_SHORT: Final = "At least {min} characters."
_TOO_LONG: Final = "At most {max} characters."
_COMMON: Final = "Many people use this or something close to it, so it is easily guessed."
_PERSONAL: Final = "Made of the name or the e-mail address, so it is easily guessed."


@dataclass(frozen=True, slots=True)
class Policy:
    """What a tenant asks of passwords.

    Attributes:
        min_characters: What the tenant sets, within `PASSWORD_MIN_LENGTH_RANGE`.
    """

    min_characters: int = PASSWORD_MIN_LENGTH


def tidy(password: str) -> str:
    """In Unicode NFC, otherwise as typed: spaces count."""
    return unicodedata.normalize("NFC", password)


def problems(password: str, policy: Policy, personal: Iterable[str] = ()) -> list[FieldError]:
    """All that is wrong with a password, nothing where it is good.

    Args:
        personal: The names and the e-mail address of whose password it is to be.
    Source: R30.
    """
    text = tidy(password)
    if len(text) > MAX_CHARACTERS:
        return [FieldError("password_too_long", _TOO_LONG, {"max": MAX_CHARACTERS})]
    found = []
    if len(text) < policy.min_characters:
        least = {"min": policy.min_characters}
        found.append(FieldError("password_too_short", _TOO_SHORT, least))
    if is_common(text):
        found.append(FieldError("password_common", _COMMON))
    if _is_personal(text, personal):
        found.append(FieldError("password_personal", _PERSONAL))
    return found


def check(password: str, policy: Policy, personal: Iterable[str] = ()) -> None:
    """Raises `PasswordRefused`, which names all `problems`."""
    if found := problems(password, policy, personal):
        raise PasswordRefused(errors={"password": found})


def check_changed(old: str, new: str) -> None:
    """Raises `PasswordRefused` where they are the same, in whatever Unicode form."""
    if tidy(old) == tidy(new):
        same = FieldError("password_unchanged", "This is the password that there is already.")
        raise PasswordRefused(errors={"password": [same]})


def describe(policy: Policy) -> list[str]:
    """The policy in sentences, for whoever chooses a password."""
    return [
        f"{policy.min_characters} to {MAX_CHARACTERS} characters, in any script, spaces too.",
        "Not one that many people use, such as a common word with a year behind it.",
        "Not made of your name or e-mail address.",
    ]


def _is_personal(password: str, personal: Iterable[str]) -> bool:
    """Whether less than four letters are left without parts of the person's names."""
    parts = {part for text in personal for part in _parts(text)}
    for folded in variants(password):
        rest = folded
        for part in sorted(parts, key=len, reverse=True):
            rest = rest.replace(part, " ")
        if rest != folded and sum(map(str.isalpha, rest)) < _OWN_MIN_LETTERS:
            return True
    return False


def _parts(text: str) -> set[str]:
    words = {word for folded in variants(text) for word in re.findall(r"[^\W\d_]+", folded)}
    return {word for word in words if len(word) >= _PART_MIN_LETTERS}
