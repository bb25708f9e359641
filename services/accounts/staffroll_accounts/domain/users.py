"""Users: created and edited. Pure; every change is a new version with its event."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from types import MappingProxyType
from typing import Any, Final, Literal

from staffroll import humans
from staffroll.audit import AuditEntry, noted
from staffroll.errors import FieldError, Invalid
from staffroll.events import Cause, Event, UserState
from staffroll.giving import RoleUnknown
from staffroll_accounts.domain.errors import ChangedMeanwhile
from staffroll_accounts.domain.mails import Mail
from staffroll_accounts.domain.security import AccessToken, Security

SOURCE: Final = "accounts"
REMEMBERED_REQUESTS: Final = 20
"""How many answered requests a user's state tells of."""

_CHECKED: Final = frozenset({"first_name", "last_name", "email", "language", "time_zone", "roles"})

_UNTOLD: Final = "external_id"

Status = Literal["active", "deactivated", "deleted"]


@dataclass(frozen=True, slots=True)
class Scheduled:
    """What accounts heard from scheduling about a user; told to nobody.

    Attributes:
        seen: The newest version of the employee; 0 before the first.
        is_employed: Whether a staff membership is running; None before the first.
        future_shifts: How many shifts lie ahead, as of that version.
        heard_at: When that was heard.
        answered_wish: The number of the newest wish that scheduling has answered.
    """

    seen: int = 0
    is_employed: bool | None = None
    future_shifts: int = 0
    heard_at: datetime | None = None
    answered_wish: int = 0


@dataclass(frozen=True, slots=True)
class MembershipWish:
    """What scheduling was asked for last about a user's staff membership; told to nobody else.

    Attributes:
        number: One more with each wish; of several, scheduling obeys the newest.
        active: Whether a membership is to run.
        actor: Who wishes it.
        sent_at: When it was sent last.
        resend_at: When it is sent again unless answered; None once it is.
    """

    number: int
    active: bool
    actor: str
    sent_at: datetime
    resend_at: datetime | None


@dataclass(frozen=True, slots=True)
class User:
    """A human as accounts knows them.

    Attributes:
        version: One more at every change that is told.
        roles: Ids, sorted.
        token_generation: Access tokens of a smaller one are void.
        created_in: The service where the human was created.
        applied_requests: Requests of other services that this state contains, newest last.
        field_versions: In which version each field was changed last.
        security: What is never told.
        access_tokens: Nor are these.
        scheduled: Nor is this.
        membership_wish: Nor is this; None before the first.
        external_id: What a provisioning client calls the user; told to nobody either.
        revision: One more at every write, told or not; writes go by it.
        changed_at: When that version was written; None where it is older than this field.
    """

    id: str
    version: int
    status: Status
    first_name: str
    last_name: str
    email: str
    language: str
    time_zone: str
    created_at: datetime
    created_in: str
    roles: tuple[str, ...] = ()
    is_admin: bool = False
    token_generation: int = 1
    applied_requests: tuple[str, ...] = ()
    field_versions: Mapping[str, int] = field(default_factory=dict)
    security: Security = field(default_factory=Security)
    access_tokens: tuple[AccessToken, ...] = ()
    scheduled: Scheduled = Scheduled()
    membership_wish: MembershipWish | None = None
    external_id: str | None = None
    revision: int = 0
    changed_at: datetime | None = None

    @property
    def locked(self) -> bool:
        return self.security.locked_at is not None

    @property
    def is_to_be_active(self) -> bool:
        """Whether the user is active, or is going to be as soon as scheduling has answered."""
        wish = self.membership_wish
        if wish is not None and wish.resend_at is not None:
            return wish.active
        return self.status == "active"

    @property
    def may_sign_in(self) -> bool:
        """Whoever is about to be deactivated may not any more."""
        return self.status == "active" and self.is_to_be_active


@dataclass(frozen=True, slots=True)
class Decision:
    """What a user becomes, what is told of it, mailed, and noted in the audit trail.

    All of it is one write.
    """

    user: User
    events: tuple[Event, ...] = ()
    mails: tuple[Mail, ...] = ()
    audit: tuple[AuditEntry, ...] = ()

    def followed_by(self, later: Decision) -> Decision:
        """Both, of which `later` was taken on what the user becomes by this one."""
        return Decision(
            later.user,
            (*self.events, *later.events),
            (*self.mails, *later.mails),
            (*self.audit, *later.audit),
        )


@dataclass(frozen=True, slots=True)
class NewUser:
    """What is wished of a new user; None takes the tenant's."""

    last_name: str
    email: str
    first_name: str = ""
    language: str | None = None
    time_zone: str | None = None
    roles: tuple[str, ...] = ()
    is_admin: bool = False
    password_hash: str | None = field(default=None, repr=False)
    external_id: str | None = None


@dataclass(frozen=True, slots=True)
class House:
    """What a tenant sets for its users.

    Attributes:
        languages: Offered ones, the default first.
        roles: Ids of the roles there are.
    """

    languages: tuple[str, ...]
    time_zone: str
    roles: frozenset[str]


