"""Webhooks as the docs have them: set up by curl, received in Python and in Node.js, beside the
running suite."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest
import requests

from tests.support.apart import Apart, Client, Process, free_ports
from tests.support.examples import example
from tests.support.node import NODE
from tests.support.waiting import eventually


class Receiving:
    """A receiver of the docs as a process; it prints what it takes."""

    def __init__(self, name: str, folder: Path, program: str) -> None:
        self.port = free_ports(1)[0]
        self.secret = ""
        self._folder = folder
        self._command = [program, name]
        self._process: Process | None = None
        (folder / name).write_text(example("webhooks.md", name))

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}/staffroll"

    def lines(self) -> list[str]:
        log = self._folder / "receiver.log"
        return log.read_text().splitlines() if log.exists() else []

    def start(self) -> None:
        environ = {"WEBHOOK_SECRET": self.secret, "PORT": str(self.port)}
        command = ["env", "-C", str(self._folder), *self._command]
        self._process = Process(command, environ, self._folder / "receiver.log")
        eventually(self._answers, timeout=30)

    def stop(self) -> None:
        if self._process is not None and self._process.is_running:
            self._process.kill()

    def refuses(self, **headers: str) -> bool:
        """Whether it takes nothing that is not ours."""
        answer = requests.post(self.url, data="{}", headers=headers, timeout=5)
        return answer.status_code == 401

    def _answers(self) -> bool:
        try:
            return self.refuses()
        except requests.ConnectionError:
            return False


@pytest.fixture
def receivers(tmp_path: Path) -> Iterator[list[Receiving]]:
    with ExitStack() as stack:
        found = []
        for name, program in (("receiver.py", sys.executable), ("receiver.mjs", NODE)):
            folder = tmp_path / name.partition(".")[2]
            folder.mkdir()
            found.append(Receiving(name, folder, program))
            stack.callback(found[-1].stop)
        yield found


def curl(acme: Client, name: str, **variables: str) -> list[Any]:
    """What the commands of the docs print, document by document."""
    environ = {"ACCOUNTS": acme.suite.url("accounts"), "TOKEN": acme.token, **variables}
    done = subprocess.run(
        ["bash", "-euc", example("webhooks.md", name)],
        env={"PATH": "/usr/bin:/bin", **environ},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return [json.loads(line) for line in done.stdout.splitlines()]


def test_receivers_of_the_docs_get_what_happens_and_what_happened_while_they_were_down(
    apart: Apart, receivers: list[Receiving]
) -> None:
    acme = apart.tenant()
    hooks = []
    for one in receivers:
        (made,) = curl(acme, "create.sh", URL=one.url)
        one.secret = made["secret"]
        hooks.append(made["id"])
        one.start()
        assert one.refuses(
            **{"webhook-id": "x", "webhook-timestamp": "1", "webhook-signature": "v1,x"}
        )

    created = make(acme, "people")
    for one in receivers:
        eventually(lambda one=one: f"user.created {created}" in one.lines(), 20)

    for one in receivers:
        one.stop()
    other = make(acme, "accounts")
    for hook in hooks:
        eventually(lambda hook=hook: tries(acme, hook, other), 20)
    for one in receivers:
        one.start()
    for one, hook in zip(receivers, hooks, strict=True):
        eventually(lambda one=one: f"user.created {other}" in one.lines(), 30)
        eventually(lambda hook=hook: delivered(acme, hook, other), 10)

        one.stop()
        one.start()
        (again,) = curl(acme, "redeliver.sh", ID=hook, DELIVERY=delivered(acme, hook, other)["id"])
        assert again["status"] == "waiting"
        eventually(lambda one=one: one.lines().count(f"user.created {other}") == 2, 20)

        curl(acme, "try.sh", ID=hook)
        eventually(lambda one=one, hook=hook: f"webhook.test {hook}" in one.lines(), 20)
        assert one.lines().count(f"user.created {created}") == 1


def make(acme: Client, place: str) -> str:
    """The id of somebody new."""
    body = {"first_name": "Ewa", "last_name": "Nowak", "email": f"{place}@acme.example"}
    created = acme.create(place, body)
    assert created.ok, created.text
    id_: str = created.json()["id"]
    return id_


def log(acme: Client, hook: str, user_id: str) -> list[dict[str, Any]]:
    response = acme.get("accounts", f"/v1/webhooks/{hook}/deliveries")
    assert response.status_code == 200, response.text
    return [one for one in response.json()["items"] if one["subject"] == user_id]


def tries(acme: Client, hook: str, user_id: str) -> list[dict[str, Any]]:
    """Failed ones."""
    return [try_ for one in log(acme, hook, user_id) for try_ in one["attempts"] if try_["error"]]


def delivered(acme: Client, hook: str, user_id: str) -> dict[str, Any]:
    """The creation of the user, once it has arrived."""
    (one,) = [one for one in log(acme, hook, user_id) if one["type"] == "user.created"]
    assert one["status"] == "delivered", one
    return one
