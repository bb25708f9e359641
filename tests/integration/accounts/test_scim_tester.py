"""A checker of the standard's makers (scim2-tester) finds nothing against `/scim/v2`."""

from __future__ import annotations

import random
import uuid
from collections import UserList
from typing import Any

from tests.support.accounts import Tenant
from tests.support.scim import a_token


class _Addresses(UserList[str]):
    """Of which one that is chosen at random is always another."""

    def __getitem__(self, _: Any) -> Any:
        return f"{uuid.uuid4()}@x.example"


def _with_good_values(model: Any) -> None:
    """What the checker invents is no e-mail address, language or time zone."""
    examples = {
        "user_name": _Addresses([""]),
        "preferred_language": ["de", "en"],
        "timezone": ["Asia/Kathmandu", "Europe/Berlin"],
    }
    for name, values in examples.items():
        model.model_fields[name].examples = values
    email = model.get_field_root_type("emails")
    email.model_fields["primary"].examples = [True]
    email.model_fields["value"].examples = _Addresses([""])


def test_the_checker_of_the_standard_finds_nothing(tenant: Tenant) -> None:
    # Only here: it takes a second, which every process would spend that looks for tests.
    from scim2_client.engines.wsgi import WSGISCIMClient
    from scim2_tester import Status, check_server

    random.seed(7)
    client = WSGISCIMClient(
        tenant.accounts.app,
        "http://localhost/scim/v2",
        {"Authorization": f"Bearer {a_token(tenant)}"},
    )
    client.discover()
    _with_good_values(client.provider.model_for("User"))

    results = check_server(client)

    fine = {Status.SUCCESS, Status.COMPLIANT, Status.ACCEPTABLE, Status.SKIPPED}
    assert [f"{one.title}: {one.reason}" for one in results if one.status not in fine] == []
    skipped = [f"{one.title}: {one.reason}" for one in results if one.status is Status.SKIPPED]
    assert len(results) - len(skipped) > 50, skipped
