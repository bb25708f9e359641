"""What accounts refuses.

::

    Conflict
    ├── EmailTaken            R4
    └── TenantExists
    Refused
    └── LastAdmin             R16
    Invalid
    └── TenantIdInvalid
    Unauthenticated
    └── SignInFailed          R22
"""

from __future__ import annotations

from staffroll.errors import Conflict, FieldError, Invalid, Refused, Stale, Unauthenticated


class EmailTaken(Conflict):
    code = "email_taken"
    wording = "Somebody else in this organisation has this e-mail address already."

    def __init__(self) -> None:
        super().__init__(errors={"email": [FieldError(self.code, self.wording)]})


class TenantExists(Conflict):
    code = "tenant_exists"
    wording = "There is a tenant {tenant_id} already."


class TenantIdInvalid(Invalid):
    code = "tenant_id_invalid"
    wording = (
        "A tenant's id has 3 to 40 lower-case letters, digits and hyphens, beginning with a letter."
    )


class LastAdmin(Refused):
    code = "last_admin"
    wording = "This is the last admin. Grant admin access to somebody else first."


class SignInFailed(Unauthenticated):
    code = "sign_in_failed"
    wording = "Organisation, e-mail and password do not go together."


class ChangedMeanwhile(Stale):
    code = "changed_meanwhile"
    wording = "A field was changed by somebody else since it was read."
