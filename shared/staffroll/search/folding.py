"""Folded text: what is left of a name when case, accents and Unicode form do not matter."""

from __future__ import annotations

import unicodedata
from typing import Final

SEPARATOR: Final = "\t"
"""Between last and first name in a sort key: lower than the space inside a name."""

_PUNCTUATION: Final = str.maketrans(
    {
        **dict.fromkeys("‘’‛ʼʹ′`", "'"),
        **dict.fromkeys("“”„‟", '"'),
        **dict.fromkeys("‐‑‒–—―−", "-"),
    }
)

# Typed for an apostrophe, though to Unicode it is a space with an accent.
_ACUTE: Final = str.maketrans({"\u00b4": "'", "\u1ffd": "'"})

# Letters that Unicode does not decompose, though people type the plain ones.
_LETTERS: Final = str.maketrans(
    {
        "ø": "o", "æ": "ae", "œ": "oe", "ł": "l", "đ": "d", "ð": "d", "þ": "th",
        "ħ": "h", "ŧ": "t", "ŋ": "n", "ı": "i", "ĸ": "k", "ß": "ss", "ƀ": "b",
        "ɓ": "b", "ɗ": "d", "ə": "e", "ɛ": "e", "ɠ": "g", "ƙ": "k", "ɔ": "o", "ŀ": "l",
    }
)  # fmt: skip

_EXPANSION: Final = str.maketrans(
    {
        "ä": "ae", "ö": "oe", "ü": "ue", "å": "aa", "ø": "oe",
        "Ä": "Ae", "Ö": "Oe", "Ü": "Ue", "Å": "Aa", "Ø": "Oe",
    }
)  # fmt: skip

# Accents, and the optional vowel signs of Hebrew and Arabic. Other marks stay: in
# Devanagari, Thai or Japanese they make another syllable, not another accent.
_ACCENTS: Final = (
    (0x0300, 0x036F),
    (0x0591, 0x05C7),
    (0x064B, 0x065F),
    (0x0670, 0x0670),
    (0x1AB0, 0x1AFF),
    (0x1DC0, 0x1DFF),
    (0x20D0, 0x20FF),
)


def fold(text: str) -> str:
    """Text as search and order see it; folding it again changes nothing.

    Decomposed by compatibility (NFKD), without accents, case-folded, letters such as
    ``ø`` and ``ı`` made plain, typographic quotes and dashes too, white space
    collapsed, then composed again, so that Hangul and kana stay what they were.
    Control, format and surrogate characters are gone: a regular expression in
    MongoDB may not hold U+0000, nor BSON a lone surrogate.
    """
    if text.isascii():
        plain = text.lower()
    else:
        plain = _without_accents(text.translate(_ACUTE))
        plain = _without_accents(plain.casefold()).translate(_LETTERS)
    words = (_visible(word) for word in plain.translate(_PUNCTUATION).split())
    return unicodedata.normalize("NFC", " ".join(filter(None, words)))


def variants(text: str) -> tuple[str, ...]:
    """The fold, and the German and Nordic spelling (``ä`` as ``ae``) where it differs.

    *Müller* gives ``("muller", "mueller")``.
    """
    plain = fold(text)
    if text.isascii():
        return (plain,)
    spelled = fold(unicodedata.normalize("NFC", text).translate(_EXPANSION))
    return (plain,) if spelled == plain else (plain, spelled)


def sort_key(last_name: str, first_name: str) -> str:
    """The one key by which all services order people: last name, then first name.

    Compared by code point, as MongoDB and Python do. Equal for people whose names
    fold to the same; the id decides between them.
    Source: R13.
    """
    return f"{fold(last_name)}{SEPARATOR}{fold(first_name)}"


def _without_accents(text: str) -> str:
    return "".join(
        character
        for character in unicodedata.normalize("NFKD", text)
        if character.isascii() or not _is_accent(ord(character))
    )


def _is_accent(point: int) -> bool:
    return any(first <= point <= last for first, last in _ACCENTS)


def _visible(word: str) -> str:
    if word.isprintable():
        return word
    return "".join(c for c in word if unicodedata.category(c) not in {"Cc", "Cf", "Cs"})
