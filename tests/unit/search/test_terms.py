"""Reading a query, and what it means (R11)."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from staffroll.search import SearchTooLong, Term, TooManyTerms, fold, matches, parse_terms

ANNA = ("Müller", "Anna Lena", "a.mueller@firma.example")


@pytest.mark.parametrize(
    ("q", "terms"),
    [
        ("", ()),
        (" , ,,", ()),
        ("Müller", (("muller",),)),
        ("anna MÜLLER , koch", (("anna", "muller"), ("koch",))),
        ("koch, Koch", (("koch",),)),
        ("anna anna", (("anna",),)),
        ('"Müller, Dr." anna, b', (("muller,", "dr.", "anna"), ("b",))),
        ('"say ""hi"", now"', (("say", '"hi",', "now"),)),
        ('"open, anna', (("open,", "anna"),)),
        ('5" x, b', (('5"', "x"), ("b",))),
        ('""', ()),
        ('a,"', (("a",),)),
    ],
)
def test_r11_commas_separate_terms_and_quotes_keep_them(q: str, terms: tuple[Term, ...]) -> None:
    assert parse_terms(q) == terms


def test_r11_fifty_terms_are_taken_and_fifty_one_refused() -> None:
    fifty = ",".join(f"t{number}" for number in range(50))

    assert len(parse_terms(fifty + ", ,")) == 50
    with pytest.raises(TooManyTerms) as refusal:
        parse_terms(fifty + ",more")
    assert refusal.value.code == "too_many_terms"
    assert "50" in refusal.value.detail


def test_r11_a_query_of_more_than_2000_characters_is_refused() -> None:
    assert parse_terms("a" * 2_000)
    with pytest.raises(SearchTooLong):
        parse_terms("a" * 2_001)


@given(st.text(st.sampled_from('a"B, ü\t\0'), max_size=60) | st.text(st.characters(), max_size=60))
def test_r11_any_text_is_read_as_distinct_folded_words(q: str) -> None:
    terms = parse_terms(q)

    assert all(term and len(set(term)) == len(term) for term in terms)
    assert all(word and fold(word) == word for term in terms for word in term)


@pytest.mark.parametrize(
    ("q", "listed"),
    [
        ("", True),
        ("muller", True),
        ("mueller", True),
        ("MÜLL", True),
        ("l", True),
        ("lena ulle", True),
        ("anna firma", True),
        ("nalena", False),
        ("anna koch", False),
        ("koch, lena", True),
        ("mu.ler", False),
    ],
)
def test_r11_any_term_lists_somebody_and_every_word_of_it_must_be_contained(
    q: str, listed: bool
) -> None:
    assert matches(parse_terms(q), *ANNA) is listed
