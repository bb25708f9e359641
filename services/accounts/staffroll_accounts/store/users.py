"""Users in MongoDB."""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import asdict, fields, replace
from datetime import UTC, datetime
from typing import Any, Final

from cryptography.fernet import MultiFernet
from pymongo.errors import DuplicateKeyError

from staffroll.bus import Message
from staffroll.errors import NotFound, OutboxFull, Stale
from staffroll.events import REQUESTS, Cause, Event
from staffroll.idempotency import Once, OnceUsed
from staffroll.ids import new_id
from staffroll.mongo import (
    Document,
    Index,
    Outbox,
    Platform,
    TenantDatabase,
    duplicate_index,
)
from staffroll.mongo.forms import Forms, known
from staffroll.mongo.lists import Facet, beyond, count_many, find_slice
from staffroll.mongo.outbox import HAS_ROOM, entries, push
from staffroll.search import COUNTED, LIST, Term, email_key, facet_index, index_fields
from staffroll_accounts.domain.errors import EmailTaken
from staffroll_accounts.domain.mails import Mail
from staffroll_accounts.domain.security import PasswordReset, Security, TwoFactor
from staffroll_accounts.domain.two_factor import SecondFactors
from staffroll_accounts.domain.users import (
    Decision,
    MembershipWish,
    Scheduled,
    User,
    public_state,
)
from staffroll_accounts.store import access_tokens

COLLECTION: Final = "users"
FORMS: Final = Forms(COLLECTION)

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
UNREAD: Final = ("grams", "haystack", "outbox", "mails", "audit")
"""Fields that a user is never made from."""

_SECURITY: Final = frozenset(field.name for field in fields(Security))
_SCHEDULED: Final = frozenset(field.name for field in fields(Scheduled))
_LISTED: Final = dict.fromkeys(UNREAD, 0)
_SCHEDULING: Final = "scheduling"
_ROLES_AT_ONCE: Final = 100


class UserExists(Exception):
    """There is a user, or the tombstone of one, under this id already."""