def create(
    new: NewUser,
    id_: str,
    house: House,
    cause: Cause,
    *,
    created_in: str = SOURCE,
    active: bool = True,
    objections: Mapping[str, list[FieldError]] | None = None,
) -> Decision:
    """A new user, told as ``user.created``.

    Args:
        active: False where the staff membership begins later (R7).
        objections: What is wrong with other fields, so that all is said at once.
    Raises:
        Invalid: Fields break R3, R4 or R5, or there are objections; all of them are named.
        RoleUnknown: A role that the tenant does not have.
    """
    user = User(
        id=id_,
        version=1,
        status="active" if active else "deactivated",
        first_name=humans.tidy_name(new.first_name),
        last_name=humans.tidy_name(new.last_name),
        email=humans.tidy_email(new.email),
        language=new.language or house.languages[0],
        time_zone=new.time_zone or house.time_zone,
        roles=_role_set(new.roles),
        is_admin=new.is_admin,
        created_at=cause.now,
        changed_at=cause.now,
        created_in=created_in,
        security=Security(password_hash=new.password_hash),
        external_id=new.external_id,
        applied_requests=(cause.request_id,) if cause.request_id else (),
    )
    _check(user, house, _CHECKED, objections or {})
    return Decision(
        user,
        (told(user, "user.created", (), cause),),
        audit=(noted(cause, "user.created", user.id),),
    )


def edit(user: User, changes: Mapping[str, Any], house: House, cause: Cause) -> Decision:
    """The user with `changes`, told as ``user.updated``; nothing is told where nothing changed.

    Args:
        changes: By name, of first_name, last_name, email, language, time_zone, roles, is_admin,
            external_id.
    Raises:
        Invalid, RoleUnknown: As in `create`.
    """
    wanted = {name: _TIDIED.get(name, _as_is)(value) for name, value in changes.items()}
    changed = sorted(name for name, value in wanted.items() if getattr(user, name) != value)
    is_answer = cause.request_id is not None and cause.request_id not in user.applied_requests
    if not changed and not is_answer:
        return Decision(user, ())
    version = user.version + 1
    edited = replace(
        user,
        **{name: wanted[name] for name in changed},
        version=version,
        field_versions={**user.field_versions, **dict.fromkeys(changed, version)},
        applied_requests=_remember(user.applied_requests, cause.request_id),
    )
    if "email" in changed:
        # A link that waits in the old mailbox is void.
        edited = replace(edited, security=replace(edited.security, reset=None))
    # What was not touched stays, even where the tenant would not allow it any more.
    _check(edited, house, changed)
    return Decision(
        edited,
        (told(edited, "user.updated", [one for one in changed if one != _UNTOLD], cause),),
        mails=_mails_about_email(user, edited),
        audit=(noted(cause, "user.updated", user.id, changed),),
    )


def check_not_changed_since(user: User, names: Sequence[str], base_version: int) -> None:
    """Raises `ChangedMeanwhile` where one of the fields is newer than what the editor saw."""
    newer = [name for name in names if user.field_versions.get(name, 0) > base_version]
    if newer:
        wording = ChangedMeanwhile.wording
        raise ChangedMeanwhile(
            errors={name: [FieldError(ChangedMeanwhile.code, wording)] for name in newer}
        )


def public_state(user: User, changed: Sequence[str] = ()) -> UserState:
    """What is told of a user."""
    created_at = user.created_at.isoformat().replace("+00:00", "Z")
    if user.status == "deleted":
        return UserState(
            status="deleted",
            token_generation=user.token_generation,
            created_at=created_at,
            created_in=user.created_in,
        )
    return UserState(
        status=user.status,
        token_generation=user.token_generation,
        created_at=created_at,
        created_in=user.created_in,
        first_name=user.first_name,
        last_name=user.last_name,
        email=user.email,
        language=user.language,
        time_zone=user.time_zone,
        roles=list(user.roles),
        is_admin=user.is_admin,
        locked=user.locked,
        applied_requests=list(user.applied_requests),
        changed=list(changed),
    )


def told(user: User, event_type: str, changed: Sequence[str], cause: Cause) -> Event:
    """The user's public state as an event."""
    return cause.event(event_type, user.id, user.version, public_state(user, changed))


def mail_to(user: User, template: str, *, to: str | None = None, **data: str) -> Mail:
    """A mail to the user in their language; at another address than theirs where `to` is said."""
    known = {"name": f"{user.first_name} {user.last_name}".strip(), "email": user.email}
    return Mail(to=to or user.email, template=template, language=user.language, data=known | data)


def _mails_about_email(old: User, new: User) -> tuple[Mail, ...]:
    """The old and the new address are told (R17)."""
    if old.email == new.email:
        return ()
    return tuple(
        mail_to(new, "email-changed", to=to, old=old.email) for to in (old.email, new.email)
    )


def _remember(requests: tuple[str, ...], request_id: str | None) -> tuple[str, ...]:
    if request_id is None or request_id in requests:
        return requests
    return (*requests, request_id)[-REMEMBERED_REQUESTS:]


def _role_set(roles: Iterable[str]) -> tuple[str, ...]:
    return tuple(sorted(set(roles)))


def _as_is(value: Any) -> Any:
    return value


_TIDIED: Final[Mapping[str, Callable[[Any], Any]]] = {
    "first_name": humans.tidy_name,
    "last_name": humans.tidy_name,
    "email": humans.tidy_email,
    "roles": _role_set,
}


def _check(
    user: User,
    house: House,
    names: Collection[str],
    objections: Mapping[str, list[FieldError]] = MappingProxyType({}),
) -> None:
    problems = {
        # A human who was created elsewhere may have no first name (R3).
        "first_name": humans.name_problem(user.first_name, may_be_empty=True),
        "last_name": humans.name_problem(user.last_name),
        "email": humans.email_problem(user.email),
        "language": humans.language_problem(user.language, house.languages),
        "time_zone": humans.time_zone_problem(user.time_zone),
    }
    found = {name: [item] for name, item in problems.items() if item and name in names}
    found |= objections
    if found:
        raise Invalid(errors=found)
    if "roles" in names and not house.roles.issuperset(user.roles):
        raise RoleUnknown
