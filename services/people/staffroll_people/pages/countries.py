"""Countries in the reader's language, and addresses as they are written there."""

from __future__ import annotations

from typing import Final

from staffroll.web.pages import words
from staffroll_people.domain.contact import countries
from staffroll_people.domain.profiles import Address

_CITY_FIRST: Final = frozenset(
    {"AE", "AU", "BH", "CA", "EG", "GB", "HK", "IE", "IN", "JP", "KE", "KR", "NG", "NZ", "OM"}
    | {"PH", "PK", "QA", "SA", "SG", "TH", "TW", "US", "ZA"}
)
"""Where the postal code comes after the city, and the region between them."""


def country_name(code: str) -> str:
    """What a country is called; its code where nobody knows."""
    return str(words.current().locale.territories.get(code, code))


def country_choices() -> dict[str, str]:
    """All countries, by name."""
    named = {code: country_name(code) for code in countries()}
    return dict(sorted(named.items(), key=lambda item: item[1].casefold()))


def address_lines(address: Address) -> list[str]:
    """The address line by line, in the order of its country."""
    if address.country in _CITY_FIRST:
        place = [" ".join(filter(None, (address.city, address.region, address.postal_code)))]
    else:
        place = [" ".join(filter(None, (address.postal_code, address.city))), address.region]
    return [line for line in (address.street, *place, country_name(address.country)) if line]
