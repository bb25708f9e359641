"""From our users and roles to users and groups, and from these to what is wished of ours. Pure."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Any, Final

from scim2_models import InvalidValueException, Meta, MutabilityException, Reference

from staffroll_accounts.actions.provisioning import Changes
from staffroll_accounts.domain.roles import Role
from staffroll_accounts.domain.users import NewUser
from staffroll_accounts.domain.users import User as Ours
from staffroll_accounts.scim.answers import etag_of
from staffroll_accounts.scim.models import Email, Group, Member, Membership, Name, User

EXTERNAL_ID_MAX_CHARACTERS: Final = 256

_NEVER_TAKEN: Final[Mapping[str, str]] = {
    "user_name": "userName",
    "name": "name",
    "emails": "emails",
    "preferred_language": "preferredLanguage",
    "timezone": "timezone",
    "active": "active",
}
"""What every user has: field of the model, and attribute."""


def user_of(ours: Ours, roles: Mapping[str, str], base: str) -> User:
    """The user as it is shown.

    Args:
        roles: Names of roles by their ids.
        base: Where ``Users`` and ``Groups`` stand.
    """
    shown = f"{ours.first_name} {ours.last_name}".strip()
    return User(
        id=ours.id,
        external_id=ours.external_id,
        user_name=ours.email,
        name=Name(family_name=ours.last_name, given_name=ours.first_name or None),
        display_name=shown,
        preferred_language=ours.language,
        timezone=ours.time_zone,
        active=ours.is_to_be_active,
        emails=[Email(value=ours.email, type="work", primary=True)],
        groups=[
            Membership(value=id_, ref=_ref(f"{base}/Groups/{id_}"), display=roles[id_])
            for id_ in ours.roles
            if id_ in roles
        ],
        meta=Meta(
            resource_type="User",
            created=ours.created_at,
            last_modified=ours.changed_at,
            location=f"{base}/Users/{ours.id}",
            version=etag_of(ours.version),
        ),
    )


def group_of(role: Role, members: Iterable[str], base: str) -> Group:
    """The role as it is shown, with the ids of its members."""
    return Group(
        id=role.id,
        external_id=role.external_id,
        display_name=role.name,
        members=[
            Member(value=id_, ref=_ref(f"{base}/Users/{id_}"), type="User") for id_ in members
        ],
        meta=Meta(resource_type="Group", location=f"{base}/Groups/{role.id}"),
    )


def new_user(sent: User, languages: Sequence[str]) -> NewUser:
    """What is wished of a new user.

    Args:
        languages: What the tenant offers.
    """
    name = sent.name or Name()
    return NewUser(
        last_name=name.family_name or "",
        first_name=name.given_name or "",
        email=sent.user_name or "",
        language=offered(sent.preferred_language, languages),
        time_zone=sent.timezone,
        external_id=external_id(sent.external_id),
    )


def changes_between(before: User, after: User, languages: Sequence[str]) -> Changes:
    """What a change of what is shown means for the user.

    The e-mail is `userName`; where only the primary of `emails` is another, it is that one.

    Raises:
        MutabilityException: Something is taken away that every user has.
        InvalidValueException: See `external_id`.
    """
    for field, attribute in _NEVER_TAKEN.items():
        if getattr(after, field) in (None, []):
            raise MutabilityException(detail=f"Every user has {attribute}.")
    wished: dict[str, Any] = {
        "email": _email(before, after),
        "last_name": _name(after).family_name or "",
        "first_name": _name(after).given_name or "",
        "time_zone": after.timezone,
        "external_id": external_id(after.external_id),
    }
    had: dict[str, Any] = {
        "email": before.user_name,
        "last_name": _name(before).family_name or "",
        "first_name": _name(before).given_name or "",
        "time_zone": before.timezone,
        "external_id": before.external_id,
    }
    fields = {name: value for name, value in wished.items() if value != had[name]}
    if after.preferred_language != before.preferred_language:
        language = offered(after.preferred_language, languages)
        fields |= {"language": language} if language else {}
    return Changes(
        fields=fields,
        active=after.active if after.active != before.active else None,
        password=after.password or None,
    )


def completed(sent: User, before: User) -> User:
    """The whole of a user that was sent, with what every user has and was left out (RFC 7644,
    section 3.5.1)."""
    left_out = {
        field: getattr(before, field)
        for field in _NEVER_TAKEN
        if getattr(sent, field) in (None, [])
    }
    return sent.model_copy(update=left_out)


def offered(tag: str | None, languages: Sequence[str]) -> str | None:
    """The language that the tenant offers for a tag (the lookup of RFC 4647): ``de`` for
    ``de-AT``; None where it offers none."""
    known = {one.casefold(): one for one in languages}
    asked = (tag or "").replace("_", "-").casefold()
    while asked and asked not in known:
        asked = asked.rpartition("-")[0]
    return known.get(asked)


def external_id(sent: str | None) -> str | None:
    """What the client calls the resource; None where that is nothing.

    Raises:
        InvalidValueException: It is too long, or not printable.
    """
    if not sent:
        return None
    if len(sent) > EXTERNAL_ID_MAX_CHARACTERS or not sent.isprintable():
        raise InvalidValueException(
            detail=f"externalId: at most {EXTERNAL_ID_MAX_CHARACTERS} printable characters."
        )
    return sent


def ids_of(members: Collection[Member] | None) -> set[str]:
    """Who is named as a member."""
    return {member.value for member in members or () if member.value}


def _email(before: User, after: User) -> str:
    if after.user_name != before.user_name:
        return after.user_name or ""
    primary, was = _primary(after), _primary(before)
    return primary if primary and primary != was else before.user_name or ""


def _primary(user: User) -> str | None:
    found = [email for email in user.emails or () if email.value]
    chosen = next((email for email in found if email.primary), next(iter(found), None))
    return chosen.value if chosen else None


def _name(user: User) -> Name:
    return user.name or Name()


def _ref(address: str) -> Reference[Any]:
    return Reference[Any](address)
