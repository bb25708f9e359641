"""Users after accounts was put back to an earlier time. Pure.

What siblings heard meanwhile is taken back from them; what was never told, such as passwords
and second factors, is as it was at that time. Sessions and personal access tokens that ended
meanwhile are not known any more, so that all end.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from typing import Any

from staffroll.audit import noted
from staffroll.events import Cause
from staffroll_accounts.domain.sessions import end_all
from staffroll_accounts.domain.users import SOURCE, Decision, User, told


def restored(user: User, newer: Mapping[str, Any], version: int, cause: Cause) -> Decision:
    """The user with what siblings know better, told as news.

    Args:
        newer: By name, of what `staffroll.user_copy.UserCopy` and `User` have in common.
        version: Above all that was told of them.
    """
    changed = sorted(name for name, value in newer.items() if getattr(user, name) != value)
    ended = end_all(user)
    after = replace(ended, **newer, version=version, security=replace(ended.security, reset=None))
    return _decided(after, changed, cause)


def taken_back(
    user_id: str, known: Mapping[str, Any], created_at: datetime, version: int, cause: Cause
) -> Decision:
    """Somebody who was created meanwhile, and is not known here any more.

    Args:
        known, version: As in `restored`.
    """
    user = User(id=user_id, version=version, created_at=created_at, created_in=SOURCE, **known)
    return _decided(user, sorted(known), cause)


def buried(user_id: str, created_at: datetime) -> User:
    """Somebody who was created and deleted meanwhile, as far as it matters for their tombstone."""
    return User(
        id=user_id,
        version=0,
        status="deactivated",
        first_name="",
        last_name="",
        email="",
        language="",
        time_zone="",
        created_at=created_at,
        created_in=SOURCE,
    )


def _decided(user: User, changed: list[str], cause: Cause) -> Decision:
    return Decision(
        user,
        (told(user, "user.updated", changed, cause),),
        audit=(noted(cause, "user.restored", user.id, changed),),
    )
