"""The people of the demo tenant, and how they get there.

Invented, always the same, and a little awkward on purpose: umlauts, apostrophes, particles
before the name, two first names, two last names, and names that sound alike.
"""

from __future__ import annotations

import importlib.metadata
import secrets
import unicodedata
from collections.abc import Callable, Iterator, Mapping, MutableMapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any, Final

from staffroll.local.demo_names import COUNTRIES, Country

ENTRY_POINT: Final = "staffroll.demo"
"""Functions ``(environ, people) -> DemoSignIn``: make the demo tenant with these people.

Must be idempotent: a start that was killed halfway asks for the same again. The admin's
password is the one in ``STAFFROLL_DEMO_PASSWORD``, so that it is the same then."""

PASSWORD_VARIABLE: Final = "STAFFROLL_DEMO_PASSWORD"  # noqa: S105 - the name, not the value
MAIL_DOMAIN: Final = "acme.example"

_PER_COUNTRY: Final = 20
_ROLES: Final = (*["agent"] * 7, "planner", *["agent"] * 5, "supervisor_basic", *["agent"] * 3)
_RARE_ROLES: Final = {31: "supervisor_advanced", 67: "trainer", 103: "finance", 151: "trainer"}


@dataclass(frozen=True, slots=True)
class DemoPerson:
    """Someone who works at the demo tenant.

    Attributes:
        language: BCP 47, without region.
        time_zone: IANA name.
        role: Category of the one role: ``agent``, ``planner``, ``supervisor_basic``,
            ``supervisor_advanced``, ``trainer`` or ``finance``.
    """

    first_name: str
    last_name: str
    email: str
    language: str
    time_zone: str
    role: str


@dataclass(frozen=True, slots=True)
class DemoSignIn:
    """How to sign in as the admin of the demo tenant."""

    tenant: str
    email: str
    password: str


MakeDemo = Callable[[Mapping[str, str], Sequence[DemoPerson]], DemoSignIn]


def people() -> list[DemoPerson]:
    """Two hundred people in ten countries; the same at every call, each e-mail once."""
    taken: set[str] = set()
    found: list[DemoPerson] = []
    for position, (country, first, last) in enumerate(_names()):
        found.append(
            DemoPerson(
                first_name=first,
                last_name=last,
                email=_email(first, last, taken),
                language=country.language,
                time_zone=country.time_zone,
                role=_RARE_ROLES.get(position, _ROLES[position % len(_ROLES)]),
            )
        )
    return found


def maker() -> MakeDemo | None:
    """What an installed service offers for making the demo tenant; None where none does."""
    for entry in importlib.metadata.entry_points(group=ENTRY_POINT):
        made: MakeDemo = entry.load()
        return made
    return None


def begin(kept: MutableMapping[str, Any]) -> str:
    """The admin's password, made and put into `kept` once per data folder."""
    kept.setdefault("demo_password", secrets.token_urlsafe(12))
    return str(kept["demo_password"])


def has_begun(kept: Mapping[str, Any]) -> bool:
    """Whether an earlier start began to make the tenant and did not come to the end."""
    return "demo_password" in kept and "demo" not in kept


def remember(kept: MutableMapping[str, Any], sign_in: DemoSignIn) -> None:
    """Put it into `kept`, for `remembered` at the next start."""
    kept["demo"] = asdict(sign_in)


def remembered(kept: Mapping[str, Any]) -> DemoSignIn | None:
    return DemoSignIn(**kept["demo"]) if "demo" in kept else None


def _names() -> Iterator[tuple[Country, str, str]]:
    for position in range(_PER_COUNTRY):
        for shift, country in enumerate(COUNTRIES):
            first = country.first_names[(position * 7 + shift) % len(country.first_names)]
            # Lists of one length would repeat their pairs, all of them, after one round.
            round_ = position // len(country.first_names)
            last = country.last_names[(position * 5 + shift + round_) % len(country.last_names)]
            yield country, first, last


def _email(first: str, last: str, taken: set[str]) -> str:
    local = f"{_plain(first)}.{_plain(last)}"
    candidate, number = local, 2
    while candidate in taken:
        candidate, number = f"{local}{number}", number + 1
    taken.add(candidate)
    return f"{candidate}@{MAIL_DOMAIN}"


def _plain(name: str) -> str:
    spelled = name.lower().translate(_SPELLED)
    letters = unicodedata.normalize("NFKD", spelled).encode("ascii", "ignore").decode()
    return "".join(letter for letter in letters if letter.isalnum() or letter == "-")


_SPELLED: Final = str.maketrans(
    {"ä": "ae", "ö": "oe", "ü": "ue", "ß": "ss", "ø": "o", "ł": "l", "ı": "i", "å": "aa"}
)
