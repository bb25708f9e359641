"""Filters of SCIM: an index finds who is asked for, or the filter is refused."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scim2_models import InvalidFilterException, SCIMException, ScimFilter, TooManyException

from staffroll.search import email_key
from staffroll_accounts.scim.filters import MOST_NAMES, Part, members_in, names_in, part_of
from staffroll_accounts.scim.models import POLICY, Email, Group, Membership, User
from staffroll_accounts.store.provisioned import PRESENT, Names


def users(text: str) -> ScimFilter[User]:
    return ScimFilter[User](text)


def groups(text: str) -> ScimFilter[Group]:
    return ScimFilter[Group](text)


@pytest.mark.parametrize(
    "text, names",
    [
        ('id eq "1"', Names(ids=frozenset({"1"}))),
        ('USERNAME Eq "a@x.example"', Names(emails=frozenset({"a@x.example"}))),
        ('emails eq "a@x.example"', Names(emails=frozenset({"a@x.example"}))),
        ('emails.value eq "a@x.example"', Names(emails=frozenset({"a@x.example"}))),
        (
            'emails[type eq "work" and value eq "a@x.example"]',
            Names(emails=frozenset({"a@x.example"})),
        ),
        (
            'emails[type eq "work"].value eq "a@x.example"',
            Names(emails=frozenset({"a@x.example"})),
        ),
        (
            'urn:ietf:params:scim:schemas:core:2.0:User:userName eq "a@x.example"',
            Names(emails=frozenset({"a@x.example"})),
        ),
        ('externalId eq "E" and active eq true', Names(external_ids=frozenset({"E"}))),
        ('active eq true and not (externalId eq "E")', None),
        ('id eq "1" or id eq "2"', Names(ids=frozenset({"1", "2"}))),
        ('id eq "1" or externalId eq "2"', Names(frozenset({"1"}), external_ids=frozenset({"2"}))),
        ('id eq "1" or active eq true', None),
        ('userName sw "a"', None),
        ("userName pr", None),
        ("externalId eq null", None),
    ],
)
def test_who_is_named_is_looked_for_by_an_index(text: str, names: Names | None) -> None:
    assert names_in(users(text)) == names


@pytest.mark.parametrize(
    "text, part",
    [
        ("active eq true", Part(("active",))),
        ('active eq "False"', Part(("deactivated",))),
        ('groups.value eq "g"', Part(PRESENT, "g")),
        ('groups eq "g" and active eq false', Part(("deactivated",), "g")),
        ("active eq true and active eq false", None),
        ('groups.value eq "g" and groups.value eq "h"', None),
    ],
)
def test_a_part_of_all_is_found_by_an_index(text: str, part: Part | None) -> None:
    assert part_of(users(text)) == part


@pytest.mark.parametrize(
    "text",
    [
        'name.familyName eq "Li"',
        'userName sw "a"',
        "not (active eq true)",
        'active eq true or groups.value eq "g"',
        'meta.created gt "2026-01-01T00:00:00Z"',
        "externalId pr",
        'groups[value eq "g"]',
    ],
)
def test_what_would_be_a_walk_through_all_users_is_refused(text: str) -> None:
    assert names_in(users(text)) is None
    with pytest.raises(InvalidFilterException):
        part_of(users(text))


def test_a_filter_names_only_so_many() -> None:
    text = " or ".join(f'id eq "{number}"' for number in range(MOST_NAMES + 1))

    with pytest.raises(TooManyException):
        names_in(users(text))


@pytest.mark.parametrize(
    "text, ids",
    [
        ('members.value eq "1" and displayName eq "A"', {"1"}),
        ('members[value eq "1"] or members eq "2"', {"1", "2"}),
        ('displayName sw "A"', set()),
        ('not (members eq "1")', {"1"}),
    ],
)
def test_groups_are_asked_for_by_members(text: str, ids: set[str]) -> None:
    assert members_in(groups(text)) == ids


@pytest.mark.parametrize(
    "text",
    ["members pr", 'members.value co "1"', 'members.type eq "User"', 'members[type eq "User"]'],
)
def test_groups_are_not_asked_for_by_members_otherwise(text: str) -> None:
    with pytest.raises(InvalidFilterException):
        members_in(groups(text))


IDS, EMAILS = st.sampled_from(["1", "2"]), st.sampled_from(["a@x.example", "B@x.example"])
_TERMS = st.one_of(
    IDS.map(lambda id_: f"id eq {json.dumps(id_)}"),
    EMAILS.map(lambda email: f"userName eq {json.dumps(email)}"),
    EMAILS.map(lambda email: f"emails[value eq {json.dumps(email)}]"),
    st.sampled_from(["e", "f"]).map(lambda name: f'externalId eq "{name}"'),
    st.booleans().map(lambda active: f"active eq {json.dumps(active)}"),
    st.just('groups.value eq "g"'),
    st.just('userName co "x"'),
)
FILTERS = st.recursive(
    _TERMS,
    lambda inner: st.one_of(
        st.tuples(inner, inner).map(lambda both: f"({both[0]}) and ({both[1]})"),
        st.tuples(inner, inner).map(lambda both: f"({both[0]}) or ({both[1]})"),
        inner.map(lambda one: f"not ({one})"),
    ),
    max_leaves=6,
)


def a_user(id_: str, email: str, external_id: str | None, *, active: bool, group: bool) -> User:
    return User(
        id=id_,
        user_name=email,
        external_id=external_id,
        active=active,
        emails=[Email(value=email, type="work", primary=True)],
        groups=[Membership(value="g", ref=None)] if group else [],
    )


USERS = st.builds(
    a_user,
    IDS,
    EMAILS,
    st.sampled_from(["e", "f", None]),
    active=st.booleans(),
    group=st.booleans(),
)


@settings(max_examples=300)
@given(FILTERS, USERS)
def test_nobody_who_fits_is_missed_by_the_index(text: str, user: User) -> None:
    filter_ = users(text)
    with POLICY:
        fits = filter_.match(user)
    try:
        names = names_in(filter_)
        part = part_of(filter_) if names is None else None
    except SCIMException:
        return

    if names is not None:
        # Fewer are looked at; whether they fit is asked of each.
        assert not fits or _is_named(user, names)
    else:
        assert fits == (part is not None and _is_in(user, part))


def _is_named(user: User, names: Names) -> bool:
    keys = {email_key(email) for email in names.emails}
    return (
        user.id in names.ids
        or email_key(user.user_name or "") in keys
        or user.external_id in names.external_ids
    )


def _is_in(user: User, part: Part) -> bool:
    status = "active" if user.active else "deactivated"
    theirs: list[Any] = [group.value for group in user.groups or ()]
    return status in part.statuses and (part.role_id is None or part.role_id in theirs)
