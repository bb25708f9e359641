"""What whoever runs the suite sees of it: metrics of all processes, and what the doctor says."""

from __future__ import annotations

import json
import os
import re
import secrets
import signal
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import requests
import yaml
from click.testing import CliRunner

from staffroll import bus
from staffroll.bus import Message
from staffroll.cli import main
from staffroll.events import Event
from staffroll.ids import new_id
from tests.support.apart import PLACES, SERVICES, Apart, Client, Process, free_ports
from tests.support.waiting import eventually

ROOT = Path(__file__).parents[3]
_OURS = re.compile(r"\b(?:staffroll|plugin)_\w+")


@pytest.fixture(scope="module")
def acme(apart: Apart) -> Client:
    return apart.tenant()


def create_somebody(client: Client) -> str:
    unique = secrets.token_hex(4)
    body = {"first_name": "Ada", "last_name": f"Seen-{unique}", "email": f"{unique}@acme.example"}
    answer = client.create("accounts", body)
    assert answer.status_code == 201, answer.text
    id_: str = answer.json()["id"]
    return id_


def everybody_knows(client: Client, id_: str) -> None:
    for place in PLACES:
        eventually(lambda name=place: client.sees(name, id_), timeout=30)


def metrics_at(url: str) -> str:
    answer = requests.get(f"{url}/metrics", timeout=40)
    assert answer.status_code == 200, answer.text
    return answer.text


def sample(text: str, name: str, **labels: str) -> float:
    """The value of the one sample that has these labels; 0 where there is none."""
    for line in text.splitlines():
        if line.startswith((f"{name}{{", f"{name} ")) and all(
            f'{label}="{value}"' in line for label, value in labels.items()
        ):
            return float(line.rpartition(" ")[2])
    return 0.0


def doctor(apart: Apart, **environ: str) -> tuple[int, list[dict[str, Any]]]:
    """In this process, which has imported everything already."""
    done = CliRunner(env={**apart.environ, **environ}).invoke(main, ["doctor", "--json"])
    assert not done.stderr, done.stderr
    return done.exit_code, json.loads(done.stdout)["findings"]


def unwell(findings: list[dict[str, Any]]) -> dict[str, dict[str, Any]]:
    # How full the disks of whoever runs the tests are, is not our subject.
    return {
        f"{one['about']}: {one['check']}": one
        for one in findings
        if one["level"] != "well" and one["about"] != "disk"
    }


def test_how_long_news_takes_is_seen_at_the_consumers_of_the_followers(
    apart: Apart, acme: Client
) -> None:
    name, labels = "staffroll_sync_delay_seconds", {"service": "people", "source": "accounts"}
    before = metrics_at(apart.probes("people"))

    everybody_knows(acme, create_somebody(acme))

    def counted() -> bool:
        after = metrics_at(apart.probes("people"))
        return sample(after, f"{name}_count", **labels) > sample(before, f"{name}_count", **labels)

    eventually(counted)
    after = metrics_at(apart.probes("people"))
    seconds = sample(after, f"{name}_sum", **labels) - sample(before, f"{name}_sum", **labels)
    assert 0 < seconds < 30


@pytest.mark.parametrize("service", SERVICES)
def test_every_process_tells_how_it_stands_in_database_and_broker(
    apart: Apart, service: str
) -> None:
    for url in (apart.url(service), apart.probes(service)):
        told = metrics_at(url)

        assert sample(told, "staffroll_database_up", service=service) == 1
        assert sample(told, "staffroll_broker_up", service=service) == 1
        queue = f"{service}.events"
        assert sample(told, "staffroll_queue_consumers", service=service, queue=queue) >= 1
        assert f'staffroll_dead_letters{{service="{service}"}}' in told


def test_a_consumer_answers_probes(apart: Apart) -> None:
    ready = requests.get(f"{apart.probes('scheduling')}/readyz", timeout=40)

    assert ready.status_code == 200
    assert ready.json()["checks"] == {"scheduling": {"database": "ok", "queues": "ok"}}
    assert requests.get(f"{apart.probes('scheduling')}/healthz", timeout=40).status_code == 200
    assert requests.get(f"{apart.probes('scheduling')}/v1/users", timeout=40).status_code == 404


