"""Plugins of strangers on a running suite, well-behaved and not; each tenant has its own."""

from __future__ import annotations

import json
import re
import shutil
import textwrap
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import pytest
import requests

from staffroll.local import Mongod
from tests.support.apart import Apart, Client
from tests.support.examples import DOCS, example
from tests.support.rabbitmq import RabbitNode
from tests.support.waiting import eventually

SERVICES: Final = ("accounts", "export")
LASTING: Final = "staffroll_strangers"
"""A distribution with the plugin of the tutorial, two more good ones, and several bad ones."""

PASSING: Final = "staffroll_passing"
"""A distribution that is uninstalled while it is switched on."""

MODULES: Final = {
    "acme_policy": example("plugins.md", "staffroll_acme_policy.py"),
    "words": """
        from marshmallow import Schema, fields
        from staffroll.plugins import Objection, hookimpl

        class Settings(Schema):
            word = fields.String(required=True)

        @hookimpl
        def settings_schema():
            return Settings

        @hookimpl
        def check_password(candidate, settings):
            found = settings["word"] in candidate.password
            return [Objection("word", f"Without {settings['word']}.")] if found else []
    """,
    "shape": """
        from marshmallow import Schema, fields
        from staffroll.plugins import ExportFormat, hookimpl

        class Settings(Schema):
            head = fields.String(required=True)

        def write(rows, out, settings):
            out.write(settings["head"].encode())
            for row in rows:
                out.write(row.email.encode())

        @hookimpl
        def settings_schema():
            return Settings

        @hookimpl
        def export_formats():
            return [ExportFormat("shape", "Shape", "text/plain", "txt", write)]
    """,
    "raises": """
        from staffroll.plugins import hookimpl

        @hookimpl
        def check_password(candidate):
            raise RuntimeError(candidate.password)
    """,
    "hangs": """
        import time
        from staffroll.plugins import hookimpl

        @hookimpl
        def check_password(candidate):
            time.sleep(1)
            return []
    """,
    "babbles": """
        from staffroll.plugins import hookimpl

        @hookimpl
        def check_roles(change):
            return ["no", 42]
    """,
    "tears": """
        from staffroll.plugins import ExportFormat, hookimpl

        def write(rows, out, settings):
            for row in rows:
                out.write(b"x" * 200_000)
                raise RuntimeError(row.email)

        @hookimpl
        def export_formats():
            return [ExportFormat("torn", "Torn", "text/plain", "txt", write)]
    """,
    "miscalled": """
        from staffroll.plugins import hookimpl

        @hookimpl
        def check_password(candidate, colour):
            return []
    """,
    "misspelt": """
        from staffroll.plugins import hookimpl

        @hookimpl
        def check_pasword(candidate):
            return []
    """,
    "unimportable": "import nothing_of_this_name",
}
GOES: Final = {
    "goes": """
        from staffroll.plugins import ExportFormat, hookimpl

        def write(rows, out, settings):
            for row in rows:
                out.write(row.email.encode())

        @hookimpl
        def check_password(candidate):
            return []

        @hookimpl
        def export_formats():
            return [ExportFormat("gone", "Gone", "text/plain", "txt", write)]
    """,
}
BROKEN: Final = {
    "miscalled": "colour",
    "misspelt": "check_pasword",
    "unimportable": "ModuleNotFound",
}


def install(folder: Path, distribution: str, modules: dict[str, str]) -> None:
    """As pip would, in a folder that is on the path of the suite's processes."""
    metadata = folder / f"{distribution}-1.0.dist-info"
    metadata.mkdir()
    (metadata / "METADATA").write_text(
        f"Metadata-Version: 2.1\nName: {distribution}\nVersion: 1.0\nSummary: Strange\n"
    )
    entries = [f"{name} = {distribution}_{name}\n" for name in modules]
    (metadata / "entry_points.txt").write_text("".join(["[staffroll.plugins]\n", *entries]))
    for name, code in modules.items():
        (folder / f"{distribution}_{name}.py").write_text(textwrap.dedent(code))


def uninstall(folder: Path, distribution: str) -> None:
    shutil.rmtree(folder / f"{distribution}-1.0.dist-info")


