"""What messages carry: one dataclass and schema for each kind of payload.

Readers are tolerant: a field they do not know is no error, so that a sibling may be
a version ahead. Fields marked ``personal`` never outlive the person: a deleted
user's event has none of them.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date
from typing import Any, TypeVar

from marshmallow import EXCLUDE, Schema, fields, post_load, validate

from staffroll.ids import TENANT_PATTERN, UUID_PATTERN

T = TypeVar("T")


def _personal(**metadata: object) -> dict[str, object]:
    return {"personal": True, **metadata}


class Payload(Schema):
    """A tolerant schema that loads into `target`."""

    target: type[Any]

    class Meta:
        unknown = EXCLUDE

    @post_load
    def _build(self, data: dict[str, Any], **_: object) -> object:
        return self.target(**data)


def _id(**kwargs: Any) -> fields.String:
    return fields.String(validate=validate.Regexp(UUID_PATTERN), **kwargs)


@dataclass(frozen=True, slots=True)
class UserState:
    """A user as accounts publishes them, whole, after every change.

    Attributes:
        status: ``active``, ``deactivated`` or ``deleted``; of a deleted one, only this,
            the counters and the moment of creation are told.
        roles: Ids of roles.
        locked: After failed sign-ins; does not change the status.
        token_generation: Access tokens of a smaller one are void.
        created_at: RFC 3339, UTC.
        created_in: The service where the human was created.
        applied_requests: The newest requests this state already contains.
        changed: Names of the fields that changed with this version.
    """

    status: str
    token_generation: int
    created_at: str
    created_in: str
    first_name: str = ""
    last_name: str = ""
    email: str = ""
    language: str = ""
    time_zone: str = ""
    roles: list[str] = field(default_factory=list)
    is_admin: bool = False
    locked: bool = False
    applied_requests: list[str] = field(default_factory=list)
    changed: list[str] = field(default_factory=list)


class UserStateSchema(Payload):
    target = UserState
    status = fields.String(
        required=True, validate=validate.OneOf(["active", "deactivated", "deleted"])
    )
    token_generation = fields.Integer(required=True, strict=True)
    created_at = fields.String(required=True)
    created_in = fields.String(required=True)
    first_name = fields.String(metadata=_personal())
    last_name = fields.String(metadata=_personal())
    email = fields.String(metadata=_personal())
    language = fields.String()
    time_zone = fields.String()
    roles = fields.List(fields.String())
    is_admin = fields.Boolean()
    locked = fields.Boolean()
    applied_requests = fields.List(fields.String())
    changed = fields.List(fields.String())


@dataclass(frozen=True, slots=True)
class UserErased:
    """One service has erased what it knew of a deleted user.

    Attributes:
        service: Who says so.
    """

    service: str


class UserErasedSchema(Payload):
    target = UserErased
    service = fields.String(required=True)


@dataclass(frozen=True, slots=True)
class EmployeeState:
    """An employee as scheduling publishes them.

    Attributes:
        status: ``employed``, ``not_employed`` or ``deleted``.
        join_date: First day of the newest membership, None where there is none.
        leave_date: First day without it, None while it is open.
        future_shifts: How many shifts lie ahead.
        answered_wish: The number of the newest wish of accounts (`MembershipChangeWish`) that
            this state takes into account; 0 before the first.
    """

    status: str
    personnel_number: str = ""
    join_date: date | None = None
    leave_date: date | None = None
    planning_units: list[str] = field(default_factory=list)
    future_shifts: int = 0
    answered_wish: int = 0
    changed: list[str] = field(default_factory=list)


class EmployeeStateSchema(Payload):
    target = EmployeeState
    status = fields.String(
        required=True, validate=validate.OneOf(["employed", "not_employed", "deleted"])
    )
    personnel_number = fields.String(metadata=_personal())
    join_date = fields.Date(allow_none=True)
    leave_date = fields.Date(allow_none=True)
    planning_units = fields.List(fields.String())
    future_shifts = fields.Integer()
    answered_wish = fields.Integer()
    changed = fields.List(fields.String())


@dataclass(frozen=True, slots=True)
class PersonState:
    """A person as people publishes them: what others may show.

    Attributes:
        status: ``known`` or ``deleted``.
    """

    status: str
    title: str = ""
    middle_name: str = ""
    business_phone: str = ""
    changed: list[str] = field(default_factory=list)


class PersonStateSchema(Payload):
    target = PersonState
    status = fields.String(required=True, validate=validate.OneOf(["known", "deleted"]))
    title = fields.String(metadata=_personal())
    middle_name = fields.String(metadata=_personal())
    business_phone = fields.String(metadata=_personal())
    changed = fields.List(fields.String())


@dataclass(frozen=True, slots=True)
class RoleState:
    """A role as accounts publishes it.

    Attributes:
        category: One of the six of the product, or ``other``.
        permissions: ``<service>.<thing>:<read|edit|delete>``.
        planning_units: Ids of those that it reaches; None: all.
    """

    name: str
    category: str
    permissions: list[str] = field(default_factory=list)
    abbreviation: str = ""
    description: str = ""
    is_default: bool = False
    is_deleted: bool = False
    planning_units: list[str] | None = None


class RoleStateSchema(Payload):
    target = RoleState
    name = fields.String(required=True)
    category = fields.String(required=True)
    permissions = fields.List(fields.String())
    abbreviation = fields.String()
    description = fields.String()
    is_default = fields.Boolean()
    is_deleted = fields.Boolean()
    planning_units = fields.List(fields.String(), allow_none=True)


@dataclass(frozen=True, slots=True)
class TenantState:
    """A tenant as accounts publishes it.

    Attributes:
        status: ``active``, ``suspended`` or ``deleted``.
        languages: What the tenant offers, the default first.
        plugins: Settings of the enabled plugins by name.
        enforce_two_factor: All users must have a second factor.
    """

    name: str
    status: str
    languages: list[str]
    time_zone: str
    plugins: dict[str, Any] = field(default_factory=dict)
    enforce_two_factor: bool = False


class TenantStateSchema(Payload):
    target = TenantState
    name = fields.String(required=True)
    status = fields.String(
        required=True, validate=validate.OneOf(["active", "suspended", "deleted"])
    )
    languages = fields.List(fields.String(), required=True, validate=validate.Length(min=1))
    time_zone = fields.String(required=True)
    plugins = fields.Dict(keys=fields.String(), values=fields.Raw(allow_none=True))
    enforce_two_factor = fields.Boolean()


@dataclass(frozen=True, slots=True)
class SigningKeys:
    """The public keys that access tokens may be signed with (a JWK set, RFC 7517)."""

    keys: list[dict[str, Any]]


class SigningKeysSchema(Payload):
    target = SigningKeys
    keys = fields.List(
        fields.Dict(keys=fields.String(), values=fields.Raw(allow_none=True)), required=True
    )


@dataclass(frozen=True, slots=True)
class UserWish:
    """The wish for a new user, under the id that the event's subject gives.

    Attributes:
        attempt: 1, then one more each time the corrected wish is sent again.
        active: False where the membership begins later.
        roles: Role ids; None for the default of the creating place.
    """

    attempt: int
    last_name: str
    email: str
    first_name: str = ""
    language: str | None = None
    time_zone: str | None = None
    roles: list[str] | None = None
    active: bool = True


class UserWishSchema(Payload):
    target = UserWish
    attempt = fields.Integer(required=True, strict=True, validate=validate.Range(min=1))
    last_name = fields.String(required=True, metadata=_personal())
    email = fields.String(required=True, metadata=_personal())
    first_name = fields.String(metadata=_personal())
    language = fields.String(allow_none=True)
    time_zone = fields.String(allow_none=True)
    roles = fields.List(fields.String(), allow_none=True)
    active = fields.Boolean()


@dataclass(frozen=True, slots=True)
class UserChangeWish:
    """The wish to change fields that accounts owns.

    Attributes:
        attempt: As in `UserWish`.
        base_version: The version of the user that the editor saw.
        fields: New values by name, of first_name, last_name, email, language, time_zone.
    """

    attempt: int
    base_version: int
    fields: dict[str, str]


class UserChangeWishSchema(Payload):
    target = UserChangeWish
    attempt = fields.Integer(required=True, strict=True, validate=validate.Range(min=1))
    base_version = fields.Integer(required=True, strict=True)
    fields_ = fields.Dict(
        keys=fields.String(),
        values=fields.String(),
        required=True,
        data_key="fields",
        attribute="fields",
        metadata=_personal(),
    )


@dataclass(frozen=True, slots=True)
class DeletionWish:
    """The wish to delete the user that the event's subject names."""

    confirm: str


