"""What the audit trail says, in words: a sentence for each action, a name for each field."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from staffroll.web.pages import lazy_gettext

SIGN_INS: Final = "sign-ins"
PASSWORDS: Final = "passwords"
SECOND_FACTOR: Final = "second-factor"
USERS: Final = "users"
ROLES: Final = "roles"
ORGANISATION: Final = "organisation"
OUTSIDE: Final = "outside"

GROUPS: Final[Mapping[str, object]] = {
    SIGN_INS: lazy_gettext("Signing in and out"),
    PASSWORDS: lazy_gettext("Passwords"),
    SECOND_FACTOR: lazy_gettext("Two-factor authentication"),
    USERS: lazy_gettext("Users"),
    ROLES: lazy_gettext("Roles"),
    ORGANISATION: lazy_gettext("Organisation and plugins"),
    OUTSIDE: lazy_gettext("Access tokens, webhooks and imports"),
}
"""What actions are about; also a filter of the list."""


@dataclass(frozen=True, slots=True)
class Happening:
    """How an action reads.

    Attributes:
        name: For choosing it from a list.
        sentence: With ``%(who)s`` for the actor, ``%(whom)s`` for the subject and ``%(what)s``
            for what was noted besides.
        own: The sentence where actor and subject are the same.
        icon: One of Bootstrap's.
        is_bad: Whoever watches the trail looks for these.
    """

    group: str
    icon: str
    name: object
    sentence: object
    own: object | None = None
    is_bad: bool = False


HAPPENINGS: Final[Mapping[str, Happening]] = {
    "sign-in.succeeded": Happening(
        SIGN_INS,
        "box-arrow-in-right",
        lazy_gettext("Signed in"),
        lazy_gettext("%(who)s signed in."),
    ),
    "sign-in.failed": Happening(
        SIGN_INS,
        "exclamation-triangle",
        lazy_gettext("Sign-in failed"),
        lazy_gettext("Somebody tried to sign in as %(whom)s, with a wrong password or code."),
        lazy_gettext("%(who)s entered a wrong password or code."),
        is_bad=True,
    ),
    "user.locked": Happening(
        SIGN_INS,
        "lock",
        lazy_gettext("Locked"),
        lazy_gettext("%(whom)s was locked, after too many wrong passwords or codes."),
        is_bad=True,
    ),
    "user.unlocked": Happening(
        SIGN_INS,
        "unlock",
        lazy_gettext("Unlocked"),
        lazy_gettext("%(who)s unlocked %(whom)s."),
    ),
    "session.signed-out": Happening(
        SIGN_INS,
        "box-arrow-right",
        lazy_gettext("Signed out"),
        lazy_gettext("%(who)s signed out."),
    ),
    "session.ended": Happening(
        SIGN_INS,
        "box-arrow-right",
        lazy_gettext("Signed out of one device"),
        lazy_gettext("%(who)s signed out of one of their devices."),
    ),
    "sessions.ended": Happening(
        SIGN_INS,
        "box-arrow-right",
        lazy_gettext("Signed out everywhere"),
        lazy_gettext("%(who)s signed %(whom)s out everywhere."),
        lazy_gettext("%(who)s signed out everywhere."),
    ),
    "session.reuse-detected": Happening(
        SIGN_INS,
        "exclamation-triangle",
        lazy_gettext("Session ended for safety"),
        lazy_gettext(
            "A session of %(whom)s was ended for safety: an old token of it came again, as when "
            "it was stolen."
        ),
        is_bad=True,
    ),
    "password.set": Happening(
        PASSWORDS,
        "key",
        lazy_gettext("Password set by somebody else"),
        lazy_gettext("%(who)s set a new password for %(whom)s."),
    ),
    "password.changed": Happening(
        PASSWORDS,
        "key",
        lazy_gettext("Password changed"),
        lazy_gettext("%(who)s changed their password."),
    ),
    "password.reset-requested": Happening(
        PASSWORDS,
        "envelope",
        lazy_gettext("Link for a new password asked for"),
        lazy_gettext("A link to set a new password was mailed to %(whom)s."),
    ),
    "password.reset": Happening(
        PASSWORDS,
        "key",
        lazy_gettext("Password set by link"),
        lazy_gettext("%(whom)s set a password by the link from a mail."),
    ),
    "two-factor.enabled": Happening(
        SECOND_FACTOR,
        "shield-check",
        lazy_gettext("Second factor set up"),
        lazy_gettext("%(who)s set up a second factor."),
    ),
    "two-factor.disabled": Happening(
        SECOND_FACTOR,
        "shield-x",
        lazy_gettext("Second factor switched off"),
        lazy_gettext("%(who)s switched their second factor off."),
    ),
    "two-factor.recovery-codes-renewed": Happening(
        SECOND_FACTOR,
        "shield-check",
        lazy_gettext("Recovery codes renewed"),
        lazy_gettext("%(who)s made new recovery codes."),
    ),
    "two-factor.enforced": Happening(
        SECOND_FACTOR,
        "shield-lock",
        lazy_gettext("Second factor enforced"),
        lazy_gettext("%(who)s enforced a second factor for %(whom)s."),
        lazy_gettext("%(who)s enforced a second factor for their own account."),
    ),
    "two-factor.released": Happening(
        SECOND_FACTOR,
        "shield",
        lazy_gettext("Second factor no longer enforced"),
        lazy_gettext("%(who)s stopped enforcing a second factor for %(whom)s."),
        lazy_gettext("%(who)s stopped enforcing a second factor for their own account."),
    ),
    "two-factor.reset": Happening(
        SECOND_FACTOR,
        "shield-x",
        lazy_gettext("Second factor reset"),
        lazy_gettext("%(who)s reset the second factor of %(whom)s."),
    ),
    "user.created": Happening(
        USERS,
        "person-plus",
        lazy_gettext("User created"),
        lazy_gettext("%(who)s created %(whom)s."),
    ),
    "user.updated": Happening(
        USERS,
        "person-gear",
        lazy_gettext("User changed"),
        lazy_gettext("%(who)s changed %(whom)s."),
        lazy_gettext("%(who)s changed their own data."),
    ),
    "user.invited": Happening(
        USERS,
        "envelope",
        lazy_gettext("User invited"),
        lazy_gettext("%(who)s invited %(whom)s to set a password."),
    ),
    "membership.change-requested": Happening(
        USERS,
        "person-gear",
        lazy_gettext("Staff membership changed from outside"),
        lazy_gettext("%(who)s asked WFM to change the staff membership of %(whom)s."),
    ),
    "user.deactivated": Happening(
        USERS,
        "person-dash",
        lazy_gettext("User deactivated"),
        lazy_gettext("%(who)s deactivated %(whom)s."),
    ),
    "user.reactivated": Happening(
        USERS,
        "person-check",
        lazy_gettext("User reactivated"),
        lazy_gettext("%(who)s reactivated %(whom)s."),
    ),
    "user.deleted": Happening(
        USERS,
        "person-x",
        lazy_gettext("User deleted"),
        lazy_gettext("%(who)s deleted %(whom)s."),
    ),
    "user.restored": Happening(
        USERS,
        "arrow-counterclockwise",
        lazy_gettext("User put right after a restore"),
        lazy_gettext("%(whom)s was put right, after a backup had been restored."),
    ),
    "mail.given-up": Happening(
        USERS,
        "envelope-x",
        lazy_gettext("Mail not delivered"),
        lazy_gettext("A mail to %(whom)s could not be delivered."),
        is_bad=True,
    ),
    "role.created": Happening(
        ROLES,
        "person-badge",
        lazy_gettext("Role created"),
        lazy_gettext("%(who)s created the role %(whom)s."),
    ),
    "role.updated": Happening(
        ROLES,
        "person-badge",
        lazy_gettext("Role changed"),
        lazy_gettext("%(who)s changed the role %(whom)s."),
    ),
    "role.deleted": Happening(
        ROLES,
        "person-badge",
        lazy_gettext("Role deleted"),
        lazy_gettext("%(who)s deleted the role %(whom)s."),
    ),
    "tenant.updated": Happening(
        ORGANISATION,
        "building-gear",
        lazy_gettext("Settings of the organisation changed"),
        lazy_gettext("%(who)s changed settings of the organisation."),
    ),
    "tenant.suspended": Happening(
        ORGANISATION,
        "building-lock",
        lazy_gettext("Organisation suspended"),
        lazy_gettext("%(who)s suspended the organisation: nobody could sign in."),
    ),
    "tenant.resumed": Happening(
        ORGANISATION,
        "building-check",
        lazy_gettext("Organisation resumed"),
        lazy_gettext("%(who)s resumed the organisation: everybody could sign in again."),
    ),
    "tenant.restored": Happening(
        ORGANISATION,
        "arrow-counterclockwise",
        lazy_gettext("Organisation put right after a restore"),
        lazy_gettext("The organisation was put right, after a backup had been restored."),
    ),
    "plugin.switched-on": Happening(
        ORGANISATION,
        "plug",
        lazy_gettext("Plugin switched on"),
        lazy_gettext("%(who)s switched the plugin %(what)s on."),
    ),
    "plugin.changed": Happening(
        ORGANISATION,
        "plug",
        lazy_gettext("Plugin set up anew"),
        lazy_gettext("%(who)s changed the settings of the plugin %(what)s."),
    ),
    "plugin.switched-off": Happening(
        ORGANISATION,
        "plug",
        lazy_gettext("Plugin switched off"),
        lazy_gettext("%(who)s switched the plugin %(what)s off."),
    ),
    "access-token.created": Happening(
        OUTSIDE,
        "key",
        lazy_gettext("Access token made"),
        lazy_gettext("%(who)s made a personal access token."),
    ),
    "access-token.used": Happening(
        OUTSIDE,
        "key",
        lazy_gettext("Access token used"),
        lazy_gettext("%(who)s used a personal access token (noted once an hour)."),
    ),
    "access-token.revoked": Happening(
        OUTSIDE,
        "key",
        lazy_gettext("Access token revoked"),
        lazy_gettext("%(who)s revoked a personal access token."),
    ),
    "webhook.created": Happening(
        OUTSIDE,
        "send",
        lazy_gettext("Webhook set up"),
        lazy_gettext("%(who)s set up the webhook %(whom)s."),
    ),
    "webhook.updated": Happening(
        OUTSIDE,
        "send",
        lazy_gettext("Webhook changed"),
        lazy_gettext("%(who)s changed the webhook %(whom)s."),
    ),
    "webhook.secret-rotated": Happening(
        OUTSIDE,
        "send",
        lazy_gettext("Secret of a webhook renewed"),
        lazy_gettext("%(who)s renewed the secret of the webhook %(whom)s."),
    ),
    "webhook.disabled": Happening(
        OUTSIDE,
        "send-x",
        lazy_gettext("Webhook disabled"),
        lazy_gettext("The webhook %(whom)s was disabled: %(what)s."),
        is_bad=True,
    ),
    "webhook.deleted": Happening(
        OUTSIDE,
        "send-x",
        lazy_gettext("Webhook deleted"),
        lazy_gettext("%(who)s deleted the webhook %(whom)s."),
    ),
    "import.started": Happening(
        OUTSIDE,
        "file-earmark-arrow-up",
        lazy_gettext("Import started"),
        lazy_gettext("%(who)s started an import of users from a file."),
    ),
}

_UNKNOWN: Final = lazy_gettext("%(who)s did something to %(whom)s.")

FIELDS: Final[Mapping[str, object]] = {
    "last_name": lazy_gettext("Last name"),
    "first_name": lazy_gettext("First name"),
    "email": lazy_gettext("E-mail address"),
    "language": lazy_gettext("Language"),
    "time_zone": lazy_gettext("Time zone"),
    "roles": lazy_gettext("User roles"),
    "is_admin": lazy_gettext("Admin access"),
    "external_id": lazy_gettext("Id of the provisioning client"),
    "status": lazy_gettext("Status"),
    "locked": lazy_gettext("Lock"),
    "name": lazy_gettext("Name"),
    "languages": lazy_gettext("Languages"),
    "password_min_length": lazy_gettext("Password length"),
    "enforce_two_factor": lazy_gettext("Two-factor for all"),
    "abbreviation": lazy_gettext("Abbreviation"),
    "description": lazy_gettext("Description"),
    "category": lazy_gettext("Category"),
    "permissions": lazy_gettext("Permissions"),
    "planning_units": lazy_gettext("Planning units"),
    "url": lazy_gettext("Address"),
    "events": lazy_gettext("Events"),
    "is_enabled": lazy_gettext("On or off"),
}

REASONS: Final[Mapping[str, object]] = {
    "by_hand": lazy_gettext("by hand"),
    "failing": lazy_gettext("it had failed for days"),
    "gone": lazy_gettext("its receiver said that it is gone"),
    "too_many_waiting": lazy_gettext("too much waited for it"),
}
"""Why webhooks are disabled."""


def happening(action: str) -> Happening:
    """How an action reads; one that has no words yet is shown by its name."""
    return HAPPENINGS.get(action) or Happening(OUTSIDE, "dot", action, _UNKNOWN)


def actions_of(group: str) -> tuple[str, ...]:
    """All actions that are about this."""
    return tuple(name for name, one in HAPPENINGS.items() if one.group == group)


def field_name(name: str) -> Any:
    """What people call a field; its own name where nobody does."""
    return FIELDS.get(name, name)
