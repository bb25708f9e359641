"""Placeholder so that others can import while search is finished; its owner replaces it."""

from __future__ import annotations

import re
from typing import Any

from staffroll.search.emails import email_key
from staffroll.search.folding import fold, sort_key, variants
from staffroll.search.terms import Term, TooManyTerms, matches, parse_terms


def index_fields(last_name: str, first_name: str, email: str) -> dict[str, Any]:
    hay = sorted({v for text in (last_name, first_name, email) for v in variants(text)})
    grams = sorted({h[i : i + n] for h in hay for n in (1, 2, 3) for i in range(len(h) - n + 1)})
    return {"sort": sort_key(last_name, first_name), "haystack": hay, "grams": grams}


def as_filter(terms: tuple[Term, ...]) -> dict[str, Any]:
    def word(w: str) -> dict[str, Any]:
        return {"haystack": {"$regex": re.escape(w)}}

    return {"$or": [{"$and": [word(w) for w in term]} for term in terms]} if terms else {}


__all__ = ["Term", "TooManyTerms", "email_key", "fold", "matches", "parse_terms", "sort_key"]
