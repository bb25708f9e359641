"""`docker-compose.yml` as far as it can be judged where there is no Docker engine."""

from __future__ import annotations

import importlib.resources
import json
import re
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import jsonschema_rs
import pytest
import yaml

from staffroll.service import installed
from tests.support.deployed import SERVICES, known_variables, refuses

ROOT = Path(__file__).parents[3]
OURS = [*SERVICES, *(f"{service}-consumer" for service in SERVICES), "staffroll"]


@pytest.fixture(scope="module")
def compose() -> dict[str, Any]:
    loaded: dict[str, Any] = yaml.safe_load((ROOT / "docker-compose.yml").read_text())
    return loaded


def test_it_is_what_compose_understands(compose: dict[str, Any]) -> None:
    vendored = importlib.resources.files("check_jsonschema") / "builtin_schemas" / "vendor"
    schema = json.loads((vendored / "compose-spec.json").read_text())
    wrong = jsonschema_rs.validator_for(schema).iter_errors(compose)

    assert [f"{'.'.join(map(str, one.instance_path))}: {one.message}" for one in wrong] == []


@pytest.mark.parametrize("service", SERVICES)
def test_each_service_serves_and_consumes_in_containers_of_its_own(
    compose: dict[str, Any], service: str
) -> None:
    serve = compose["services"][service]
    consume = compose["services"][f"{service}-consumer"]

    assert serve["build"]["dockerfile"] == f"services/{service}/Dockerfile"
    assert consume["command"] == ["consume", "all"]
    for role in (serve, consume):
        assert role["image"] == f"staffroll-{service}"
        assert role["environment"]["STAFFROLL_BROKER_URL"].startswith("amqp://")
        assert role["healthcheck"]["test"][0] == "CMD"


@pytest.mark.parametrize("name", OURS)
def test_our_containers_may_no_more_than_they_need(compose: dict[str, Any], name: str) -> None:
    container = compose["services"][name]

    assert container["read_only"] is True
    assert container["tmpfs"] == ["/tmp"]
    assert container["cap_drop"] == ["ALL"]
    assert container["security_opt"] == ["no-new-privileges:true"]
    assert container["networks"] == ["inside"]


@pytest.mark.parametrize("name", OURS)
def test_every_command_and_setting_exists(compose: dict[str, Any], name: str) -> None:
    container = compose["services"][name]
    ours = {one for one in container["environment"] if one.startswith("STAFFROLL_")}

    assert ours - known_variables() == set()
    assert not refuses(container["command"])


def test_only_loopback_sees_published_ports(compose: dict[str, Any]) -> None:
    published = [port for one in compose["services"].values() for port in one.get("ports", ())]

    assert published
    assert all(port.startswith("127.0.0.1:") for port in published)


def test_no_secret_has_a_default_and_make_env_makes_all(
    compose: dict[str, Any], tmp_path: Path
) -> None:
    (tmp_path / "tools").mkdir()
    script = tmp_path / "tools" / "secrets.sh"
    script.write_text((ROOT / "tools" / "secrets.sh").read_text())
    (tmp_path / ".env").write_text("RABBITMQ_PASSWORD=chosen\n")

    subprocess.run(["sh", script], check=True, capture_output=True)

    lines = (tmp_path / ".env").read_text().splitlines()
    made = dict(line.split("=", 1) for line in lines)
    asked = set(re.findall(r"\$\{(\w+)", (ROOT / "docker-compose.yml").read_text()))
    assert asked == set(made)
    assert made.pop("RABBITMQ_PASSWORD") == "chosen"
    assert all(re.fullmatch("[0-9a-f]{64}", secret) for secret in made.values())
    assert len(set(made.values())) == len(made)
    assert (tmp_path / ".env").stat().st_mode & 0o077 == 0
    for text in _texts(compose):
        assert all(default == ":?run make env" for default in re.findall(r"\$\{\w+(.*?)\}", text))


def test_databases_are_not_reachable_from_outside(compose: dict[str, Any]) -> None:
    assert compose["networks"]["inside"]["internal"] is True
    assert compose["services"]["mongo"]["networks"] == ["inside"]


def test_what_it_depends_on_is_there(compose: dict[str, Any]) -> None:
    for one in compose["services"].values():
        for name, wanted in one.get("depends_on", {}).items():
            assert wanted == {"condition": "service_healthy"}
            assert "healthcheck" in compose["services"][name]
        for mounted in one.get("volumes", ()):
            source = mounted.partition(":")[0]
            assert (ROOT / source).exists() if source.startswith(".") else True
        for config in one.get("configs", ()):
            assert config["source"] in compose["configs"]


def test_the_origin_keeps_to_itself_what_is_for_who_watches(compose: dict[str, Any]) -> None:
    origin = compose["configs"]["origin"]["content"]
    kept = re.search(r"\(inside\) \{\n *@inside path (.*)\n *respond @inside 404\n\}", origin)
    led = re.findall(r"handle (\S+) \{\n((?: {4}.*\n)+) {2}\}", origin)

    assert kept is not None
    assert set(kept[1].split()) == {"*/metrics", "*/readyz"}
    # Without the slash, /accountmetrics would be taken for the /metrics of accounts.
    assert {path: body.split() for path, body in led} == {
        f"{installed()[name].mount}/*": ["import", "inside", "reverse_proxy", f"{name}:8000"]
        for name in SERVICES
    }


def test_our_own_ask_each_other_directly(compose: dict[str, Any]) -> None:
    asked = {
        (key.removeprefix("STAFFROLL_URL_").lower(), url)
        for name in OURS
        for key, url in compose["services"][name]["environment"].items()
        if key.startswith("STAFFROLL_URL_")
    }

    assert asked == {(name, f"http://{name}:8000{installed()[name].mount}") for name in SERVICES}


def test_what_is_scraped_is_there(compose: dict[str, Any]) -> None:
    scraped = yaml.safe_load((ROOT / "deploy" / "prometheus" / "prometheus.yml").read_text())
    targets = {
        target
        for job in scraped["scrape_configs"]
        for static in job["static_configs"]
        for target in static["targets"]
    }

    ports = {"": "8000", "-consumer": "9100"}
    ours = {f"{name}{role}:{port}" for name in SERVICES for role, port in ports.items()}
    assert targets == ours
    assert ours >= {f"{name}:8000" for name in compose["services"] if name in SERVICES}


def _texts(part: Any) -> Iterator[str]:
    if isinstance(part, dict):
        part = list(part.values())
    if isinstance(part, list):
        for one in part:
            yield from _texts(one)
    elif isinstance(part, str):
        yield part
