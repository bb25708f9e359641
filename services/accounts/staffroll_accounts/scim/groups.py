"""``/scim/v2/Groups``: roles, and who has them."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from flask import Response, request
from scim2_models import (
    InvalidValueException,
    PatchOp,
    PayloadTooLargeException,
    ResponseParameters,
    SearchRequest,
    TooManyException,
)

from staffroll.permissions import OTHER
from staffroll.web.parsing import read_json
from staffroll_accounts.actions import AccountsScope, provisioning
from staffroll_accounts.actions import roles as actions
from staffroll_accounts.domain.roles import NewRole, Role
from staffroll_accounts.scim import asking, mapping
from staffroll_accounts.scim.access import EDIT_ROLES, EDIT_USERS, check_may
from staffroll_accounts.scim.answers import TAKEN, base_url
from staffroll_accounts.scim.filters import MOST_NAMES, members_in
from staffroll_accounts.scim.models import POLICY, Group
from staffroll_accounts.scim.patching import concerned, patched
from staffroll_accounts.scim.resources import answer, answer_list

MOST_MEMBERS: Final = 10_000
"""That one answer lists."""

MOST_CHANGES: Final = 1000
"""Of members, by one request: each is a change of a user."""


def list_groups(scope: AccountsScope) -> Response:
    return _found(asking.search(Group), scope)


def search_groups(scope: AccountsScope) -> Response:
    return _found(asking.search(Group, read_json(request, TAKEN)), scope)


def create_group(scope: AccountsScope) -> Response:
    parameters, sent = asking.parameters(Group), asking.created(Group)
    members = mapping.ids_of(sent.members)
    _check_members(members, members, scope)
    new = NewRole(
        name=sent.display_name or "",
        category=OTHER,
        external_id=mapping.external_id(sent.external_id),
    )
    role = actions.create(new, scope)
    provisioning.change_holders(role.id, members, (), scope)
    return _shown(role, scope, parameters, 201)


def get_group(group_id: str, scope: AccountsScope) -> Response:
    parameters = asking.parameters(Group)
    return _shown(scope.store.roles.get(group_id), scope, parameters)


def replace_group(group_id: str, scope: AccountsScope) -> Response:
    parameters, sent = asking.parameters(Group), asking.replaced(Group)
    role = scope.store.roles.get(group_id)
    before = mapping.group_of(role, _holders([role], scope)[role.id], base_url())
    return _changed(role, before, sent, scope, parameters)


def patch_group(group_id: str, scope: AccountsScope) -> Response:
    parameters, operations = asking.parameters(Group), asking.patch(Group)
    if concerned(operations) != set():
        check_may(scope, EDIT_USERS)
    role = scope.store.roles.get(group_id)
    before = mapping.group_of(role, _concerned(operations, role, scope), base_url())
    return _changed(role, before, patched(before, operations), scope, parameters)


def delete_group(group_id: str, scope: AccountsScope) -> Response:
    provisioning.delete_role(group_id, scope)
    return Response(status=204)


def _found(asked: SearchRequest[Group], scope: AccountsScope) -> Response:
    start, count = asking.page(asked)
    roles = _fitting(asked, scope)
    page = roles[start - 1 : start - 1 + count]
    members = _holders(page, scope) if asking.wants(asked, "members") else {}
    base = base_url()
    groups = [mapping.group_of(role, members.get(role.id, ()), base) for role in page]
    return answer_list(groups, total=len(roles), start=start, parameters=asked)


def _fitting(asked: SearchRequest[Group], scope: AccountsScope) -> list[Role]:
    """A tenant has few roles, so that they are looked through."""
    roles = scope.store.roles.all()
    if asked.filter is None:
        return roles
    named = members_in(asked.filter)
    if len(named) > MOST_NAMES:
        raise TooManyException(detail=f"A filter names at most {MOST_NAMES} members.")
    theirs = scope.store.provisioned.roles_of(named) if named else {}

    def fits(role: Role) -> bool:
        members = [user_id for user_id, had in theirs.items() if role.id in had]
        return asked.filter is not None and asked.filter.match(mapping.group_of(role, members, ""))

    with POLICY:
        return [role for role in roles if fits(role)]


def _changed(
    role: Role,
    before: Group,
    after: Group,
    scope: AccountsScope,
    parameters: ResponseParameters[Group],
) -> Response:
    had, has = mapping.ids_of(before.members), mapping.ids_of(after.members)
    wished = {
        "name": after.display_name or "",
        "external_id": mapping.external_id(after.external_id),
    }
    changes = {name: value for name, value in wished.items() if value != getattr(role, name)}
    if changes:
        check_may(scope, EDIT_ROLES)
    _check_members(has - had, has ^ had, scope)
    if changes:
        role = actions.edit(role.id, changes, scope, expected=None)
    provisioning.change_holders(role.id, has - had, had - has, scope)
    try:
        return _shown(role, scope, parameters)
    except TooManyException:
        # It is done all the same, and need not be shown (RFC 7644, section 3.5.2).
        return Response(status=204)


def _check_members(gained: set[str], touched: set[str], scope: AccountsScope) -> None:
    if not touched:
        return
    check_may(scope, EDIT_USERS)
    if len(touched) > MOST_CHANGES:
        raise PayloadTooLargeException(detail=f"At most {MOST_CHANGES} members in one request.")
    missing = gained - scope.store.provisioned.roles_of(gained).keys()
    if missing:
        raise InvalidValueException(detail="members: there is no such user.")


def _concerned(operations: PatchOp[Group], role: Role, scope: AccountsScope) -> list[str]:
    """The members that the operations could change: of a large group, there is no need to look
    at the others."""
    named = concerned(operations)
    if named is None:
        return _holders([role], scope)[role.id]
    if len(named) > MOST_CHANGES:
        raise PayloadTooLargeException(detail=f"At most {MOST_CHANGES} members in one request.")
    theirs = scope.store.provisioned.roles_of(named) if named else {}
    return sorted(user_id for user_id, had in theirs.items() if role.id in had)


def _shown(
    role: Role, scope: AccountsScope, parameters: ResponseParameters[Group], status: int = 200
) -> Response:
    wanted = asking.wants(parameters, "members")
    members: Iterable[str] = _holders([role], scope)[role.id] if wanted else ()
    return answer(mapping.group_of(role, members, base_url()), parameters, status)


def _holders(roles: Iterable[Role], scope: AccountsScope) -> dict[str, list[str]]:
    """The members of the roles.

    Raises:
        TooManyException: More than are listed at once.
    """
    found: dict[str, list[str]] = {}
    left = MOST_MEMBERS
    for role in roles:
        found[role.id] = scope.store.provisioned.holders(role.id, left + 1)
        left -= len(found[role.id])
        if left < 0:
            raise TooManyException(
                detail=f"More than {MOST_MEMBERS} members: ask with excludedAttributes=members, "
                "and for the users with the filter groups.value."
            )
    return found