class DeletionWishSchema(Payload):
    target = DeletionWish
    confirm = _id(required=True)


@dataclass(frozen=True, slots=True)
class MembershipChangeWish:
    """The wish that a staff membership of the user that the event's subject names runs from
    today on, or ends today and leaves the shifts as they are.

    The event's ``sequence`` numbers the wishes about one user: the newest is obeyed, and
    answered by the ``answered_wish`` of the employee's state.
    """

    active: bool


class MembershipChangeWishSchema(Payload):
    target = MembershipChangeWish
    active = fields.Boolean(required=True)


@dataclass(frozen=True, slots=True)
class RequestRejected:
    """The owner refuses a request; nothing was changed.

    Attributes:
        attempt: The attempt that is refused.
        code: Stable reason, such as ``email_taken``.
        detail: A sentence in English.
        errors: Codes and sentences by field.
    """

    attempt: int
    code: str
    detail: str
    errors: dict[str, list[dict[str, str]]] = field(default_factory=dict)


class RequestRejectedSchema(Payload):
    target = RequestRejected
    attempt = fields.Integer(required=True, strict=True)
    code = fields.String(required=True)
    detail = fields.String(required=True)
    errors = fields.Dict(
        keys=fields.String(),
        values=fields.List(fields.Dict(keys=fields.String(), values=fields.String())),
    )


@dataclass(frozen=True, slots=True)
class SnapshotWish:
    """The wish that an owner tells all of its objects again.

    Attributes:
        queue: Where to send them; the asker declared it.
        tenant_id: Only this tenant's; None for all.
        subjects: Only these ids; empty for all.
    """

    queue: str
    tenant_id: str | None = None
    subjects: list[str] = field(default_factory=list)


class SnapshotWishSchema(Payload):
    target = SnapshotWish
    queue = fields.String(required=True)
    tenant_id = fields.String(allow_none=True, validate=validate.Regexp(TENANT_PATTERN))
    subjects = fields.List(fields.String())


@dataclass(frozen=True, slots=True)
class SnapshotDone:
    """An owner has told all it was asked for, `sent` objects."""

    sent: int


class SnapshotDoneSchema(Payload):
    target = SnapshotDone
    sent = fields.Integer(required=True)
