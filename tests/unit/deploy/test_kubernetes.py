"""The manifests as far as they can be judged where there is no cluster."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import kubernetes_validate
import pytest
import yaml

from staffroll.service import installed
from tests.support.deployed import SERVICES, known_variables, refuses
from tests.support.kustomize import Document, containers, rendered

FOLDER = Path(__file__).parents[3] / "deploy" / "kubernetes"
VERSIONS = ("1.33", "1.37")


@pytest.fixture(scope="module")
def cluster() -> list[Document]:
    return [*rendered(FOLDER / "example"), *rendered(FOLDER / "lag")]


def of_kind(cluster: list[Document], kind: str) -> dict[str, Document]:
    found = [one for one in cluster if one["kind"] == kind]
    names = [one["metadata"]["name"] for one in found]
    assert len(names) == len(set(names))
    return dict(zip(names, found, strict=True))


def labels_of(deployment: Document) -> dict[str, str]:
    labels: dict[str, str] = deployment["spec"]["template"]["metadata"]["labels"]
    return labels


def chosen_by(selector: dict[str, str], cluster: list[Document]) -> set[str]:
    return {
        name
        for name, one in of_kind(cluster, "Deployment").items()
        if selector.items() <= labels_of(one).items()
    }


@pytest.mark.parametrize("version", VERSIONS)
def test_every_document_is_what_kubernetes_understands(
    cluster: list[Document], version: str
) -> None:
    for document in cluster:
        kubernetes_validate.validate(document, version, strict=True)


def test_each_service_serves_and_consumes(cluster: list[Document]) -> None:
    deployments = of_kind(cluster, "Deployment")

    assert set(deployments) == {
        f"{name}-{role}" for name in SERVICES for role in ("serve", "consume")
    }
    for name, deployment in deployments.items():
        service, _, role = name.partition("-")
        (container,) = containers(deployment)
        assert container["image"].rpartition(":")[0].endswith(f"/staffroll-{service}")
        assert container["args"][:2] == [role, "all"]
        assert not refuses(container["args"])
        assert chosen_by(deployment["spec"]["selector"]["matchLabels"], cluster) == {name}


def test_probes_ask_where_something_answers(cluster: list[Document]) -> None:
    for name, deployment in of_kind(cluster, "Deployment").items():
        (container,) = containers(deployment)
        ports = {one["name"]: one["containerPort"] for one in container["ports"]}
        mount = installed()[name.partition("-")[0]].mount if name.endswith("-serve") else ""
        listens = {"http": 8000, "metrics": 9100}
        for probe, path in (
            ("startupProbe", "/healthz"),
            ("livenessProbe", "/healthz"),
            ("readinessProbe", "/readyz"),
        ):
            asked = container[probe]["httpGet"]
            assert asked["path"] == mount + path
            assert ports[asked["port"]] == listens[asked["port"]]
        bound = [one for one in container["args"] if ":" in one]
        told = {one["name"]: one["value"] for one in container.get("env", ())}
        assert bound == ["0.0.0.0:8000"] if mount else told["STAFFROLL_METRICS_PORT"] == "9100"


def test_every_setting_is_one_and_none_that_is_needed_is_missing(cluster: list[Document]) -> None:
    sources = {
        "configMapRef": of_kind(cluster, "ConfigMap"),
        "secretRef": of_kind(cluster, "Secret"),
    }
    for name, deployment in of_kind(cluster, "Deployment").items():
        (container,) = containers(deployment)
        given: dict[str, Any] = {one["name"]: one["value"] for one in container.get("env", ())}
        for source in container["envFrom"]:
            ((kind, reference),) = source.items()
            held = sources[kind][reference["name"]]
            given |= held.get("data") or held["stringData"]
        assert given.pop("SCRIPT_NAME") == installed()[name.partition("-")[0]].mount
        assert set(given) <= known_variables()
        assert {"STAFFROLL_MONGODB_URI", "STAFFROLL_BROKER_URL"} <= set(given)
        assert ("STAFFROLL_SECRET_KEY" in given) == name.startswith("accounts-")


def test_pods_may_no_more_than_they_need(cluster: list[Document]) -> None:
    for deployment in of_kind(cluster, "Deployment").values():
        pod = deployment["spec"]["template"]["spec"]
        (container,) = containers(deployment)
        assert pod["automountServiceAccountToken"] is False
        assert pod["securityContext"]["runAsNonRoot"] is True
        assert pod["securityContext"]["seccompProfile"] == {"type": "RuntimeDefault"}
        assert container["securityContext"] == {
            "allowPrivilegeEscalation": False,
            "readOnlyRootFilesystem": True,
            "capabilities": {"drop": ["ALL"]},
        }
        assert "memory" in container["resources"]["limits"]
        assert [one["mountPath"] for one in container["volumeMounts"]] == ["/tmp"]


def test_the_origin_leads_to_each_service(cluster: list[Document]) -> None:
    services = of_kind(cluster, "Service")
    (rule,) = of_kind(cluster, "Ingress")["staffroll"]["spec"]["rules"]

    found = {}
    for path in rule["http"]["paths"]:
        backend = path["backend"]["service"]
        service = services[backend["name"]]
        assert backend["port"]["name"] in {port["name"] for port in service["spec"]["ports"]}
        (deployment,) = chosen_by(service["spec"]["selector"], cluster)
        (container,) = containers(of_kind(cluster, "Deployment")[deployment])
        for port in service["spec"]["ports"]:
            assert port["targetPort"] in {one["name"] for one in container["ports"]}
        found[path["path"]] = deployment
    assert found == {installed()[name].mount: f"{name}-serve" for name in SERVICES}


def test_nobody_outside_asks_for_what_is_for_who_watches(cluster: list[Document]) -> None:
    origin, kept = (of_kind(cluster, "Ingress")[name] for name in ("staffroll", "staffroll-inside"))
    (rule,) = kept["spec"]["rules"]

    refused = kept["metadata"]["annotations"]["nginx.ingress.kubernetes.io/denylist-source-range"]
    assert refused == "0.0.0.0/0,::/0"
    assert rule["host"] == origin["spec"]["rules"][0]["host"]
    assert kept["spec"]["tls"] == origin["spec"]["tls"]
    assert {
        (one["path"], one["pathType"], one["backend"]["service"]["name"])
        for one in rule["http"]["paths"]
    } == {
        (f"{installed()[name].mount}/{page}", "Exact", f"{name}-serve")
        for name in SERVICES
        for page in ("metrics", "readyz")
    }


def test_nothing_can_be_moved_away_or_grow_without_bounds(cluster: list[Document]) -> None:
    deployments = set(of_kind(cluster, "Deployment"))
    budgets = of_kind(cluster, "PodDisruptionBudget")
    scalers = of_kind(cluster, "HorizontalPodAutoscaler")

    for name, budget in budgets.items():
        assert chosen_by(budget["spec"]["selector"]["matchLabels"], cluster) == {name}
    targets = [one["spec"]["scaleTargetRef"]["name"] for one in scalers.values()]
    assert set(budgets) == deployments == set(targets)
    assert len(targets) == len(set(targets))
    assert all(one["spec"]["maxReplicas"] <= 10 for one in scalers.values())


def test_network_policies_choose_pods_and_name_ports_that_are_there(
    cluster: list[Document],
) -> None:
    everybody = set(of_kind(cluster, "Deployment"))
    policies = of_kind(cluster, "NetworkPolicy")

    nothing = policies["staffroll-nothing"]["spec"]
    assert chosen_by(nothing["podSelector"]["matchLabels"], cluster) == everybody
    assert "ingress" not in nothing
    assert "egress" not in nothing
    for name, policy in policies.items():
        chosen = chosen_by(policy["spec"]["podSelector"]["matchLabels"], cluster)
        assert chosen, name
        for rule in policy["spec"].get("ingress", ()):
            for port in rule["ports"]:
                for one in chosen:
                    (container,) = containers(of_kind(cluster, "Deployment")[one])
                    assert port["port"] in {each["name"] for each in container["ports"]}


def test_scaling_by_lag_goes_by_queues_that_exist(cluster: list[Document]) -> None:
    from staffroll.bus.topology import events_queue

    lag = yaml.safe_load_all((FOLDER / "lag" / "consume.yaml").read_text())
    queues = {
        one["spec"]["scaleTargetRef"]["name"]: one["spec"]["metrics"][0]["external"]["metric"][
            "selector"
        ]["matchLabels"]["queue"]
        for one in lag
    }

    assert queues == {f"{name}-consume": events_queue(name) for name in SERVICES}


def test_no_secret_is_committed() -> None:
    assert [*FOLDER.glob("*/secrets*.env")] == []
