"""What accounts refuses.

::

    Conflict
    ├── EmailTaken            R4
    ├── TwoFactorNotBegun     R40
    ├── TwoFactorOff          R40
    ├── TooManyAccessTokens   R42
    ├── RoleNameTaken         R71
    ├── RoleInUse             R71
    ├── RoleHeldByTooMany
    ├── PluginBroken
    └── TenantExists
    Forbidden
    ├── CurrentPasswordWrong
    ├── NoSession
    ├── ResetTokenInvalid     R32
    └── TwoFactorCodeWrong    R40
    Refused
    ├── AccountNotYours       R72
    ├── OwnPasswordElsewhere
    ├── EmailElsewhere        R17
    ├── TwoFactorEnforced     R41
    ├── ScopeNotYours         R42
    ├── DefaultRoleStays      R70
    ├── CategoryFixed         R70
    ├── NoDefaultRole         R70
    └── LastAdmin             R16
    Invalid
    ├── ExpiryInvalid         R42
    ├── PasswordRefused       R30
    ├── PermissionUnknown     R71
    ├── PluginSettingsTooLarge
    ├── ReplacementUnknown    R71
    ├── TenantIdInvalid
    ├── WebhookEventUnknown
    └── WebhookUrlRefused
    Unauthenticated
    ├── AccessTokenRefused    R42
    ├── RefreshTokenInvalid
    ├── RefreshTokenReused
    ├── TwoFactorNeeded       R40
    └── SignInFailed          R22
    Unavailable
    └── TooBusy               R33
"""

from __future__ import annotations

from staffroll.errors import (
    Conflict,
    FieldError,
    Forbidden,
    Invalid,
    Refused,
    Stale,
    Unauthenticated,
    Unavailable,
)


class EmailTaken(Conflict):
    code = "email_taken"
    wording = "Somebody else in this organisation has this e-mail address already."

    def __init__(self) -> None:
        super().__init__(errors={"email": [FieldError(self.code, self.wording)]})


class TenantExists(Conflict):
    code = "tenant_exists"
    wording = "There is a tenant {tenant_id} already."


class PluginBroken(Conflict):
    code = "plugin_broken"
    wording = "The plugin {plugin} is installed, but does not work; its author must repair it."


class PluginSettingsTooLarge(Invalid):
    code = "plugin_settings_too_large"
    wording = "The settings of a plugin take at most {most} characters."


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


class TwoFactorNeeded(Unauthenticated):
    code = "two_factor_needed"
    wording = "The password is right. Send the code of your second factor with it."


class RefreshTokenInvalid(Unauthenticated):
    code = "refresh_token_invalid"
    wording = "This session has ended. Sign in again."


class RefreshTokenReused(Unauthenticated):
    code = "refresh_token_reused"
    wording = "This refresh token was used before, so its session has been ended. Sign in again."


class NoSession(Forbidden):
    code = "no_session"
    wording = "This token belongs to no running session. Sign in to do this."


class TooBusy(Unavailable):
    code = "too_busy"
    wording = "Too many are signing in at this very moment. Nothing was changed; try again soon."


class ChangedMeanwhile(Stale):
    code = "changed_meanwhile"
    wording = "A field was changed by somebody else since it was read."


class TwoFactorNotBegun(Conflict):
    code = "two_factor_not_begun"
    wording = "Begin to set up the second factor first."


class TwoFactorOff(Conflict):
    code = "two_factor_off"
    wording = "There is no second factor."


class TwoFactorEnforced(Refused):
    code = "two_factor_enforced"
    wording = "Your organisation demands a second factor."


class TwoFactorCodeWrong(Forbidden):
    code = "two_factor_code_wrong"
    wording = "This code is not the right one."


class TooManyAccessTokens(Conflict):
    code = "too_many_access_tokens"
    wording = "You have {most} personal access tokens already. Revoke one first."