class Users:
    """The users of one tenant."""

    def __init__(self, database: TenantDatabase, outbox: Outbox, at_rest: MultiFernet) -> None:
        self._users = database[COLLECTION]
        self._outbox = outbox
        self._at_rest = at_rest

    def insert(self, decision: Decision, now: datetime, once: Once | None = None) -> User:
        """Keep a new user and tell of them: one write.

        Raises:
            EmailTaken: Another user of the tenant has the e-mail.
            UserExists, OnceUsed: This very creation has happened already.
            OutboxFull: Too much waits for the broker.
        """
        self._outbox.check_room()
        messages = [Message.event(event) for event in decision.events]
        document = self.new_document(decision, messages, now)
        if once is not None:
            document["once"] = once.document(now)
        try:
            self._users.insert_one(document)
        except DuplicateKeyError as error:
            match duplicate_index(error):
                case ("tenant_id", "email_key"):
                    raise EmailTaken from error
                case ("tenant_id", "once.key"):
                    raise OnceUsed from error
                case _:
                    raise UserExists from error
        self._outbox.committed(COLLECTION, self._users.tenant_id, decision.user.id, messages)
        return replace(decision.user, revision=1)

    def new_document(
        self, decision: Decision, messages: Sequence[Message], now: datetime
    ) -> Document:
        """A new user with all that is told, mailed and noted of them."""
        return to_document(decision.user) | {
            "revision": 1,
            "outbox": entries(messages, now),
            "mails": self._sealed(decision.mails, now),
            "audit": [asdict(entry) for entry in decision.audit],
        }

    def save(
        self, decision: Decision, before: User, now: datetime, *, although_full: bool = False
    ) -> User:
        """Keep a changed user, tell, mail and note it: one write, on the revision that was read.

        Only what differs from `before` is written.

        Args:
            although_full: However much waits for the broker, for what must not be put off.
        Raises:
            Stale: Somebody was quicker.
            EmailTaken: As in `insert`.
            OutboxFull: This user's news has waited too long for the broker.
        """
        if decision == Decision(before):
            return before
        if decision.user.version != before.version:
            decision = replace(decision, user=replace(decision.user, changed_at=now))
        messages = [_message(event) for event in decision.events]
        if messages and not although_full:
            self._outbox.check_room()
        update = update_of(
            decision, before, entries(messages, now), self._sealed(decision.mails, now)
        )
        room = HAS_ROOM if messages else {}
        try:
            where = {"_id": before.id, "revision": before.revision, **room}
            is_saved = FORMS.save(self._users, where, update)
            place = (COLLECTION, self._users.tenant_id, before.id)
            if not is_saved and messages and self._outbox.make_room(*place):
                is_saved = FORMS.save(self._users, where, update)
        except DuplicateKeyError as error:
            raise EmailTaken from error
        if not is_saved:
            raise self._why_not(before)
        self._outbox.committed(COLLECTION, self._users.tenant_id, before.id, messages)
        return replace(decision.user, revision=before.revision + 1)

    def _sealed(self, mails: Iterable[Mail], now: datetime) -> list[Document]:
        return [
            {
                "id": new_id(),
                "at": now,
                "sealed": self._at_rest.encrypt(json.dumps(asdict(mail)).encode()),
            }
            for mail in mails
        ]

    def tell_again(self, user_id: str, cause: Cause, now: datetime) -> None:
        """Say the user's state once more, for who asked and may not have heard."""
        user = self.find(user_id)
        if user is None:
            return
        kind = "user.deleted" if user.status == "deleted" else "user.updated"
        message = Message.event(cause.event(kind, user.id, user.version, public_state(user)))
        told = self._users.update_one({"_id": user_id, **HAS_ROOM}, push([message], now))
        if told.matched_count == 0:
            raise OutboxFull
        self._outbox.committed(COLLECTION, self._users.tenant_id, user_id, [message])

    def _why_not(self, before: User) -> Exception:
        now = self._users.find_one({"_id": before.id}, {"revision": 1})
        if now is not None and now["revision"] == before.revision:
            return OutboxFull()
        return Stale()

    def get(self, user_id: str) -> User:
        """Raises `NotFound` where there is none, deleted ones included."""
        user = self.find(user_id)
        if user is None or user.status == "deleted":
            raise NotFound
        return user

    def find(self, user_id: str) -> User | None:
        """The user or their tombstone."""
        document = self._users.find_one({"_id": user_id}, _LISTED)
        return None if document is None else from_document(document)

    def standing(self, user_id: str) -> Document | None:
        """Status, token generation, admin access and roles; None where there never was one."""
        return self._users.find_one(
            {"_id": user_id}, {"status": 1, "token_generation": 1, "is_admin": 1, "roles": 1}
        )

    def find_by_email(self, email: str) -> User | None:
        document = self._users.find_one({"email_key": email_key(email)}, _LISTED)
        return None if document is None else from_document(document)

    def find_by_access_token(self, token_id: str) -> User | None:
        document = self._users.find_one({"access_tokens.id": token_id}, _LISTED)
        return None if document is None else from_document(document)

    def find_once(self, once: Once) -> tuple[User, dict[str, Any]] | None:
        """The user that an Idempotency-Key created, and how the key was kept."""
        document = self._users.find_one({"once.key": once.key}, _LISTED)
        return None if document is None else (from_document(document), document["once"])

    def forget_once(self, once: Once, kept_at: datetime) -> None:
        """Free a key that is too old to count, and only as it was kept at that moment."""
        self._users.update_one({"once.key": once.key, "once.at": kept_at}, {"$unset": {"once": ""}})

    def page(
        self,
        *,
        status: str,
        terms: tuple[Term, ...],
        roles: Sequence[str],
        after: tuple[str, str] | None,
        limit: int,
    ) -> tuple[list[User], int, tuple[str, str] | None]:
        """Users of a tab, with any of `roles` where some are named, in order (R10-R13)."""
        found = find_slice(
            self._users,
            {"status": status},
            terms,
            after=after,
            limit=limit,
            projection=_LISTED,
            facet=Facet("roles", tuple(roles)) if roles else None,
        )
        return [from_document(document) for document in found.documents], found.total, found.end

    def count(self, status: str) -> int:
        return count_many(self._users, {"status": status}, LIST.name)

    def count_second_factors(self) -> SecondFactors:
        """How many active users have a second factor, and how many must have one."""
        has_one = {"security.two_factor.enabled_at": {"$gte": _EPOCH}}
        must = {"security.two_factor_enforced": True}
        need_not = {"security.two_factor_enforced": False}
        enforced = self._count_active(must)
        on_enforced = self._count_active(must | has_one)
        return SecondFactors(
            users=enforced + self._count_active(need_not),
            enforced=enforced,
            on_enforced=on_enforced,
            on=on_enforced + self._count_active(need_not | has_one),
        )

    def page_by_factor(
        self,
        *,
        has_one: bool,
        is_enforced: bool | None,
        after: tuple[str, str] | None,
        limit: int,
    ) -> tuple[list[User], tuple[str, str] | None]:
        """Active users with or without a second factor, in the order of lists (R13).

        Args:
            is_enforced: Only those for whom an admin enforces one, or only the others; None: all.
        """
        # Where it does not matter, both are named: by each, the index is in order.
        enforced: Any = {"$in": [False, True]} if is_enforced is None else is_enforced
        where: Document = {"status": "active", "security.two_factor_enforced": enforced}
        where["security.two_factor.enabled_at"] = {"$gte": _EPOCH} if has_one else None
        where |= beyond(after)
        order = [("sort", 1), ("_id", 1)]
        hint = (WITH_FACTOR if has_one else BY_FACTOR).name
        found = list(self._users.find(where, _LISTED, sort=order, limit=limit + 1, hint=hint))
        last = found[limit - 1] if len(found) > limit else None
        end = (last["sort"], last["_id"]) if last is not None else None
        return [from_document(document) for document in found[:limit]], end

    def _count_active(self, where: Document) -> int:
        return count_many(self._users, {"status": "active", **where}, BY_FACTOR.name)

    def admins(self) -> dict[str, int]:
        """The revisions of all active users who have admin access, by id (R16)."""
        admins = {"status": "active", "is_admin": True}
        found = self._users.find(admins, {"revision": 1})
        return {document["_id"]: document["revision"] for document in found}

    def with_role(self, role_id: str, limit: int) -> list[str]:
        """Ids of some who have the role."""
        found = self._users.find(_having(role_id), {"_id": 1}, limit=limit)
        return [document["_id"] for document in found]

    def each_with_role(self, role_id: str) -> Iterator[User]:
        for document in self._users.find(_having(role_id), _LISTED, batch_size=500):
            yield from_document(document)

    def count_with_role(self, role_id: str) -> int:
        return self._users.count(_having(role_id))

    def count_with_roles(self, role_ids: Sequence[str]) -> dict[str, dict[str, int]]:
        """How many have each of the roles, by their status."""
        found: dict[str, dict[str, int]] = {}
        for start in range(0, len(role_ids), _ROLES_AT_ONCE):
            some = role_ids[start : start + _ROLES_AT_ONCE]
            counted = self._users.count_each(list(map(_having, some)), "status")
            found |= dict(zip(some, counted, strict=True))
        return found

    def count_many_with_roles(self, role_ids: Sequence[str]) -> dict[str, dict[str, int]]:
        """The same; where the tenant has many users, as lists count (`count_many`)."""
        if self.count("active") <= COUNTED:
            return self.count_with_roles(role_ids)
        index = facet_index("roles").name
        return {
            role_id: {
                status: count_many(self._users, {"status": status, "roles": role_id}, index)
                for status in ("active", "deactivated")
            }
            for role_id in role_ids
        }

    def count_with_role_alone(self, role_id: str) -> int:
        """How many have this role, no other, and no admin access."""
        return self._users.count({**_having(role_id), "roles": [role_id], "is_admin": False})

    def count_active_with_role(self, *role_ids: str, but: str = "") -> int:
        """How many active users have one of the roles, one of them not counted where named."""
        having = {"$in": list(role_ids)}
        return self._users.count({"status": "active", "roles": having, "_id": {"$ne": but}})

    def is_empty(self) -> bool:
        return self._users.find_one({}, {"_id": 1}) is None

    def each(self, subjects: Sequence[str] = ()) -> Iterator[User]:
        """All users and tombstones, or those named, for a snapshot."""
        where: Document = {"_id": {"$in": list(subjects)}} if subjects else {}
        for document in self._users.find(where, _LISTED, batch_size=500):
            yield from_document(document)

    def drop_waiting(self) -> None:
        """Forget news and mail that wait to be sent, as when they are of an earlier time."""
        for waiting in ("outbox", "mails"):
            self._users.update_many({f"{waiting}.0": {"$exists": True}}, {"$set": {waiting: []}})

    def versions(self) -> Iterator[tuple[str, int]]:
        """Ids and versions of all users and tombstones."""
        for document in self._users.find({}, {"version": 1}, batch_size=5000):
            yield document["_id"], document["version"]

    def employee_versions(self) -> Iterator[tuple[str, int]]:
        """Ids, and the newest version of each one's employee that was heard of."""
        heard: Document = {"scheduled.seen": {"$gt": 0}}
        for document in self._users.find(heard, {"scheduled.seen": 1}, batch_size=5000):
            yield document["_id"], document["scheduled"]["seen"]