def test_dashboard_and_alerts_ask_for_nothing_that_no_process_exposes(apart: Apart) -> None:
    told = metrics_at(apart.url("accounts")) + metrics_at(apart.probes("accounts"))
    exposed = set()
    for name, kind in re.findall(r"^# TYPE (\S+) (\S+)$", told, re.MULTILINE):
        ends = ("_bucket", "_count", "_sum") if kind == "histogram" else ("",)
        exposed |= {name + end for end in ends}

    asked = set(_OURS.findall("\n".join(expressions())))

    assert len(asked) > 10
    assert asked - exposed == set()


def expressions() -> Iterator[str]:
    alerts = yaml.safe_load((ROOT / "deploy/prometheus/alerts.yml").read_text())
    for group in alerts["groups"]:
        yield from (rule["expr"] for rule in group["rules"])
    for board in (ROOT / "deploy/grafana").glob("*.json"):
        for panel in json.loads(board.read_text())["panels"]:
            yield from (target["expr"] for target in panel.get("targets", ()))


def test_metrics_of_all_workers_of_a_server_are_added_up(apart: Apart, tmp_path: Path) -> None:
    name, labels = "staffroll_http_requests_total", {"route": "/healthz", "status": "200"}
    (port,) = free_ports(1)
    url = f"http://127.0.0.1:{port}"
    command = [sys.executable, "-m", "staffroll.cli", "serve", "export"]
    command += ["--bind", f"127.0.0.1:{port}", "--workers", "2"]
    environ = {**apart.environ, "TMPDIR": str(tmp_path)}
    server = Process(command, environ, tmp_path / "log")
    try:
        eventually(lambda: answers(url), timeout=60)

        for _ in range(20):
            assert answers(url)

        asked = {sample(metrics_at(url), name, **labels) for _ in range(10)}
        assert asked == {21.0}
        ended = workers_of(server)[0]
        os.kill(ended, signal.SIGTERM)
        eventually(lambda: ended not in workers_of(server), timeout=30)
        assert sample(metrics_at(url), name, **labels) == 21
    finally:
        server.stop()
    assert not list(tmp_path.glob("staffroll-metrics-*"))


def workers_of(server: Process) -> list[int]:
    children = Path(f"/proc/{server.pid}/task/{server.pid}/children").read_text()
    return [int(pid) for pid in children.split()]


def answers(url: str) -> bool:
    try:
        return requests.get(f"{url}/healthz", timeout=40).status_code == 200
    except requests.ConnectionError:
        return False


def test_the_doctor_is_content_with_a_suite_that_is_well(apart: Apart, acme: Client) -> None:
    everybody_knows(acme, create_somebody(acme))

    code, findings = doctor(apart)

    assert unwell(findings) == {}
    assert (code == 0) == all(one["level"] == "well" for one in findings)
    assert {"well", "warning"} >= {one["level"] for one in findings if one["about"] != "disk"}


def test_the_doctor_names_dead_letters_and_what_to_do_about_them(apart: Apart) -> None:
    broken = Event("user.erased", "people", "acme", new_id(), 1, {"no": "service"})
    broker = bus.connect(apart.environ["STAFFROLL_BROKER_URL"], prefix=apart.prefix)
    broker.publish([Message.direct(broken, "accounts.events")])
    letters = broker.dead_letters("accounts")
    eventually(lambda: letters.count() == 1)

    try:
        code, findings = doctor(apart)
        told = metrics_at(apart.probes("accounts"))
    finally:
        letters.drop()

    found = unwell(findings)["accounts: dead letters"]
    assert code == 2
    assert found["says"] == "1 message could not be applied."
    assert "staffroll dead-letters list --service accounts" in found["remedy"]["do"]
    assert 'staffroll_messages_total{outcome="invalid_data"' in told


def test_the_doctor_names_a_broker_and_services_that_do_not_answer(apart: Apart) -> None:
    code, findings = doctor(
        apart,
        STAFFROLL_BROKER_URL="amqp://guest:guest@127.0.0.1:1/",
        STAFFROLL_URL_PEOPLE="http://127.0.0.1:1",
    )

    found = unwell(findings)
    assert code == 2
    assert set(found) == {"broker: reachable", "people: answers"}
    assert "STAFFROLL_BROKER_URL" in found["broker: reachable"]["remedy"]["do"]
    assert "staffroll serve people" in found["people: answers"]["remedy"]["do"]
