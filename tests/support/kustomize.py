"""What `kubectl kustomize` makes of a folder: as much of it as our own folders use."""

from __future__ import annotations

import copy
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import yaml

Document = dict[str, Any]

_UNDERSTOOD = {
    *("apiVersion", "kind", "resources", "components", "namePrefix", "namespace", "labels"),
    *("images", "configMapGenerator", "secretGenerator", "patches"),
}
_CLUSTER_WIDE = {"Namespace"}


def rendered(folder: Path) -> list[Document]:
    """The documents, with names, labels, images and patches applied.

    Raises:
        AssertionError: Something is named that is not there, or that this does not understand.
    """
    plan = yaml.safe_load((folder / "kustomization.yaml").read_text())
    assert set(plan) <= _UNDERSTOOD, folder
    documents = [one for path in plan.get("resources", ()) for one in _resource(folder / path)]
    documents += list(_generated(plan, folder))
    for path in plan.get("components", ()):
        documents += rendered(folder / path)
    for patch in plan.get("patches", ()):
        _patch(documents, patch)
    for image in plan.get("images", ()):
        _name_images(documents, image)
    if prefix := plan.get("namePrefix"):
        _prefix(documents, prefix)
    for label in plan.get("labels", ()):
        assert label["includeSelectors"] is True
        for document in documents:
            _label(document, label["pairs"])
    if namespace := plan.get("namespace"):
        for document in documents:
            if document["kind"] not in _CLUSTER_WIDE:
                document["metadata"]["namespace"] = namespace
    return documents


def containers(document: Document) -> list[Document]:
    found: list[Document] = document["spec"]["template"]["spec"]["containers"]
    return found


def _resource(path: Path) -> list[Document]:
    if path.is_dir():
        return rendered(path)
    return [copy.deepcopy(one) for one in yaml.safe_load_all(path.read_text()) if one]


def _generated(plan: Document, folder: Path) -> Iterator[Document]:
    for kind, key, into in (
        ("ConfigMap", "configMapGenerator", "data"),
        ("Secret", "secretGenerator", "stringData"),
    ):
        for one in plan.get(key, ()):
            lines = list(one.get("literals", ()))
            for name in one.get("envs", ()):
                file = folder / name
                # What is secret is not committed; what it must hold is.
                text = file if file.exists() else folder / f"{name}.example"
                lines += text.read_text().splitlines()
            pairs = dict(line.split("=", 1) for line in lines)
            yield {
                "apiVersion": "v1",
                "kind": kind,
                "metadata": {"name": one["name"]},
                into: pairs,
            }


def _patch(documents: list[Document], patch: Document) -> None:
    target = patch["target"]
    found = [
        one
        for one in documents
        if one["kind"] == target["kind"]
        and target.get("name", one["metadata"]["name"]) == one["metadata"]["name"]
    ]
    assert found, patch
    for document in found:
        for step in yaml.safe_load(patch["patch"]):
            _apply(document, step)


def _apply(document: Document, step: Document) -> None:
    *way, last = [
        part.replace("~1", "/").replace("~0", "~") for part in step["path"].split("/")[1:]
    ]
    place: Any = document
    for part in way:
        place = place[int(part)] if isinstance(place, list) else place[part]
    if last == "-":
        place.append(step["value"])
        return
    assert step["op"] == "add" or last in place, step
    place[last] = step["value"]


def _name_images(documents: list[Document], image: Document) -> None:
    for document in documents:
        for container in containers(document) if document["kind"] == "Deployment" else ():
            name, _, tag = container["image"].partition(":")
            if name == image["name"]:
                tag = image.get("newTag", tag)
                container["image"] = image.get("newName", name) + (f":{tag}" if tag else "")


def _prefix(documents: list[Document], prefix: str) -> None:
    here = {(one["kind"], one["metadata"]["name"]) for one in documents}
    for document in documents:
        document["metadata"]["name"] = prefix + document["metadata"]["name"]
        if document["kind"] == "HorizontalPodAutoscaler":
            target = document["spec"]["scaleTargetRef"]
            if (target["kind"], target["name"]) in here:
                target["name"] = prefix + target["name"]
        if document["kind"] == "Deployment":
            for container in containers(document):
                for source in container.get("envFrom", ()):
                    for key, kind in (("configMapRef", "ConfigMap"), ("secretRef", "Secret")):
                        if key in source and (kind, source[key]["name"]) in here:
                            source[key]["name"] = prefix + source[key]["name"]


def _label(document: Document, pairs: dict[str, str]) -> None:
    document["metadata"].setdefault("labels", {}).update(pairs)
    spec = document.get("spec", {})
    match document["kind"]:
        case "Service":
            spec["selector"].update(pairs)
        case "PodDisruptionBudget":
            spec["selector"]["matchLabels"].update(pairs)
        case "Deployment":
            spec["selector"]["matchLabels"].update(pairs)
            spec["template"]["metadata"].setdefault("labels", {}).update(pairs)
            for one in spec["template"]["spec"].get("topologySpreadConstraints", ()):
                one["labelSelector"]["matchLabels"].update(pairs)