def _having(role_id: str) -> Document:
    return {"status": {"$in": ["active", "deactivated"]}, "roles": role_id}


def to_document(user: User) -> Document:
    document = _state(user) | FORMS.stamp
    if user.status != "deleted":
        document["email_key"] = email_key(user.email)
        document |= index_fields(user.last_name, user.first_name, user.email)
    return document


def _state(user: User) -> Document:
    document: Document = {
        "_id": user.id,
        "version": user.version,
        "status": user.status,
        "first_name": user.first_name,
        "last_name": user.last_name,
        "email": user.email,
        "language": user.language,
        "time_zone": user.time_zone,
        "roles": list(user.roles),
        "is_admin": user.is_admin,
        "token_generation": user.token_generation,
        "created_at": user.created_at,
        "created_in": user.created_in,
        "applied_requests": list(user.applied_requests),
        "field_versions": dict(user.field_versions),
        "security": asdict(user.security),
        "access_tokens": access_tokens.to_documents(user.access_tokens),
        "external_id": user.external_id,
        "changed_at": user.changed_at,
    }
    if user.scheduled.seen:
        document["scheduled"] = asdict(user.scheduled)
    if user.membership_wish is not None:
        document["membership_wish"] = asdict(user.membership_wish)
    return document


def from_document(document: Document) -> User:
    """The user as stored, read with or without `UNREAD`."""
    document = FORMS.newest(document)
    return User(
        id=document["_id"],
        version=document["version"],
        status=document["status"],
        first_name=document["first_name"],
        last_name=document["last_name"],
        email=document["email"],
        language=document["language"],
        time_zone=document["time_zone"],
        roles=tuple(document["roles"]),
        is_admin=document["is_admin"],
        token_generation=document["token_generation"],
        created_at=document["created_at"],
        created_in=document["created_in"],
        applied_requests=tuple(document["applied_requests"]),
        field_versions=document["field_versions"],
        security=_security(document["security"]),
        access_tokens=access_tokens.from_documents(document.get("access_tokens", ())),
        scheduled=_scheduled(document.get("scheduled", {})),
        membership_wish=_membership_wish(document.get("membership_wish")),
        external_id=document.get("external_id"),
        revision=document["revision"],
        changed_at=document.get("changed_at"),
    )


