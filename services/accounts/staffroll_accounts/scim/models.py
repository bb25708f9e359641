"""Users and groups in the form of RFC 7643: what of it we have, and how we take it.

The library does the grammar of filters and PATCH paths, case and projections; here stands
what is ours. Attributes that we do not have are ignored, since identity providers send many.
"""

from __future__ import annotations

from typing import Annotated, Any, ClassVar, Final

from pydantic import Field
from scim2_models import (
    URN,
    AttributeBinding,
    AuthenticationScheme,
    Bulk,
    CaseExact,
    ChangePassword,
    ComplexAttribute,
    ETag,
    External,
    Filter,
    Mutability,
    Patch,
    Reference,
    Required,
    Resource,
    ResourceType,
    Returned,
    Schema,
    ScimPolicy,
    ServiceProviderConfig,
    Sort,
    Uniqueness,
    default_comparison_key,
)

from staffroll.search import email_key

MOST_RESULTS: Final = 200
"""Of one answer to a query."""

SPECIFICATION: Final = "https://www.rfc-editor.org/rfc/rfc6750"

_ALWAYS_THERE: Final = frozenset(
    {"userName", "name", "familyName", "emails", "preferredLanguage", "timezone", "active"}
)
_SHOWN_ONLY: Final = frozenset({"displayName"})
_EMAILS: Final = frozenset({("user_name", None), ("emails", "value")})


class Name(ComplexAttribute):
    family_name: str | None = None
    """The last name."""

    given_name: str | None = None
    """The first name."""


class Email(ComplexAttribute):
    value: str | None = None
    """The e-mail address: the same as userName."""

    type: str | None = Field(None, examples=["work"])
    """Always work: there is one address."""

    primary: bool | None = None
    """Always true: there is one address."""


class Membership(ComplexAttribute):
    value: Annotated[str | None, Mutability.read_only, CaseExact.true] = None
    """The id of the group."""

    ref: Annotated[Reference[Any] | None, Mutability.read_only] = Field(
        None, serialization_alias="$ref", validation_alias="$ref"
    )
    """Where the group is."""

    display: Annotated[str | None, Mutability.read_only] = None
    """The name of the group."""


class User(Resource[Any]):
    """A user."""

    __schema__ = URN("urn:ietf:params:scim:schemas:core:2.0:User")

    user_name: Annotated[str | None, Uniqueness.server, Required.true] = None
    """The e-mail address, with which users sign in."""

    name: Name | None = None
    """The names."""

    Name: ClassVar[type[ComplexAttribute]] = Name

    display_name: str | None = None
    """Both names, as they are shown."""

    preferred_language: str | None = None
    """A language that the organisation offers; its default where another is asked for."""

    timezone: str | None = None
    """An IANA name, such as Europe/Berlin; left out at creation, the organisation's."""

    active: bool | None = None
    """False ends the staff membership today, and access at once; true begins a new one."""

    password: Annotated[str | None, Mutability.write_only, Returned.never, CaseExact.true] = None
    """Sets the password; it is never told."""

    emails: list[Email] | None = None
    """The e-mail address, once more."""

    Emails: ClassVar[type[ComplexAttribute]] = Email

    groups: Annotated[list[Membership] | None, Mutability.read_only] = None
    """The roles that the user has; changed at the groups."""

    Groups: ClassVar[type[ComplexAttribute]] = Membership


class Member(ComplexAttribute):
    value: Annotated[str | None, Mutability.immutable, CaseExact.true] = None
    """The id of the user."""

    ref: Annotated[Reference[User] | None, Mutability.immutable] = Field(
        None, serialization_alias="$ref", validation_alias="$ref"
    )
    """Where the user is."""

    type: Annotated[str | None, Mutability.immutable] = Field(None, examples=["User"])
    """Always User: groups have no groups in them."""


class Group(Resource[Any]):
    """A role."""

    __schema__ = URN("urn:ietf:params:scim:schemas:core:2.0:Group")

    display_name: Annotated[str | None, Required.true, Uniqueness.server] = None
    """The name of the role."""

    members: list[Member] | None = None
    """The users who have it."""

    Members: ClassVar[type[ComplexAttribute]] = Member


def _comparable(binding: AttributeBinding, value: str) -> str:
    """E-mail addresses are compared as everywhere (R4)."""
    if (binding.field_name, binding.sub_field_name) in _EMAILS:
        return email_key(value)
    return default_comparison_key(binding, value)


POLICY: Final = ScimPolicy(
    unknown=ScimPolicy.Unknown.ignore,
    remove_value_as_filter=ScimPolicy.RemoveValue.apply,
    unmatched_path_filter=ScimPolicy.UnmatchedPathFilter.create,
    comparison_key=_comparable,
)
"""As Entra ID needs it, which is not always as the standard has it."""


def config() -> ServiceProviderConfig:
    """What of the protocol there is."""
    return ServiceProviderConfig(
        patch=Patch(supported=True),
        bulk=Bulk(supported=False, max_operations=0, max_payload_size=0),
        filter=Filter(supported=True, max_results=MOST_RESULTS),
        change_password=ChangePassword(supported=True),
        sort=Sort(supported=False),
        etag=ETag(supported=True),
        authentication_schemes=[
            AuthenticationScheme(
                type=AuthenticationScheme.Type.oauthbearertoken,
                name="Personal access token",
                description="A personal access token of Staffroll, sent as a bearer token.",
                spec_uri=Reference[External](SPECIFICATION),
                primary=True,
            )
        ],
    )


def resource_types() -> list[ResourceType]:
    return [ResourceType.from_resource(User), ResourceType.from_resource(Group)]


def schemas() -> list[Schema]:
    """The schemas of what there is.

    They are stricter than we are: what every user has is required, so that nobody tries to
    take it away, and what is made of the names is read-only; creating somebody without the
    one, or sending the other, does no harm all the same.
    """
    found = [User.to_schema(), Group.to_schema()]
    for attribute in found[0].attributes or ():
        for one in (attribute, *(attribute.sub_attributes or ())):
            if one.name in _ALWAYS_THERE:
                one.required = True
            if one.name in _SHOWN_ONLY:
                one.mutability = Mutability.read_only
    return found
