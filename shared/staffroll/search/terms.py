"""What was typed into a search field, and what it means (R11)."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final, TypeAlias

from staffroll.errors import Invalid
from staffroll.search.folding import fold, variants

Term: TypeAlias = tuple[str, ...]
"""The folded words of one term; never empty, no word twice."""

MOST_TERMS: Final = 50
LONGEST_QUERY: Final = 2_000

_QUOTE: Final = '"'


class TooManyTerms(Invalid):
    code = "too_many_terms"
    wording = "A search takes at most {most} terms, separated by commas."


class SearchTooLong(Invalid):
    code = "search_too_long"
    wording = "A search takes at most {most} characters."


def parse_terms(q: str) -> tuple[Term, ...]:
    """The terms of a query, in the order typed, each once; blank ones are left out.

    Commas separate. A term that begins with ``"`` takes commas literally up to the
    closing ``"``; a doubled one inside means the character itself. Where the closing
    one is missing, as while somebody types, the term reaches to the end.

    Raises:
        SearchTooLong: `q` has more than 2,000 characters.
        TooManyTerms: There are more than 50 terms that are not blank.
    """
    if len(q) > LONGEST_QUERY:
        raise SearchTooLong(most=LONGEST_QUERY)
    terms = [words for text in _split(q) if (words := tuple(dict.fromkeys(fold(text).split())))]
    if len(terms) > MOST_TERMS:
        raise TooManyTerms(most=MOST_TERMS)
    return tuple(dict.fromkeys(terms))


def matches(terms: Sequence[Term], last_name: str, first_name: str, email: str) -> bool:
    """Whether somebody is listed: the definition itself, for few people and for tests.

    Any term matches; a term matches when each of its words is contained in one of the
    three fields, in one of its variants. No terms: everybody.
    Source: R11.
    """
    fields = [form for text in (last_name, first_name, email) for form in variants(text)]
    return not terms or any(
        all(any(word in field for field in fields) for word in term) for term in terms
    )


def _split(q: str) -> Iterator[str]:
    rest = q
    while rest:
        rest = rest.lstrip()
        text = ""
        if rest.startswith(_QUOTE):
            text, rest = _quoted(rest[1:])
        plain, _, rest = rest.partition(",")
        yield text + plain


def _quoted(rest: str) -> tuple[str, str]:
    """The text up to the closing quote, and what follows it."""
    parts = []
    while True:
        part, _, rest = rest.partition(_QUOTE)
        parts.append(part)
        if not rest.startswith(_QUOTE):
            return _QUOTE.join(parts), rest
        rest = rest[1:]
