"""R96: what the docs show, run as it stands there, through all services."""

from __future__ import annotations

import json
import subprocess
from datetime import UTC, datetime, timedelta
from typing import Any

import requests

from tests.support.apart import PASSWORD, PLACES, Apart, Client
from tests.support.examples import example
from tests.support.waiting import eventually


class Shell:
    """Runs the examples of the docs in a shell that has these variables."""

    def __init__(self, **variables: str) -> None:
        self.variables = variables

    def run(self, name: str) -> Any:
        """What the example prints."""
        done = subprocess.run(
            ["bash", "-euo", "pipefail", "-c", example("scim.md", name)],
            env={"PATH": "/usr/bin:/bin:/usr/local/bin", **self.variables},
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
        assert done.returncode == 0, done.stdout + done.stderr
        return json.loads(done.stdout) if done.stdout else None


def may_sign_in(acme: Client, email: str) -> bool:
    body = {"tenant": acme.tenant_id, "email": email, "password": PASSWORD}
    address = f"{acme.suite.url('accounts')}/v1/sign-in"
    return requests.post(address, json=body, timeout=40).status_code == 200


def test_r96_a_user_comes_leaves_returns_and_is_deleted_as_the_docs_show(apart: Apart) -> None:
    acme = apart.tenant()
    expires_at = (datetime.now(UTC) + timedelta(days=300)).isoformat()
    shell = Shell(ACCOUNTS=apart.url("accounts"), TOKEN=acme.token, EXPIRES=expires_at)
    shell.variables["SCIM_TOKEN"] = shell.run("token.sh")["token"]

    # It comes.
    marie = shell.run("create.sh")
    assert marie["preferredLanguage"] == "de"
    shell.variables["ID"] = id_ = marie["id"]
    for place in PLACES:
        assert eventually(lambda name=place: acme.sees(name, id_))["last_name"] == "Curie"
    password = {"password": PASSWORD}
    assert acme.request("PUT", "accounts", f"/v1/users/{id_}/password", json=password).ok
    assert may_sign_in(acme, "marie@acme.example")
    (found,) = shell.run("find.sh")["Resources"]
    assert (found["userName"], found["active"]) == ("marie@acme.example", True)

    # It leaves.
    assert shell.run("deactivate.sh")["active"] is False
    assert not may_sign_in(acme, "marie@acme.example")
    employee = eventually(lambda: _employee(acme, id_, "not_employed"))
    assert employee["leave_date"] is not None
    eventually(lambda: acme.get("accounts", f"/v1/users/{id_}").json()["status"] == "deactivated")

    # It returns.
    assert shell.run("reactivate.sh")["active"] is True
    eventually(lambda: may_sign_in(acme, "marie@acme.example"))
    assert _employee(acme, id_, "employed")

    # It is in a group, and not any more.
    group = shell.run("group.sh")
    assert [member["value"] for member in group["members"]] == [id_]
    shell.variables["GROUP"] = group["id"]
    assert group["id"] in acme.get("accounts", f"/v1/users/{id_}").json()["roles"]
    assert "members" not in shell.run("leave-group.sh")

    # It is deleted, by a token that may.
    scopes = ["accounts.scim:edit", "accounts.users:delete"]
    body = {"name": "Deleting", "scopes": scopes, "expires_at": expires_at}
    shell.variables["SCIM_TOKEN"] = acme.post("accounts", "/v1/me/tokens", json=body).json()[
        "token"
    ]
    shell.run("delete.sh")
    for place in PLACES:
        eventually(lambda name=place: acme.sees(name, id_) is None)


def _employee(acme: Client, id_: str, status: str) -> dict[str, Any] | None:
    employee: dict[str, Any] = acme.get("scheduling", f"/v1/employees/{id_}").json()
    return employee if employee["status"] == status else None
