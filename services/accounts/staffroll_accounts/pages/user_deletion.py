"""Account › Users: deleted for ever, and how far that is in all places (R60-R62)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from flask import Response

from staffroll.user_copy import UserCopy
from staffroll.web.lists import CursorInvalid
from staffroll.web.pages import Listing, PageGroup, gettext, go, notice, page
from staffroll.web.pages.followed import DeleteForm
from staffroll_accounts.actions import AccountsScope
from staffroll_accounts.actions import deletion as actions
from staffroll_accounts.actions import users as all_users
from staffroll_accounts.actions.deletion import ErasurePage
from staffroll_accounts.api.erasures import ErasureQuerySchema, begins_after, cursor_of
from staffroll_accounts.domain.deletion import SERVICES
from staffroll_accounts.domain.users import public_state
from staffroll_accounts.pages.role_words import SERVICES as LABELS
from staffroll_accounts.pages.user import DELETE, READ, show_user


def user_deletion(siblings: Mapping[str, str]) -> PageGroup:
    """What *Delete* of a user leads to.

    Args:
        siblings: As in `user`.
    """
    bp = PageGroup("user_deletion_pages", __name__)

    @bp.form("/users/<id:user_id>/delete")
    @bp.needs(DELETE, shows=READ, fresh=True)
    def delete(user_id: str, scope: AccountsScope) -> Response:
        user = all_users.get(user_id, scope)
        copy = UserCopy.of(public_state(user))
        form = DeleteForm(copy)
        if form.is_good():
            with form.refusals():
                actions.delete(user_id, scope, expected=None)
                notice(gettext("%(name)s is deleted.", name=copy.name))
                return go(".show_erasure", user_id=user_id)
        return show_user(user, scope, siblings, form.status, delete_form=form)

    @bp.get("/erasures")
    @bp.needs(DELETE)
    def show_erasures(scope: AccountsScope) -> Response:
        listing = Listing(ErasureQuerySchema)
        try:
            found = _find(listing.query, scope)
        except CursorInvalid as error:
            listing.refuse(error)
            found = _find({**listing.query, "cursor": None}, scope)
        return page(
            "users/erasures.html",
            listing=listing,
            found=found,
            services=SERVICES,
            next_cursor=cursor_of(*found.end) if found.end else None,
        )

    @bp.get("/erasures/<id:user_id>")
    @bp.needs(DELETE)
    def show_erasure(user_id: str, scope: AccountsScope) -> Response:
        return page(
            "users/erasure.html",
            erasure=actions.find_erasure(user_id, scope),
            services=SERVICES,
            labels=LABELS,
        )

    return bp


def _find(query: dict[str, Any], scope: AccountsScope) -> ErasurePage:
    return actions.find_erasures(
        scope,
        is_complete=query["complete"],
        after=begins_after(query["cursor"]) if query["cursor"] else None,
        limit=query["limit"],
    )