def update_of(
    decision: Decision, before: User, news: Sequence[Document], mails: Sequence[Document]
) -> Document:
    """The one write that keeps a decision, with what waits to be sent."""
    return {
        "$set": {
            **_differences(before, decision.user),
            **FORMS.stamp,
            "revision": before.revision + 1,
        },
        "$push": {
            "outbox": {"$each": list(news)},
            "mails": {"$each": list(mails)},
            "audit": {"$each": [asdict(entry) for entry in decision.audit]},
        },
    }


def _differences(before: User, after: User) -> Document:
    """The fields that differ, those of ``security`` one by one: the less is written, the less
    the server has to look after."""
    old, new = _state(before), _state(after)
    if _indexed(before) != _indexed(after):
        old, new = to_document(before), to_document(after)
    found = {name: value for name, value in new.items() if old.get(name) != value}
    for name, value in found.pop("security", {}).items():
        if old["security"][name] != value:
            found[f"security.{name}"] = value
    return found


def _indexed(user: User) -> tuple[str, ...]:
    """What the fields to search by are made of."""
    return user.status, user.last_name, user.first_name, user.email


def _message(event: Event) -> Message:
    return Message.request(event, _SCHEDULING) if event.type in REQUESTS else Message.event(event)


def _membership_wish(document: Document | None) -> MembershipWish | None:
    return None if document is None else MembershipWish(**known(MembershipWish, document))