class Strangers:
    """Accounts and export with plugins of strangers installed."""

    def __init__(self, suite: Apart, folder: Path) -> None:
        self.suite = suite
        self._folder = folder
        install(folder, LASTING, MODULES)
        install(folder, PASSING, GOES)
        suite.environ["PYTHONPATH"] = f"{folder}:{suite.environ.get('PYTHONPATH', '')}"

    def start(self) -> None:
        for service in SERVICES:
            self.suite.start(service, "consume")
        self._serve()

    def restart_web_without(self, distribution: str) -> None:
        uninstall(self._folder, distribution)
        for service in SERVICES:
            self.suite.stop(service, "serve")
        self._serve()

    def _serve(self) -> None:
        self.suite.start("accounts", "serve", 2)
        self.suite.start("export", "serve")
        self.suite.wait_until_ready(*SERVICES)

    def tenant(self) -> Client:
        """A fresh tenant, known to export."""
        tenant = self.suite.tenant_in_accounts()
        eventually(lambda: tenant.is_known_to("export"), timeout=30)
        return tenant

    def logged(self, service: str, event: str) -> list[dict[str, Any]]:
        """Lines of the service's web processes about an event."""
        lines = (self.suite.folder / f"{service}-serve.log").read_text().splitlines()
        return [json.loads(line) for line in lines if f'"{event}"' in line]


@pytest.fixture(scope="module")
def strangers(
    mongod: Mongod, rabbitmq: RabbitNode, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Strangers]:
    suite = Apart(mongod.uri, rabbitmq.url, tmp_path_factory.mktemp("strangers"))
    try:
        running = Strangers(suite, tmp_path_factory.mktemp("installed"))
        running.start()
        yield running
    finally:
        suite.close()


@pytest.fixture(scope="module")
def other(strangers: Strangers) -> Client:
    """A tenant beside `tenant`."""
    return strangers.tenant()


@pytest.fixture(scope="module")
def shared_tenant(strangers: Strangers) -> Client:
    return strangers.tenant()


@pytest.fixture
def tenant(shared_tenant: Client) -> Iterator[Client]:
    """With nothing switched on."""
    yield shared_tenant
    for name, (state, _) in states(shared_tenant).items():
        if state in {"on", "missing"}:
            shared_tenant.delete("accounts", f"/v1/plugins/{name}")


def switch_on(tenant: Client, name: str, **settings: Any) -> None:
    done = tenant.request("PUT", "accounts", f"/v1/plugins/{name}", json={"settings": settings})
    assert done.status_code == 200, done.text


def states(tenant: Client) -> dict[str, tuple[str, str | None]]:
    """State and reason of each plugin."""
    listed = tenant.get("accounts", "/v1/plugins").json()["items"]
    return {one["name"]: (one["state"], one["reason"]) for one in listed}


def created(tenant: Client, **fields: Any) -> requests.Response:
    """The answer to a wish for a new user."""
    number = time.monotonic_ns()
    user = {"last_name": "Nowak", "first_name": "Ada", "email": f"u{number}@a.example", **fields}
    return tenant.create("accounts", user)


def exported(tenant: Client, name: str, **options: Any) -> requests.Response:
    return tenant.get("export", "/v1/users/export", params={"format": name}, **options)


def refusal(answer: requests.Response) -> tuple[int, str]:
    return answer.status_code, answer.json()["code"]


def test_two_tenants_have_different_policies_at_the_same_moment(
    tenant: Client, other: Client
) -> None:
    switch_on(tenant, "words", word="rocket")
    switch_on(other, "words", word="anvil")
    rocket, anvil = "a rocket of ours 17", "an anvil of ours 17"

    said = {
        (name, password): created(one, password=password)
        for name, one in (("tenant", tenant), ("other", other))
        for password in (rocket, anvil)
    }

    refused = {key for key, answer in said.items() if answer.status_code != 201}
    assert refused == {("tenant", rocket), ("other", anvil)}
    (objection,) = said["tenant", rocket].json()["errors"]["password"]
    assert (objection["code"], objection["detail"]) == ("words.word", "Without rocket.")


def test_the_plugin_of_the_tutorial_is_switched_on_as_it_says(tenant: Client) -> None:
    page = (DOCS / "plugins.md").read_text()
    shown = re.search(r"^PUT (\S+)\n(\{.*\})$", page, re.MULTILINE)
    assert shown

    done = tenant.request("PUT", "accounts", shown[1], json=json.loads(shown[2]))

    assert done.json()["state"] == "on", done.text
    refused = created(tenant, last_name="Kowalska", password="kowalska's anvil and rocket")
    objections = refused.json()["errors"]["password"]
    assert [(one["code"], one["detail"]) for one in objections] == [
        ("acme_policy.product", "No anvil, please."),
        ("acme_policy.product", "No rocket, please."),
        ("acme_policy.own_name", "Not your name."),
    ]


