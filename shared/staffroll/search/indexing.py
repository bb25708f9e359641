"""What a document stores so that it can be searched and listed, and by which indexes.

A gram is stored for each position of a word, and reaches to the word's end: ``muller``,
``uller``, ``ller``, … A word is contained in a field exactly when one of the field's
grams begins with it. So containment is a range of an ordered index, for words of any
length (docs/decisions/0002-search-by-grams.md).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from staffroll.search.folding import sort_key, variants

GRAM_LENGTH: Final = 16
"""Grams are cut to so many characters; longer words are confirmed on the haystack."""


@dataclass(frozen=True, slots=True)
class SearchIndex:
    """One ascending index, by the name that a `hint` gives.

    Attributes:
        keys: The fields, in order, after the tenant and the field that tabs go by.
    """

    name: str
    keys: tuple[str, ...]


LIST: Final = SearchIndex("in_order", ("sort", "_id", "haystack"))
"""Pages in order. The haystack at its end lets a word be looked for without a document."""

SEARCH: Final = SearchIndex("by_grams_and_sort", ("grams", "sort"))
"""Who has a word, and where in the list they stand, without reading a document."""


def facet_index(field: str) -> SearchIndex:
    """The list in order for one more filter by equality, such as ``roles``."""
    return SearchIndex(f"in_order_by_{field}", (field, "sort", "_id"))


def index_fields(last_name: str, first_name: str, email: str) -> dict[str, object]:
    """What to store beside the names: ``sort``, ``haystack`` and ``grams``.

    ``haystack`` is one string, the variants of the three fields in lines of their own:
    no word holds a line break, so none is found across two fields. Leave ``haystack``
    and ``grams`` out of what is read (`PRIVATE`).
    """
    forms = dict.fromkeys(
        form for text in (last_name, first_name, email) for form in variants(text) if form
    )
    return {
        "sort": sort_key(last_name, first_name),
        "haystack": "\n".join(forms),
        "grams": sorted(
            {
                word[start : start + GRAM_LENGTH]
                for form in forms
                for word in form.split()
                for start in range(len(word))
            }
        ),
    }


PRIVATE: Final = ("haystack", "grams")
"""The fields that only indexes and filters need; projections exclude them."""