class ExpiryInvalid(Invalid):
    code = "expiry_invalid"
    wording = "A personal access token is good until some time within the next year."

    def __init__(self) -> None:
        super().__init__(errors={"expires_at": [FieldError(self.code, self.wording)]})


class ScopeNotYours(Refused):
    code = "scope_not_yours"
    wording = "A token may do nothing that you may not do yourself."

    def __init__(self) -> None:
        super().__init__(errors={"scopes": [FieldError(self.code, self.wording)]})


class AccessTokenRefused(Unauthenticated):
    code = "access_token_refused"
    wording = "This personal access token is not good, or not any more."


class PasswordRefused(Invalid):
    code = "password_refused"
    wording = "This password is too easily guessed, too short or too long."


class ResetTokenInvalid(Forbidden):
    code = "reset_token_invalid"
    wording = "This link is not good, or not any more. Ask for a new one."


class OwnPasswordElsewhere(Refused):
    code = "own_password_elsewhere"
    wording = "Change your own password under /v1/me/password, where you enter the present one."


class EmailElsewhere(Refused):
    code = "email_elsewhere"
    wording = (
        "The e-mail address of somebody with admin access, and one's own, is changed in "
        "Account › Users, where the password is asked for once more."
    )

    def __init__(self) -> None:
        super().__init__(errors={"email": [FieldError(self.code, self.wording)]})


class CurrentPasswordWrong(Forbidden):
    code = "current_password_wrong"
    wording = "This is not your current password."


class AccountNotYours(Refused):
    code = "account_not_yours"
    wording = (
        "This person may do what you may not, so only somebody with as many rights can change "
        "what they sign in with."
    )


class RoleNameTaken(Conflict):
    code = "role_name_taken"
    wording = "Another role has this name."

    def __init__(self) -> None:
        super().__init__(errors={"name": [FieldError(self.code, self.wording)]})


class RoleInUse(Conflict):
    code = "role_in_use"
    wording = "Users have this role: {users}. Say what replaces it, or remove it from all of them."


class RoleHeldByTooMany(Conflict):
    code = "role_held_by_too_many"
    wording = (
        "This role has {users} users, and plugins are asked about each of at most {most}. "
        "Take it from some of them first, or switch off the plugins that check roles meanwhile."
    )


class DefaultRoleStays(Refused):
    code = "default_role_stays"
    wording = "A default role can be changed and reset, not deleted."


class CategoryFixed(Refused):
    code = "category_fixed"
    wording = "A default role stays in its category."


class NoDefaultRole(Refused):
    code = "no_default_role"
    wording = "Only a default role can be reset."


class PermissionUnknown(Invalid):
    code = "permission_unknown"
    wording = "There is no such permission."

    def __init__(self) -> None:
        super().__init__(errors={"permissions": [FieldError(self.code, self.wording)]})


class ReplacementUnknown(Invalid):
    code = "replacement_unknown"
    wording = "There is no such other role."

    def __init__(self) -> None:
        super().__init__(errors={"replace_with": [FieldError(self.code, self.wording)]})


class TooManyWebhooks(Conflict):
    code = "too_many_webhooks"
    wording = "Your organisation has {most} webhooks already. Delete one first."


class WebhookDisabled(Conflict):
    code = "webhook_disabled"
    wording = "This webhook is disabled. Enable it first."


class DeliveryNotKept(Conflict):
    code = "delivery_not_kept"
    wording = "What was sent then is not kept any more."


class WebhookEventUnknown(Invalid):
    code = "webhook_event_unknown"
    wording = "There is no such event that a webhook could be told of."

    def __init__(self) -> None:
        super().__init__(errors={"events": [FieldError(self.code, self.wording)]})


class WebhookUrlRefused(Invalid):
    code = "webhook_url_refused"
    wording = "Webhooks cannot lead to this URL."

    def __init__(self, problem: FieldError) -> None:
        super().__init__(errors={"url": [problem]})
