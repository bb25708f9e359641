"""Passwords that everybody thinks of, so that attackers try them first."""

from __future__ import annotations

import unicodedata
from functools import cache
from itertools import pairwise
from typing import Final

DECORATION_MAX_CHARACTERS: Final = 8
"""How many digits and signs around a common password leave it as guessable as it was."""

_PIECE_MAX_CHARACTERS: Final = 4
_CORE_MIN_LETTERS: Final = 4
_LEET: Final = str.maketrans("@48310!$57", "aabeioisst")
_KEYBOARD_ROWS: Final = (
    "qwertyuiopasdfghjklzxcvbnm",
    "qwertzuiopasdfghjklyxcvbnm",
    "azertyuiopqsdfghjklmwxcvbn",
)


def is_common(password: str) -> bool:
    """Whether the password is on the list, or is what people make of one that is.

    That is: in other case; with letters as signs (``p@ssw0rd``); with up to
    `DECORATION_MAX_CHARACTERS` digits and signs around it (``Password2026!``); repeated; or
    a run of neighbours in the alphabet, among the digits or on a keyboard.
    """
    folded = unicodedata.normalize("NFC", password).casefold()
    piece = _repeated_piece(folded)
    if piece != folded and len(piece) <= _PIECE_MAX_CHARACTERS:
        return True
    return _is_run(folded) or any(_is_known(text) for text in {folded, piece})


def _is_known(folded: str) -> bool:
    passwords, words = _lists()
    if folded in words:
        return True
    return any(
        len(core) >= _CORE_MIN_LETTERS
        and len(folded) - len(core) <= DECORATION_MAX_CHARACTERS
        and core in passwords
        for core in _cores(folded)
    )


def _cores(folded: str) -> set[str]:
    """What is left without the digits and signs at the ends, signs read as letters too."""
    begun = _without_end(folded)
    bare = _without_end(begun[::-1])[::-1]
    return {bare, bare.translate(_LEET), begun.translate(_LEET)}


def _without_end(text: str) -> str:
    end = len(text)
    while end and not text[end - 1].isalpha():
        end -= 1
    return text[:end]


def _repeated_piece(text: str) -> str:
    """The shortest piece that gives `text` when it is repeated, the last time perhaps in part."""
    for length in range(1, len(text) // 2 + 1):
        piece = text[:length]
        if (piece * (len(text) // length + 1))[: len(text)] == text:
            return piece
    return text


def _is_run(folded: str) -> bool:
    if any(folded in row or folded in row[::-1] for row in _KEYBOARD_ROWS):
        return True
    steps = {
        (ord(second) - ord(first)) % (10 if folded.isdecimal() else 0x110000)
        for first, second in pairwise(folded)
    }
    return len(steps) == 1 and steps <= {1, 9, 0x10FFFF}


@cache
def _lists() -> tuple[frozenset[str], frozenset[str]]:
    """Common passwords, and these with common words and names; read when first needed."""
    from zxcvbn.frequency_lists import FREQUENCY_LISTS

    passwords = frozenset(FREQUENCY_LISTS["passwords"])
    return passwords, passwords.union(*FREQUENCY_LISTS.values())
