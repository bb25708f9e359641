"""What a change of what SCIM shows means for a user."""

from __future__ import annotations

from typing import Any

import pytest
from scim2_models import Context, InvalidValueException, MutabilityException, PatchOp

from staffroll_accounts.actions.provisioning import Changes
from staffroll_accounts.scim import mapping
from staffroll_accounts.scim.models import POLICY, User
from tests.unit.accounts.builders import a_user

LANGUAGES = ("en", "de", "pt-BR")
WORK = 'emails[type eq "work"].value'


def patched(*operations: dict[str, Any]) -> Changes:
    before = mapping.user_of(a_user(external_id="e"), {}, "http://here/scim/v2")
    after = before.model_copy(deep=True)
    body = {"schemas": [PatchOp.__schema__], "Operations": list(operations)}
    patch = PatchOp[User].model_validate(
        body, scim_ctx=Context.RESOURCE_PATCH_REQUEST, scim_policy=POLICY
    )
    patch.patch(after, POLICY)
    return mapping.changes_between(before, after, LANGUAGES)


@pytest.mark.parametrize(
    "operation, changes",
    [
        # As Entra ID sends it.
        ({"op": "Replace", "path": "active", "value": "False"}, Changes(active=False)),
        ({"op": "Replace", "path": "displayName", "value": "Bea"}, Changes()),
        (
            {"op": "Add", "path": "name.givenName", "value": "Bea"},
            Changes({"first_name": "Bea"}),
        ),
        (
            {"op": "Replace", "path": WORK, "value": "bea@x.example"},
            Changes({"email": "bea@x.example"}),
        ),
        ({"op": "Add", "path": 'phoneNumbers[type eq "work"].value', "value": "1"}, Changes()),
        (
            {
                "op": "Add",
                "path": "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User:department",
                "value": "Sales",
            },
            Changes(),
        ),
        ({"op": "Remove", "path": "externalId"}, Changes({"external_id": None})),
        # As Okta sends it.
        ({"op": "replace", "value": {"active": False}}, Changes(active=False)),
        (
            {"op": "replace", "value": {"name.familyName": "Li", "title": "Dr."}},
            Changes({"last_name": "Li"}),
        ),
        ({"op": "replace", "value": {"password": "new one"}}, Changes(password="new one")),
        # And otherwise.
        ({"op": "replace", "path": "USERNAME", "value": "b@x.example"}, Changes({"email": "b@x.example"})),
        ({"op": "replace", "path": "emails", "value": [{"value": "b@x.example"}]}, Changes({"email": "b@x.example"})),
        ({"op": "remove", "path": "name.givenName"}, Changes({"first_name": ""})),
        ({"op": "replace", "path": "preferredLanguage", "value": "de-AT"}, Changes({"language": "de"})),
        ({"op": "replace", "path": "preferredLanguage", "value": "fr"}, Changes()),
        ({"op": "replace", "path": "timezone", "value": "Asia/Tokyo"}, Changes({"time_zone": "Asia/Tokyo"})),
        ({"op": "replace", "path": "active", "value": True}, Changes()),
    ],
)  # fmt: skip
def test_an_operation_becomes_changes(operation: dict[str, Any], changes: Changes) -> None:
    assert patched(operation) == changes


def test_where_both_are_changed_the_user_name_is_the_e_mail() -> None:
    changes = patched(
        {"op": "replace", "path": WORK, "value": "mail@x.example"},
        {"op": "replace", "path": "userName", "value": "name@x.example"},
    )

    assert changes == Changes({"email": "name@x.example"})


@pytest.mark.parametrize("attribute", ["name", "emails", "active", "timezone", "preferredLanguage"])
def test_what_every_user_has_is_not_taken_away(attribute: str) -> None:
    with pytest.raises(MutabilityException):
        patched({"op": "remove", "path": attribute})


def test_what_a_replacement_leaves_out_stays_where_every_user_has_it() -> None:
    before = mapping.user_of(a_user(external_id="e"), {}, "")
    sent = User(user_name="b@x.example", name={"familyName": "Li"})  # type: ignore[arg-type]

    changes = mapping.changes_between(before, mapping.completed(sent, before), LANGUAGES)

    assert changes == Changes(
        {"email": "b@x.example", "last_name": "Li", "first_name": "", "external_id": None}
    )


@pytest.mark.parametrize(
    "asked, found",
    [
        ("de", "de"),
        ("de-AT", "de"),
        ("DE_at", "de"),
        ("pt-br", "pt-BR"),
        ("pt", None),
        ("fr", None),
        ("", None),
        (None, None),
        ("-", None),
    ],
)
def test_a_language_is_found_by_lookup(asked: str | None, found: str | None) -> None:
    assert mapping.offered(asked, LANGUAGES) == found


@pytest.mark.parametrize("sent", ["x" * 257, "a\x00b", "a\nb"])
def test_an_external_id_is_short_and_printable(sent: str) -> None:
    with pytest.raises(InvalidValueException):
        mapping.external_id(sent)
