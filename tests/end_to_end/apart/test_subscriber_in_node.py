"""The example in Node.js: what it makes of our messages, and how it behaves on a real broker."""

from __future__ import annotations

import itertools
import json
import os
import shutil
import subprocess
from collections.abc import Sequence
from pathlib import Path

import playwright
import pytest

from staffroll.events import Event
from staffroll.subscribe import Subscriber
from staffroll.subscribe.testing import a_user_event, happens
from tests.support.apart import Apart, Process
from tests.support.examples import example
from tests.support.leaving import leaves
from tests.support.rabbitmq import RabbitNode
from tests.support.waiting import eventually

NODE = shutil.which("node") or str(Path(playwright.__file__).parent / "driver" / "node")

STAND_IN = """
import { readFileSync } from "node:fs";

const say = (...call) => console.log(JSON.stringify(call));
const channel = {
  assertQueue: async (...call) => say("assertQueue", ...call),
  bindQueue: async (...call) => say("bindQueue", ...call),
  prefetch: async (count) => say("prefetch", count),
  ack: (message) => say("ack", message.number),
  publish: (exchange, key, content, { type }) =>
    say("publish", exchange, key, type, JSON.parse(content).data),
  consume: async (queue, onMessage) => {
    const bodies = readFileSync("messages.txt", "utf8").trim().split("\\n");
    bodies.forEach((body, number) => onMessage({ number, content: Buffer.from(body) }));
  },
};
export default { connect: async () => ({ createChannel: async () => channel }) };
"""


def with_stand_in(folder: Path, events: Sequence[Event]) -> list[str]:
    """What the example prints when it hears the events through a stand-in for its client."""
    package = folder / "node_modules" / "amqplib"
    package.mkdir(parents=True)
    (package / "package.json").write_text('{"type": "module", "exports": "./index.js"}')
    (package / "index.js").write_text(STAND_IN)
    (folder / "payroll.mjs").write_text(example("events.md", "payroll.mjs"))
    (folder / "messages.txt").write_text("\n".join(event.to_json() for event in events))
    done = subprocess.run(
        [NODE, "payroll.mjs"],
        cwd=folder,
        env={"BROKER_PREFIX": "test-"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.splitlines()


def test_f7_the_example_in_node_sees_the_same_as_ours_in_any_order(tmp_path: Path) -> None:
    states = [
        {"status": "active"},
        {"status": "deactivated"},
        {"status": "active", "last_name": "Schmidt"},
        {"status": "deactivated", "last_name": "Schmidt"},
    ]
    orders = list(itertools.permutations(enumerate(states, start=2)))
    events = [
        a_user_event(version, subject=f"user-{number}", **state)
        for number, order in enumerate(orders)
        for version, state in (*order, order[0], (6, {"status": "deleted"}), (9, states[0]))
    ]
    ours = Subscriber("payroll", "amqp://127.0.0.1:1")
    told: list[str] = []
    ours.on("user.deactivated")(
        lambda event, user: told.append(f"stop paying {event.subject} {user.email}")
    )
    ours.on("user.deleted")(lambda event, _user: told.append(f"forget {event.subject}"))

    said = with_stand_in(tmp_path, events)

    happens(ours, *events)
    assert [line for line in said if not line.startswith("[")] == told
    assert [line for line in said if line.startswith('["ack"')] == [
        f'["ack",{number}]' for number in range(len(events))
    ]


def test_the_example_in_node_has_a_queue_of_its_own_and_asks_for_what_is_there(
    tmp_path: Path,
) -> None:
    erased = Event("user.erased", "people", "acme", "u", 99, {"service": "people"})

    said = [json.loads(line) for line in with_stand_in(tmp_path, [erased])]

    queue = "test-payroll-js.events"
    options = {"durable": True, "arguments": {"x-queue-type": "quorum"}}
    assert said == [
        ["assertQueue", queue, options],
        ["bindQueue", queue, "test-staffroll.events", "*.user.#"],
        ["prefetch", 50],
        ["ack", 0],
        [
            *("publish", "test-staffroll.requests", "accounts", "snapshot.requested"),
            {"queue": "payroll-js.events"},
        ],
    ]


@pytest.mark.long
def test_the_example_in_node_hears_who_was_and_who_is_deactivated(
    apart: Apart, rabbitmq: RabbitNode, tmp_path: Path
) -> None:
    acme = apart.tenant()
    before, _ = leaves(acme)
    eventually(lambda: acme.sees("accounts", before)["status"] == "deactivated")
    (tmp_path / "payroll.mjs").write_text(example("events.md", "payroll.mjs"))
    npm = shutil.which("npm")
    assert npm, "npm is missing: install Node.js"
    subprocess.run([npm, "install", "--silent", "amqplib"], cwd=tmp_path, check=True)
    environ = {**os.environ, "BROKER_URL": rabbitmq.url, "BROKER_PREFIX": apart.prefix}
    log = tmp_path / "payroll.log"
    payroll = Process([NODE, str(tmp_path / "payroll.mjs")], environ, log)
    try:
        eventually(lambda: f"stop paying {before}" in log.read_text())

        now, email = leaves(acme)

        eventually(lambda: f"stop paying {now} {email}" in log.read_text())
        assert log.read_text().count(before) == 1
    finally:
        payroll.kill()
