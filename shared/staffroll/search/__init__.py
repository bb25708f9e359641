"""Finding and ordering people, the same in all services (R4, R11, R13). Pure.

A store keeps `index_fields` in each document, makes `LIST` and `SEARCH`, counts by
`count_plan` and reads a page by `page_plan`.
"""

from staffroll.search.emails import email_key
from staffroll.search.filters import (
    COUNTED,
    Filter,
    Plan,
    as_filter,
    as_scan_filter,
    count_plan,
    facet_plan,
    page_plan,
    whole_plan,
)
from staffroll.search.folding import fold, sort_key, variants
from staffroll.search.indexing import (
    LIST,
    PRIVATE,
    SEARCH,
    SearchIndex,
    facet_index,
    index_fields,
)
from staffroll.search.terms import SearchTooLong, Term, TooManyTerms, matches, parse_terms

__all__ = [
    "COUNTED",
    "LIST",
    "PRIVATE",
    "SEARCH",
    "Filter",
    "Plan",
    "SearchIndex",
    "SearchTooLong",
    "Term",
    "TooManyTerms",
    "as_filter",
    "as_scan_filter",
    "count_plan",
    "email_key",
    "facet_index",
    "facet_plan",
    "fold",
    "index_fields",
    "matches",
    "page_plan",
    "parse_terms",
    "sort_key",
    "variants",
    "whole_plan",
]