def test_what_cannot_be_used_is_left_out_and_named(strangers: Strangers, tenant: Client) -> None:
    seen = states(tenant)

    for name, why in BROKEN.items():
        state, reason = seen[name]
        assert state == "broken"
        assert why in str(reason)
        refused = tenant.request("PUT", "accounts", f"/v1/plugins/{name}", json={"settings": {}})
        assert refused.status_code == 409
    assert seen["words"] == ("off", None)
    for service in SERVICES:
        ready = requests.get(f"{strangers.suite.url(service)}/readyz", timeout=5)
        assert ready.status_code == 200
        assert all(name in ready.text for name in BROKEN)


def test_a_check_that_raises_refuses_with_its_name_and_tells_nothing_else(
    strangers: Strangers, tenant: Client
) -> None:
    switch_on(tenant, "raises")
    password = "a secret that nobody knows 17"

    answer = created(tenant, password=password)

    assert refusal(answer) == (503, "plugin_failed")
    assert "raises" in answer.json()["detail"]
    assert created(tenant).status_code == 201
    (line, *_) = strangers.logged("accounts", "plugin_failed")
    assert (line["plugin"], line["hook"]) == ("raises", "check_password")
    logs = "".join(path.read_text() for path in strangers.suite.folder.glob("*.log"))
    assert password not in logs


def test_a_check_that_says_nonsense_refuses(strangers: Strangers, tenant: Client) -> None:
    switch_on(tenant, "babbles")
    role = tenant.get("accounts", "/v1/roles").json()["items"][0]["id"]

    assert refusal(created(tenant, roles=[role])) == (503, "plugin_failed")
    assert strangers.logged("accounts", "plugin_gave_nonsense")


def test_a_check_that_hangs_for_a_second_is_heard_and_logged(
    strangers: Strangers, tenant: Client
) -> None:
    switch_on(tenant, "hangs")

    answer = created(tenant, password="a sentence of no account 17")

    assert answer.status_code == 201
    (line,) = strangers.logged("accounts", "plugin_slow")
    assert (line["plugin"], line["hook"]) == ("hangs", "check_password")
    assert line["seconds"] >= 1


def test_changed_settings_are_in_force_everywhere_within_the_time_of_an_event(
    tenant: Client,
) -> None:
    switch_on(tenant, "words", word="anvil")
    switch_on(tenant, "shape", head="old ")
    eventually(lambda: exported(tenant, "shape").text.startswith("old "))

    switch_on(tenant, "words", word="rocket")
    switch_on(tenant, "shape", head="new ")

    eventually(lambda: exported(tenant, "shape").text.startswith("new "), timeout=5)
    for _ in range(8):  # whichever worker answers
        assert created(tenant, password="a rocket of ours 17").status_code == 422
    assert created(tenant, password="an anvil of ours 17").status_code == 201


def test_a_format_that_raises_in_the_middle_leaves_no_file_that_looks_whole(
    tenant: Client,
) -> None:
    switch_on(tenant, "tears")
    switch_on(tenant, "shape", head="")
    eventually(lambda: exported(tenant, "shape").status_code == 200)

    with exported(tenant, "torn", stream=True) as answer:
        assert answer.status_code == 200
        with pytest.raises(requests.exceptions.ChunkedEncodingError):
            answer.content  # noqa: B018 - reads the body

    started = tenant.post("export", "/v1/exports", json={"format": "torn"})
    assert started.status_code == 202, started.text
    path = f"/v1/exports/{started.json()['id']}"
    job = eventually(
        lambda: (seen := tenant.get("export", path).json())["state"] == "failed" and seen, 30
    )
    assert job["failure"]["code"] == "format_failed"
    assert "tears" in job["failure"]["detail"]
    assert tenant.get("export", f"{path}/file").status_code == 404
    assert tenant.email in exported(tenant, "shape").text


@pytest.mark.long
def test_what_is_uninstalled_while_switched_on_is_missing_and_only_its_format_is_gone(
    strangers: Strangers, tenant: Client, other: Client
) -> None:
    switch_on(other, "words", word="anvil")
    switch_on(tenant, "goes")
    switch_on(tenant, "shape", head="")
    password = "a sentence of no account 17"
    eventually(lambda: exported(tenant, "gone").status_code == 200)
    assert created(tenant, password=password).status_code == 201

    strangers.restart_web_without(PASSING)

    assert states(tenant)["goes"] == ("missing", None)
    assert refusal(created(tenant, password=password)) == (503, "plugin_missing")
    assert refusal(exported(tenant, "gone")) == (409, "format_missing")
    assert tenant.email in exported(tenant, "shape").text
    assert tenant.email in exported(tenant, "csv").text
    assert created(other, password=password).status_code == 201
    assert tenant.delete("accounts", "/v1/plugins/goes").status_code == 204
    assert created(tenant, password=password).status_code == 201
