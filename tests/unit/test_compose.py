from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml

ROOT = Path(__file__).parents[2]
SERVICES = ("accounts", "scheduling", "people", "export")


@pytest.fixture(scope="module")
def compose() -> dict[str, Any]:
    loaded: dict[str, Any] = yaml.safe_load((ROOT / "docker-compose.yml").read_text())
    return loaded


@pytest.mark.parametrize("service", SERVICES)
def test_each_service_serves_and_consumes_in_containers_of_its_own(
    compose: dict[str, Any], service: str
) -> None:
    serve = compose["services"][service]
    consume = compose["services"][f"{service}-consumer"]

    assert (ROOT / serve["build"]["dockerfile"]).is_file()
    assert consume["command"] == ["consume", service]
    for role in (serve, consume):
        assert role["image"] == f"staffroll-{service}"
        assert role["read_only"] is True
        assert role["environment"]["STAFFROLL_BROKER_URL"].startswith("amqp://")
    assert serve["healthcheck"]["test"][0] == "CMD"


@pytest.mark.parametrize("service", SERVICES)
def test_images_run_as_nobody_in_particular(service: str) -> None:
    dockerfile = (ROOT / "services" / service / "Dockerfile").read_text()

    assert "\nUSER 10001" in dockerfile
    assert f'CMD ["serve", "{service}"' in dockerfile


def test_only_loopback_sees_published_ports(compose: dict[str, Any]) -> None:
    published = [port for one in compose["services"].values() for port in one.get("ports", ())]

    assert published
    assert all(port.startswith("127.0.0.1:") for port in published)


def test_no_secret_has_a_default(compose: dict[str, Any]) -> None:
    environment = compose["services"]["accounts"]["environment"]

    assert environment["STAFFROLL_SECRET_KEY"].startswith("${STAFFROLL_SECRET_KEY:?")
    assert "${RABBITMQ_PASSWORD:?" in environment["STAFFROLL_BROKER_URL"]
    assert compose["networks"]["inside"]["internal"] is True


def test_what_it_depends_on_is_there(compose: dict[str, Any]) -> None:
    for one in compose["services"].values():
        for name, wanted in one.get("depends_on", {}).items():
            assert wanted == {"condition": "service_healthy"}
            assert "healthcheck" in compose["services"][name]
