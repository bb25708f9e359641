"""The other services, asked over HTTP by one that was put back to an earlier time."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from typing import Any, Final, TypeVar

from staffroll.cli.check import url_of
from staffroll.cli.digests import CouldNotAsk, Digest, ask, differences
from staffroll.cli.tenants import NoTenant
from staffroll.mongo.digests import bucket_of, digest
from staffroll.restoring import Known
from staffroll.user_copy import UserCopy

HEARD_BY: Final[Mapping[str, tuple[str, ...]]] = {
    "accounts": ("scheduling", "people", "export"),
    "scheduling": ("accounts",),
    "people": (),
    "export": (),
}
"""Who has seen versions of what a service owns."""

COPIED_BY: Final[Mapping[str, str]] = {"scheduling": "/v1/employees", "people": "/v1/people"}
"""Who shows what accounts told of a user."""

_PATIENCE_SECONDS: Final = 60.0
_PAUSE_SECONDS: Final = 0.5
_NOT_THERE: Final = 404

T = TypeVar("T")


class Local:
    """Versions at hand, in the form in which services tell theirs."""

    def __init__(self, versions: Mapping[str, int]) -> None:
        self._versions = versions

    def buckets(self) -> Mapping[str, Mapping[str, Any]]:
        return digest(self._versions.items())

    def items(self, bucket: str) -> Mapping[str, int]:
        return {id_: one for id_, one in self._versions.items() if bucket_of(id_) == bucket}


class HttpSiblings:
    """See `staffroll.restoring.Siblings`.

    A sibling that does not answer at once is asked again for a minute: it may have yet to hear
    of the key that the token was signed with.

    Args:
        owner: The service that was put back.
        make_token: A token that may read everything in a tenant.
    """

    def __init__(self, owner: str, make_token: Callable[[str], str]) -> None:
        self._owner = owner
        self._make_token = make_token
        self._tokens: dict[str, str] = {}
        self._seen: dict[str, dict[str, int]] = {}

    def known(self, tenant_id: str, here: Mapping[str, int]) -> Known:
        """What they know of the tenant that `here` differs from.

        Raises:
            CouldNotAsk: One gave no answer for a minute.
        """
        if not HEARD_BY[self._owner]:
            return Known()
        try:
            self._tokens = {tenant_id: self._make_token(tenant_id)}
        except NoTenant:
            return Known()  # accounts was put back too, to before there was this tenant
        versions: dict[str, int] = {}
        deleted: set[str] = set()
        statuses: set[str | None] = set()
        for name in HEARD_BY[self._owner]:
            self._seen[name] = self._differing(name, tenant_id, here)
            for id_, version in self._seen[name].items():
                versions[id_] = max(version, versions.get(id_, 0))
            found = self._ask(name, "/v1/digest/tombstones", tenant_id)
            deleted.update(found["users"])
            statuses.add(found["tenant_status"])
        worst = next((one for one in ("deleted", "suspended", "active") if one in statuses), None)
        return Known(versions, frozenset(deleted), worst)

    def copy(self, tenant_id: str, user_id: str) -> UserCopy | None:
        """The user as the one knows them that has seen most; None where none shows them."""
        best = max(COPIED_BY, key=lambda name: self._seen.get(name, {}).get(user_id, 0))
        try:
            found = self._ask(best, f"{COPIED_BY[best]}/{user_id}", tenant_id)
        except CouldNotAsk as error:
            if error.status == _NOT_THERE:
                return None
            raise
        if found["state"] != "confirmed":
            return None
        return UserCopy(
            first_name=found["first_name"],
            last_name=found["last_name"],
            email=found["email"],
            language=found["language"],
            time_zone=found["time_zone"],
            roles=tuple(found["roles"]),
            is_admin=found["is_admin"],
            status=found["user_status"],
        )

    def _differing(self, name: str, tenant_id: str, here: Mapping[str, int]) -> dict[str, int]:
        told = Digest(name, url_of(name), self._owner, self._tokens[tenant_id])
        found = _patiently(lambda: differences(Local(here), told))
        return {one.id: one.at_follower for one in found if one.at_follower is not None}

    def _ask(self, name: str, path: str, tenant_id: str) -> dict[str, Any]:
        return _patiently(lambda: ask(name, url_of(name), path, self._tokens[tenant_id]))


def _patiently(act: Callable[[], T]) -> T:
    deadline = time.monotonic() + _PATIENCE_SECONDS
    while True:
        try:
            return act()
        except CouldNotAsk as error:
            if error.status == _NOT_THERE or time.monotonic() > deadline:
                raise
        time.sleep(_PAUSE_SECONDS)
