"""Terms as MongoDB filters, and the index each of them should use.

What was typed enters a filter only inside an escaped regular expression; no part of it
can become an operator.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, Final, TypeAlias

from staffroll.search.indexing import GRAM_LENGTH, LIST, SEARCH, SearchIndex
from staffroll.search.terms import Term

Filter: TypeAlias = dict[str, Any]

COUNTED: Final = 10_000
"""Count with ``limit=COUNTED + 1``; more is said as "more than"."""

_FEW: Final = 300
"""So many are fetched and sorted sooner than the end of the page is looked for."""

_SOME: Final = 5_000
"""So many are fetched and sorted where all are wanted, or the index alone does not tell who fits."""

_MANY: Final = 25_000
_SHORT: Final = 2


@dataclass(frozen=True, slots=True)
class Plan:
    """A filter to be combined with tenant and status, and the name of the index to hint.

    The server's own choice is cached by the shape of a query, and rare and common words
    have the same shape: what suits one may make the other read the whole tenant.

    Attributes:
        looks_ahead: Whether to find out from the index where the page ends, before any document
            is read.
    """

    filter: Filter
    hint: str
    looks_ahead: bool = False


def as_filter(terms: Sequence[Term]) -> Filter:
    """Who matches any of the terms, by the grams; exactly what `matches` says.

    The longest word of a term, mostly the rarest, goes to the index. If it is alone and
    at most 16 characters long, the index answers exactly; other words are confirmed on
    the haystack. No terms: an empty filter, everybody.
    """
    return _any([_by_grams(term) for term in terms])


def as_scan_filter(terms: Sequence[Term]) -> Filter:
    """The same people, by the haystack alone: for reading the list in order."""
    return _any([_all_in_haystack(term) for term in terms])


def count_plan(terms: Sequence[Term]) -> Plan:
    """How to count those in one status who match."""
    if not terms or any(_is_vague(term) for term in terms):
        return Plan(as_scan_filter(terms), LIST.name)
    return Plan(as_filter(terms), SEARCH.name)


def page_plan(terms: Sequence[Term], total: int) -> Plan:
    """How to read a page in order, once the count is known.

    Args:
        total: What `count_plan` counted, exact up to `COUNTED`. Of many, the list in order soon
            meets enough.
    """
    if any(map(_is_a_letter, terms)) and total > _FEW:
        return Plan(as_scan_filter(terms), LIST.name)
    if terms and all(map(_is_in_index, terms)) and total <= _MANY:
        return replace(count_plan(terms), looks_ahead=total > _FEW)
    return whole_plan(terms, total)


def whole_plan(terms: Sequence[Term], total: int) -> Plan:
    """How to read everybody in order, or a page of those whom something else is asked of, of
    which the index of the words knows nothing.

    Args:
        total: As for `page_plan`; few are fetched and sorted.
    """
    return count_plan(terms) if total <= _SOME else Plan(as_scan_filter(terms), LIST.name)


def facet_plan(terms: Sequence[Term], facet: SearchIndex, total: int, facet_total: int) -> Plan:
    """How to count or to read a page where another filter, such as roles, is added.

    Args:
        facet: The index made by `facet_index` for the other filter's field.
        total: How many match the terms alone, by `count_plan`.
        facet_total: How many the other filter leaves alone, counted over `facet`.
    """
    if not terms or facet_total <= min(total, COUNTED):
        return Plan(as_scan_filter(terms), facet.name)
    return whole_plan(terms, total)


def _any(alternatives: list[Filter]) -> Filter:
    if not alternatives:
        return {}
    return alternatives[0] if len(alternatives) == 1 else {"$or": alternatives}


def _by_grams(term: Term) -> Filter:
    longest = max(term, key=len)
    found: Filter = {"grams": {"$regex": f"^{re.escape(longest[:GRAM_LENGTH])}"}}
    if _is_in_index(term):
        return found
    rest = tuple(word for word in term if word != longest or len(word) > GRAM_LENGTH)
    return {**found, **_all_in_haystack(rest)}


def _is_in_index(term: Term) -> bool:
    """Whether the grams alone say who matches."""
    return len(term) == 1 and len(term[0]) <= GRAM_LENGTH


def _all_in_haystack(term: Term) -> Filter:
    needed = [word for word in term if not any(word != w and word in w for w in term)]
    found = [{"haystack": {"$regex": re.escape(word)}} for word in needed]
    return found[0] if len(found) == 1 else {"$and": found}


def _is_a_letter(term: Term) -> bool:
    """Met every few entries of the list, and several times in the grams of each."""
    return len(term) == 1 and len(term[0]) == 1


def _is_vague(term: Term) -> bool:
    """Several words, each too short to leave few: cheaper to confirm in the list index."""
    return len(term) > 1 and max(map(len, term)) <= _SHORT