def _scheduled(document: Document) -> Scheduled:
    # As with security: other versions of accounts may write at the same time.
    return Scheduled(**{name: document[name] for name in _SCHEDULED if name in document})


def _security(document: Document) -> Security:
    reset, second = document["reset"], document["two_factor"]
    # What is not known here, a newer version has written, or an older one.
    found = {name: value for name, value in document.items() if name in _SECURITY}
    found["reset"] = PasswordReset(**known(PasswordReset, reset)) if reset else None
    found["old_passwords"] = tuple(document.get("old_passwords", ()))
    if second:
        recovery = tuple(second["recovery_hashes"])
        found["two_factor"] = TwoFactor(**{**known(TwoFactor, second), "recovery_hashes": recovery})
    return Security(**found)


_ENFORCED: Final = "security.two_factor_enforced"
_ENABLED_AT: Final = "security.two_factor.enabled_at"

BY_FACTOR: Final = Index(
    COLLECTION, ["status", _ENFORCED, _ENABLED_AT, "sort", "_id"], "in_order_by_factor"
)
"""Who must have a second factor and who has one; those who have none in order."""

WITH_FACTOR: Final = Index(
    COLLECTION,
    ["status", "sort", "_id", _ENFORCED],
    "in_order_with_factor",
    partial={_ENABLED_AT: {"$gte": _EPOCH}},
)
"""Those who have one in order."""


LEAVING: Final = Index(
    COLLECTION,
    ["scheduled.heard_at"],
    "leaving",
    partial={"scheduled.is_employed": False, "status": "active"},
    every_tenant=True,
)
"""Those who are active though their staff membership has ended (R16)."""


def leaving_users(platform: Platform) -> Iterator[tuple[str, str]]:
    """Tenant and id of all who are to be deactivated as soon as there is another admin."""
    where = {"scheduled.is_employed": False, "status": "active"}
    found = platform[COLLECTION].find(where, {"tenant_id": 1}).hint(LEAVING.name)
    for document in list(found):
        yield document["tenant_id"], document["_id"]


WISHING: Final = Index(
    COLLECTION,
    ["membership_wish.resend_at"],
    "membership_wishes",
    partial={"membership_wish.resend_at": {"$gt": _EPOCH}},
    every_tenant=True,
)
"""Those about whose membership scheduling has yet to answer."""


def unanswered_wishes(
    platform: Platform, now: datetime, limit: int, without: Collection[str] = ()
) -> Iterator[tuple[str, str]]:
    """Tenant and id of users about whose membership scheduling is to be asked again.

    What still waits in an outbox is left to the outbox.
    """
    due = {"membership_wish.resend_at": {"$gt": _EPOCH, "$lte": now}}
    where = {**due, "outbox.0": {"$exists": False}, "_id": {"$nin": list(without)}}
    found = platform[COLLECTION].find(where, {"tenant_id": 1}).hint(WISHING.name)
    for document in list(found.limit(limit)):
        yield document["tenant_id"], document["_id"]
