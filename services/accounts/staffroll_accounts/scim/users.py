"""``/scim/v2/Users``."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from flask import Response, request
from scim2_models import ResponseParameters, SearchRequest

from staffroll.errors import NotFound
from staffroll.web.parsing import read_json
from staffroll_accounts.actions import AccountsScope, provisioning
from staffroll_accounts.actions import users as actions
from staffroll_accounts.domain.users import User as Ours
from staffroll_accounts.scim import asking, mapping
from staffroll_accounts.scim.answers import TAKEN, base_url, expected_version
from staffroll_accounts.scim.at_hand import AtHand
from staffroll_accounts.scim.filters import Part, names_in, part_of
from staffroll_accounts.scim.models import POLICY, User
from staffroll_accounts.scim.resources import answer, answer_list
from staffroll_accounts.store.provisioned import Names

_MOST_NAMED = 1000


def list_users(scope: AccountsScope) -> Response:
    return _found(asking.search(User), scope)


def search_users(scope: AccountsScope) -> Response:
    return _found(asking.search(User, read_json(request, TAKEN)), scope)


def create_user(scope: AccountsScope, at_hand: AtHand) -> Response:
    parameters, sent = asking.parameters(User), asking.created(User)
    created = actions.create(
        mapping.new_user(sent, _languages(scope)),
        scope,
        password=sent.password or None,
        passwords=at_hand.passwords,
        active=sent.active is not False,
    )
    return _shown(created, scope, parameters, 201)


def get_user(user_id: str, scope: AccountsScope) -> Response:
    parameters = asking.parameters(User)
    return _shown(actions.get(user_id, scope), scope, parameters)


def replace_user(user_id: str, scope: AccountsScope, at_hand: AtHand) -> Response:
    parameters, sent = asking.parameters(User), asking.replaced(User)
    before = _resource(actions.get(user_id, scope), scope)
    return _changed(user_id, before, mapping.completed(sent, before), scope, parameters, at_hand)


def patch_user(user_id: str, scope: AccountsScope, at_hand: AtHand) -> Response:
    parameters, operations = asking.parameters(User), asking.patch(User)
    before = _resource(actions.get(user_id, scope), scope)
    after = before.model_copy(deep=True)
    operations.patch(after, POLICY)
    return _changed(user_id, before, after, scope, parameters, at_hand)


def delete_user(user_id: str, scope: AccountsScope) -> Response:
    provisioning.delete_user(user_id, scope, expected=expected_version())
    return Response(status=204)


def _found(asked: SearchRequest[User], scope: AccountsScope) -> Response:
    start, count = asking.page(asked)
    if asked.filter is None:
        page, total = _slice(Part(), start, count, scope)
    elif (names := names_in(asked.filter)) is not None:
        fitting = _fitting(names, asked, scope)
        page, total = fitting[start - 1 : start - 1 + count], len(fitting)
    elif (part := part_of(asked.filter)) is not None:
        page, total = _slice(part, start, count, scope)
    else:
        page, total = [], 0
    return answer_list(page, total=total, start=start, parameters=asked)


def _fitting(names: Names, asked: SearchRequest[User], scope: AccountsScope) -> list[User]:
    named = scope.store.provisioned.named(names, _MOST_NAMED)
    with POLICY:
        return [one for one in _resources(named, scope) if asked.filter and asked.filter.match(one)]


def _slice(part: Part, start: int, count: int, scope: AccountsScope) -> tuple[list[User], int]:
    found, total = scope.store.provisioned.at(
        statuses=part.statuses, role_id=part.role_id, start=start - 1, limit=count
    )
    return _resources(found, scope), total


def _changed(
    user_id: str,
    before: User,
    after: User,
    scope: AccountsScope,
    parameters: ResponseParameters[User],
    at_hand: AtHand,
) -> Response:
    user = provisioning.edit(
        user_id,
        mapping.changes_between(before, after, _languages(scope)),
        scope,
        at_hand.passwords,
        expected=expected_version(),
        pause=at_hand.pause,
    )
    return _shown(user, scope, parameters)


def _shown(
    user: Ours, scope: AccountsScope, parameters: ResponseParameters[User], status: int = 200
) -> Response:
    return answer(_resource(user, scope), parameters, status)


def _resource(user: Ours, scope: AccountsScope) -> User:
    return _resources([user], scope)[0]


def _resources(found: Iterable[Ours], scope: AccountsScope) -> list[User]:
    users = list(found)
    given = {role_id for user in users for role_id in user.roles}
    roles = {role.id: role.name for role in scope.store.roles.some(given)} if given else {}
    base = base_url()
    return [mapping.user_of(user, roles, base) for user in users]


def _languages(scope: AccountsScope) -> tuple[str, ...]:
    tenant: Any = scope.store.tenants.find()
    if tenant is None:
        raise NotFound
    languages: tuple[str, ...] = tenant.languages
    return languages
