"""Folding, variants and the sort key."""

import sys
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from staffroll.search import fold, sort_key, variants

ANY_TEXT = st.text(st.characters(), max_size=40)


@pytest.mark.parametrize(
    ("typed", "folded"),
    [
        ("Müller", "muller"),
        ("GROSS", fold("groß")),
        ("Łukasz", "lukasz"),
        ("Ødegård", "odegard"),
        ("Æsir", "aesir"),
        ("Đỗ Thị", "do thi"),
        ("İpek IŞIK ılgın", "ipek isik ilgin"),
        ("O’Brien", "o'brien"),
        ("O´Brien", "o'brien"),
        ("Hans–Peter", "hans-peter"),
        ("ＡＢＣ", "abc"),
        ("  van \u00a0 der  Berg ", "van der berg"),
        ("ΓΙΏΡΓΟΣ", "γιωργοσ"),
        ("Γιώργος", "γιωργοσ"),
        ("Ёлкин", "елкин"),
        ("李小龍", "李小龍"),
        ("がぎ", "がぎ"),
        ("한국", "한국"),
        ("हिन्दी", "हिन्दी"),
    ],
)
def test_r11_folding_takes_case_accents_and_form_away_in_any_script(
    typed: str, folded: str
) -> None:
    assert fold(typed) == folded


def test_r11_every_character_folds_the_same_composed_or_decomposed() -> None:
    spaced_acutes = {"\u00b4", "\u1ffd"}

    differing = {
        character
        for character in map(chr, range(sys.maxunicode + 1))
        if not unicodedata.is_normalized("NFD", character)
        and fold(unicodedata.normalize("NFD", character)) != fold(character)
    }

    assert differing <= spaced_acutes


@given(ANY_TEXT)
def test_r11_folding_twice_changes_nothing_and_leaves_nothing_a_filter_refuses(text: str) -> None:
    folded = fold(text)

    assert fold(folded) == folded
    assert not {unicodedata.category(character) for character in folded} & {"Cc", "Cf", "Cs"}


@pytest.mark.parametrize(
    ("typed", "forms"),
    [
        ("Müller", ("muller", "mueller")),
        ("Mu\u0308ller", ("muller", "mueller")),
        ("Åse Sørby", ("ase sorby", "aase soerby")),
        ("Meier", ("meier",)),
        ("Renée", ("renee",)),
    ],
)
def test_r11_variants_add_the_german_and_nordic_spelling_where_it_differs(
    typed: str, forms: tuple[str, ...]
) -> None:
    assert variants(typed) == forms


def test_r13_order_is_last_name_then_first_name_whatever_the_case_and_accents() -> None:
    people = [("Lee Smith", "Al"), ("lee", "Zoë"), ("Öztürk", "A"), ("LEE", "Ann"), ("Pohl", "B")]

    ordered = sorted(people, key=lambda person: sort_key(*person))

    assert ordered == [
        ("LEE", "Ann"),
        ("lee", "Zoë"),
        ("Lee Smith", "Al"),
        ("Öztürk", "A"),
        ("Pohl", "B"),
    ]


@given(ANY_TEXT, ANY_TEXT, ANY_TEXT, ANY_TEXT)
def test_r13_the_first_name_never_outweighs_the_last(
    last: str, first: str, other_last: str, other_first: str
) -> None:
    by_parts = (fold(last), fold(first)) < (fold(other_last), fold(other_first))

    assert (sort_key(last, first) < sort_key(other_last, other_first)) == by_parts
