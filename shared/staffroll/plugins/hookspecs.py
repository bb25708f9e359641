"""Every hook that a plugin may implement.

An implementation names those arguments that it wants; arguments may be added here, never
taken away. `settings` is what the plugin's own schema loaded from what the tenant filled
in, or an empty mapping without a schema.

What a hook raises never reaches the tenant's users as it is: a check that fails refuses
the change (``plugin_failed``), an export that fails breaks off. All calls are timed; over
100 ms is logged.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from marshmallow import Schema

from staffroll.plugins.facts import (
    Candidate,
    Description,
    ExportFormat,
    NewUser,
    Objection,
    RoleChange,
    Text,
)
from staffroll.plugins.markers import hookspec


@hookspec
def describe_plugin() -> Description:  # type: ignore[empty-body]
    """What people call the plugin, and what it does, in their languages.

    Called once, in every service that has the plugin installed. Without it, the technical
    name and the description of the distribution say so.

    Raising, or anything but a `Description`: the plugin is broken and left out.
    """


@hookspec
def settings_schema() -> type[Schema]:  # type: ignore[empty-body]
    """The settings of the plugin; forms, validation and docs are made from it.

    Called once, in every service that has the plugin installed. A field whose metadata says
    ``{"secret": True}`` is kept encrypted and never shown again; it must be a single value,
    and not stand within another field. ``title`` and ``description`` in the metadata are shown
    to people, as are ``labels`` for the choices of a `OneOf`, by value: a text each, or one by
    language.

    Raising, or anything but a marshmallow schema: the plugin is broken and left out.
    """


@hookspec
def check_password(candidate: Candidate, settings: Any) -> Sequence[Objection]:  # type: ignore[empty-body]
    """What speaks against a password; nothing where it is good.

    Called by accounts wherever a password is set, after the baseline of every tenant
    (R30), for each plugin that the tenant has enabled; a person is told all objections at
    once. In the midst of a request: be quick, and do not ask the network.

    Raising or returning anything else: the password is not set, 503 ``plugin_failed``.
    """


@hookspec
def describe_password_policy(settings: Any) -> Sequence[Text]:  # type: ignore[empty-body]
    """Sentences that a person reads beside the password field before typing.

    Called by accounts for each page or answer that describes the policy.

    Raising: the sentences of this plugin are missing, and it is logged.
    """


@hookspec
def check_roles(change: RoleChange, settings: Any) -> Sequence[Objection]:  # type: ignore[empty-body]
    """What speaks against roles or admin access somebody is about to have.

    Called by accounts whenever they change: on creation, edits, grants, and when a deleted
    role is replaced. The rules of the product (R16, R72) come first and cannot be softened.

    Raising or returning anything else: nothing is changed, 503 ``plugin_failed``.
    """


@hookspec
def default_roles(user: NewUser, settings: Any) -> Sequence[str]:  # type: ignore[empty-body]
    """Ids of roles that a new user gets besides those named or given by the place.

    Called by accounts at a creation, before `check_roles`.

    Raising, or a role that does not exist: the user is not created, 503 ``plugin_failed``.
    """


@hookspec
def export_formats() -> Sequence[ExportFormat]:  # type: ignore[empty-body]
    """Forms in which the user list can be downloaded, besides the product's own ``csv``.

    Called once, by export. A format is offered to tenants that have enabled the plugin, and
    its ``write`` gets the tenant's settings.

    Raising, or a name that is taken (``csv`` is): the plugin is broken and left out. Where
    ``write`` raises, leaves rows unread or writes nothing of them, nobody gets a file: 503
    ``plugin_failed``, or, once it has begun, a download that breaks off; a job fails with
    ``format_failed``.
    """
