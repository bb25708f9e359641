"""Permissions as people choose them: a sentence each, by service."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from staffroll.permissions import CATALOGUE, Permission
from staffroll.scope import Actor
from staffroll.web.pages import gettext
from staffroll_accounts.pages.role_words import CATEGORIES, SERVICES

_KNOWN: Final[Mapping[str, Permission]] = {one.name: one for one in CATALOGUE}


@dataclass(frozen=True, slots=True)
class Box:
    """One permission on a form.

    Attributes:
        option: Its check box.
        usual_for: The categories whose roles have it from the start, as people call them;
            where the role's own is not settled.
        is_usual: Whether its own is one of them.
        is_beyond: The reader and the role lack it, so the reader cannot give it (R72).
    """

    option: Any
    name: str
    usual_for: list[str]
    is_usual: bool
    is_beyond: bool


def labels(present: Iterable[str] = ()) -> dict[str, str]:
    """What each permission allows, by its name; those of `present` that are no more, too."""
    known = {name: gettext(one.description) for name, one in _KNOWN.items()}
    return known | {name: name for name in present if name not in known}


def sentences(names: Iterable[str]) -> list[str]:
    """What they allow, in the order of the catalogue."""
    return list(_texts(names).values())


def by_service(names: Iterable[str]) -> list[tuple[str, list[str]]]:
    """What they allow, under the names of the services."""
    texts = _texts(names)
    return [(label, [texts[name] for name in inside]) for label, inside in _grouped(texts)]


def boxes(
    options: Iterable[Any],
    actor: Actor,
    category: str | None = None,
    stored: Collection[str] = (),
) -> list[tuple[str, list[Box]]]:
    """The check boxes of all permissions, under the names of their services.

    Args:
        category: The role's; None where it is about to be chosen.
        stored: What the role has; that can be ticked again by whoever took it away.
    """
    found = {
        option.data: Box(
            option,
            option.data,
            [] if category else [str(CATEGORIES[one]) for one in _usual_for(option.data)],
            is_usual=category in _usual_for(option.data),
            is_beyond=not (option.checked or option.data in stored or actor.may(option.data)),
        )
        for option in options
    }
    return [(label, [found[name] for name in inside]) for label, inside in _grouped(found)]


def _texts(names: Iterable[str]) -> dict[str, str]:
    wanted = set(names)
    return {name: text for name, text in labels(sorted(wanted)).items() if name in wanted}


def _grouped(names: Iterable[str]) -> list[tuple[str, list[str]]]:
    groups: dict[str, list[str]] = {}
    for name in names:
        groups.setdefault(name.partition(".")[0], []).append(name)
    return [(str(SERVICES.get(service, service)), inside) for service, inside in groups.items()]


def _usual_for(name: str) -> tuple[str, ...]:
    return _KNOWN[name].categories if name in _KNOWN else ()
