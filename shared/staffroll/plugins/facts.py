"""What hooks are given, and what they give back."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from io import BufferedIOBase
from typing import Any, Final, NamedTuple, TypeGuard

Text = str | Mapping[str, str]
"""A sentence for people; in several languages (BCP 47) where it is a mapping, with ``en``."""

ENGLISH: Final = "en"


def is_text(given: object) -> TypeGuard[Text]:
    """Whether it is a `Text` that says something."""
    texts = list(given.values()) if isinstance(given, Mapping) else [given]
    return bool(texts) and all(isinstance(one, str) and one for one in texts)


def in_language(text: Text, language: str) -> str:
    """The sentence in the language, else in a wider one (``de`` for ``de-AT``), else English."""
    if isinstance(text, str):
        return text
    for tag in (language, language.partition("-")[0], ENGLISH):
        if tag in text:
            return text[tag]
    return next(iter(text.values()), "")


@dataclass(frozen=True, slots=True)
class Description:
    """What a plugin is called, and what it does.

    Attributes:
        title: For people. In English, where that is left out, its technical name.
        summary: One line. In English, where that is left out, the description of its
            distribution.
    """

    title: Text = ""
    summary: Text = ""


@dataclass(frozen=True, slots=True)
class Objection:
    """Why something must not be.

    Attributes:
        code: Stable, snake_case, unique within the plugin.
        text: What a person does about it.
    """

    code: str
    text: Text


@dataclass(frozen=True, slots=True)
class Role:
    """A role of the tenant.

    Attributes:
        category: ``agent``, ``planner``, ``supervisor_basic``, ``supervisor_advanced``,
            ``trainer``, ``finance`` or ``other``.
    """

    id: str
    name: str
    category: str


@dataclass(frozen=True, slots=True)
class PublicUser:
    """A user as everybody may know them; empty where they are only being created."""

    id: str = ""
    first_name: str = ""
    last_name: str = ""
    email: str = ""
    language: str = ""
    time_zone: str = ""
    is_admin: bool = False


@dataclass(frozen=True, slots=True)
class Candidate:
    """A password that somebody wants to have.

    Attributes:
        was_used: Whether it is one of the user's last n passwords. Costs about 20 ms for
            each of them, so ask last.
    """

    password: str = field(repr=False)
    user: PublicUser = field(default_factory=PublicUser)
    was_used: Callable[[int], bool] = field(default=lambda _last: False, repr=False)


@dataclass(frozen=True, slots=True)
class RoleChange:
    """Roles or admin access that are about to change.

    Attributes:
        user: Whose; with the admin access of before.
        before, after: Their roles.
        is_admin: Whether they will have admin access.
        actor: Who does it; None for a command of the platform team or another service.
        has_two_factor: Whether they have a second factor.
        holders: How many other active users have the role with this id, or are about to get it
            for one that is deleted. Right until the change is kept: meanwhile nobody else in the
            tenant counts, so ask only where it matters.
    """

    user: PublicUser
    before: tuple[Role, ...] = ()
    after: tuple[Role, ...] = ()
    is_admin: bool = False
    actor: PublicUser | None = None
    has_two_factor: bool = False
    holders: Callable[[str], int] = field(default=lambda _role_id: 0, repr=False)


@dataclass(frozen=True, slots=True)
class NewUser:
    """Somebody who is being created.

    Attributes:
        created_in: ``accounts``, ``scheduling`` or ``people``.
        roles: What they get so far.
        known: All roles of the tenant.
    """

    user: PublicUser
    created_in: str = "accounts"
    roles: tuple[Role, ...] = ()
    known: tuple[Role, ...] = ()


class Row(NamedTuple):
    """One user as every export format gets them. A tuple, since there may be a million.

    Attributes:
        roles: Ids.
        status: ``active`` or ``deactivated``.
    """

    id: str
    last_name: str
    first_name: str
    email: str
    language: str
    time_zone: str
    roles: tuple[str, ...]
    is_admin: bool
    status: str


Write = Callable[[Iterator[Row], BufferedIOBase, Any], None]
"""Writes all rows to a binary stream that cannot be read or rewound, by the tenant's settings."""


@dataclass(frozen=True, slots=True)
class ExportFormat:
    """One form in which a user list can be downloaded.

    Attributes:
        name: Stable, as in ``?format=csv``.
        title: For people.
        media_type: Of the file; with ``; charset=`` where people should know the encoding.
        extension: Of the file's name, without the dot.
        write: Reads all rows and writes bytes. Must not collect the rows: there may be a
            million. What it raises aborts the download, so that nobody takes a part for the
            whole.
    """

    name: str
    title: Text
    media_type: str
    extension: str
    write: Write
