"""The same human in the other places, and whether these are in step with the user (R8).

The places are asked with the reader's own token, so nobody learns of more than they may see.
"""

from __future__ import annotations

import http.client
import json
import urllib.error
import urllib.request
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any, Final, Literal

from staffroll.web.pages import cookies, lazy_gettext, refused
from staffroll_accounts.actions import AccountsScope
from staffroll_accounts.domain.users import User

PATIENCE_SECONDS: Final = 1.0
"""For a place's answer, while the page waits."""

Sync = Literal["in_step", "on_the_way", "refused", "unknown"]

_COPIED: Final = ("first_name", "last_name", "email", "language", "time_zone", "is_admin")


@dataclass(frozen=True, slots=True)
class Place:
    """A service that shows the same human.

    Attributes:
        permission: Who may see them there.
        page: Its page of the human, and `api` what tells of them, before the id.
    """

    service: str
    label: Any
    permission: str
    page: str
    api: str


PLACES: Final = (
    Place(
        "scheduling",
        lazy_gettext("Employee"),
        "scheduling.employees:read",
        "/employees/",
        "/v1/employees/",
    ),
    Place("people", lazy_gettext("Person"), "people.profile:read", "/people/", "/v1/people/"),
)


@dataclass(frozen=True, slots=True)
class Counterpart:
    """The human in one place.

    Attributes:
        why: The reason, where something was refused.
    """

    place: Place
    sync: Sync
    why: str = ""


def counterparts(user: User, scope: AccountsScope, urls: Mapping[str, str]) -> list[Counterpart]:
    """In all places that the reader may see.

    Args:
        urls: Where this service reaches the others; a place without one is not known.
    """
    token = cookies.get(cookies.ACCESS) or ""
    seen = [place for place in PLACES if scope.actor.may(place.permission)]
    addresses = [_address(place, user, urls) for place in seen]
    with ThreadPoolExecutor(len(PLACES)) as asking:
        answers = list(asking.map(lambda address: ask(address, token), addresses))
    return [judge(place, user, told) for place, told in zip(seen, answers, strict=True)]


def judge(place: Place, user: User, told: Mapping[str, Any] | None) -> Counterpart:
    """What the answer of a place says.

    Args:
        told: None where there was no answer, empty where the place does not know the human yet.
    """
    if told is None:
        return Counterpart(place, "unknown")
    wishes = [told[name] for name in ("rejection", "change", "deletion") if told.get(name)]
    for wish in wishes:
        if wish.get("code"):
            return Counterpart(place, "refused", refused.reason(wish["code"], wish["detail"]))
    is_same = (
        all(told.get(name) == getattr(user, name) for name in _COPIED)
        and told.get("user_status") == user.status
        and sorted(told.get("roles", ())) == sorted(user.roles)
    )
    return Counterpart(place, "in_step" if is_same and not wishes else "on_the_way")


def _address(place: Place, user: User, urls: Mapping[str, str]) -> str:
    begin = urls[place.service].rstrip("/")
    return f"{begin}{place.api}{user.id}" if begin else ""


def ask(address: str, token: str) -> dict[str, Any] | None:
    """What a place answers, empty where it knows nothing of it; None where there is no answer."""
    if not address:
        return None
    headers = {"Authorization": f"Bearer {token}", "Accept": "application/json"}
    request = urllib.request.Request(address, headers=headers)  # noqa: S310 - a setting names it
    try:
        with urllib.request.urlopen(request, timeout=PATIENCE_SECONDS) as answer:  # noqa: S310
            found = json.load(answer)
    except urllib.error.HTTPError as error:
        with error:
            return {} if error.code == HTTPStatus.NOT_FOUND else None
    except (OSError, http.client.HTTPException, ValueError):
        return None
    return found if isinstance(found, dict) else None
