"""Write the generated tables into the docs; ``--check`` only says whether they are fresh.

A generated part stands between ``<!-- generated: NAME -->`` and ``<!-- end -->``.
"""

from __future__ import annotations

import ast
import importlib.metadata
import inspect
import json
import re
import sys
import tomllib
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import MISSING, fields
from pathlib import Path
from typing import Any

import yaml
from marshmallow import Schema
from prometheus_client.metrics import MetricWrapperBase
from tools import asyncapi
from tools.compatibility import breaking

from staffroll.errors import StaffrollError, all_errors
from staffroll.events import EVENTS, REQUESTS, Cause, Event
from staffroll.events import payloads as p
from staffroll.observing import metrics
from staffroll.observing.lookups import FAMILIES
from staffroll.plugins import hookspecs
from staffroll.plugins.markers import PROJECT
from staffroll.schema_errors import CODES
from staffroll.service import installed
from staffroll.settings import PREFIX, ServiceSettings
from staffroll.web.problems import HTTP_CODES, status_of

ROOT = Path(__file__).parent.parent
_FUTURE = "from __future__ import annotations"
_SOURCE = "\n".join(
    path.read_text().replace(_FUTURE, "")
    for folder in ("shared/staffroll", "services")
    for path in sorted((ROOT / folder).rglob("*.py"))
)
_PART = re.compile(r"(<!-- generated: (\w+) -->\n).*?(<!-- end -->)", re.DOTALL)

SAID_BY = {
    "user": "accounts",
    "role": "accounts",
    "tenant": "accounts",
    "keys": "accounts",
    "employee": "scheduling",
    "membership": "scheduling",
    "person": "people",
    "request": "the owner that was asked",
    "snapshot": "the owner that was asked",
}


def settings_table() -> str:
    rows = ["| variable | default | read by | what it does |", "| --- | --- | --- | --- |"]
    common = {item.name for item in fields(ServiceSettings)}
    kinds: list[tuple[str, type[ServiceSettings]]] = [("every service", ServiceSettings)]
    kinds += [(service.name, service.settings) for service in installed().values()]
    for readers, kind in kinds:
        for item in fields(kind):
            if kind is not ServiceSettings and item.name in common:
                continue
            default = "*required*" if item.default is MISSING else f"`{item.default}`"
            if default == "``":
                default = "empty"
            doc = item.metadata["doc"]
            if (must_be := item.metadata["must_be"]) is not None:
                doc += f" {must_be.says[0].upper()}{must_be.says[1:]}."
            rows.append(f"| `{PREFIX}{item.name.upper()}` | {default} | {readers} | {doc} |")
    return "\n".join(rows)


def errors_table() -> str:
    for service in installed().values():
        __import__(f"staffroll_{service.name}.app")
    rows = ["| status | code | what it says |", "| --- | --- | --- |"]
    found = {
        error.code: (status_of(error).value, error.code, error.wording)
        for error in all_errors()
        if error.code != "error"
    }
    for status, (code, wording) in HTTP_CODES.items():
        found.setdefault(code, (status, code, wording))
    rows += [
        f"| {status} | `{code}` | {wording} |" for status, code, wording in sorted(found.values())
    ]
    return "\n".join(rows)


def field_errors_table() -> str:
    """All codes that our code gives to a field, and those that marshmallow's messages get."""
    rows = ["| code | what it says, for instance |", "| --- | --- |"]
    found = {code: text for text, code in CODES.items()}
    found["invalid"] = "Another thing is wrong with its form; `detail` says what."
    for error in all_errors():
        if f"FieldError({error.__name__}.code" in _SOURCE or _names_its_field(error):
            found[error.code] = error.wording
    for call in _calls("FieldError"):
        match call.args[:2]:
            case [ast.Constant(value=str(code)), ast.Constant(value=str(wording))]:
                found.setdefault(code, wording)
    rows += [f"| `{code}` | {wording} |" for code, wording in sorted(found.items())]
    return "\n".join(rows)


def _names_its_field(error: type[StaffrollError]) -> bool:
    own = error.__dict__.get("__init__")
    return own is not None and "FieldError" in own.__code__.co_names


def _calls(name: str = "") -> Iterator[ast.Call]:
    for node in ast.walk(ast.parse(_SOURCE)):
        if isinstance(node, ast.Call) and name in ("", getattr(node.func, "id", "")):
            yield node


def said_now() -> set[str]:
    """What some code says: literals that are handed on, or that stand in the rules."""
    arguments = [
        argument
        for call in _calls()
        for argument in (*call.args, *(keyword.value for keyword in call.keywords))
    ]
    rules = "\n".join(path.read_text() for path in ROOT.glob("services/*/*/domain/*.py"))
    found = [*arguments, *ast.walk(ast.parse(rules.replace(_FUTURE, "")))]
    return {node.value for node in found if isinstance(node, ast.Constant) and _is_text(node)}


def _is_text(node: ast.Constant) -> bool:
    return isinstance(node.value, str)


def events_table() -> str:
    rows = ["| type | said by | carries |", "| --- | --- | --- |"]
    now = said_now()
    for kind, schema in {**EVENTS, **REQUESTS}.items():
        by = "every service" if kind == "user.erased" else SAID_BY[kind.split(".")[0]]
        if kind in REQUESTS:
            by = "a request"
        if kind not in now:
            by += "; not yet"
        rows.append(f"| `{kind}` | {by} | [{_name(schema)}](#{_name(schema).lower()}) |")
    return "\n".join(rows)


def payload_tables() -> str:
    parts: list[str] = []
    seen: set[str] = set()
    for schema in (*EVENTS.values(), *REQUESTS.values()):
        if not isinstance(schema, p.Payload) or _name(schema) in seen:
            continue
        seen.add(_name(schema))
        parts.append(f"### {_name(schema)}\n")
        parts.append((schema.target.__doc__ or "").strip().split("\n\n")[0].replace("\n", " "))
        parts.append("\n| field | type | personal |\n| --- | --- | --- |")
        for name, field in schema.fields.items():
            is_personal = "yes" if field.metadata.get("personal") else ""
            shown = field.data_key or name
            parts.append(f"| `{shown}` | {type(field).__name__.lower()} | {is_personal} |")
        parts.append("")
    return "\n".join(parts).rstrip()


def event_example() -> str:
    from datetime import UTC, datetime

    moment = datetime(2026, 3, 2, 8, 30, tzinfo=UTC)
    cause = Cause("accounts", "acme", "018f3a1e-9f0b-7c43-9a55-0d1f2b3c4d5e", moment, "req-1")
    state = p.UserState(
        status="active",
        token_generation=1,
        created_at="2026-03-02T08:30:00.000Z",
        created_in="scheduling",
        first_name="Anna",
        last_name="Müller",
        email="anna@acme.example",
        language="de",
        time_zone="Europe/Berlin",
        roles=["018f3a1e-9f0b-7c43-9a55-0d1f2b3c4d5f"],
    )
    id_ = "018f3a1e-9f0b-7c43-9a55-0d1f2b3c4d60"
    event: Event = cause.event("user.created", id_, 1, state)
    document = json.loads(event.to_json()) | {"id": "018f3a1e-9f0b-7c43-9a55-0d1f2b3c4d61"}
    return f"```json\n{json.dumps(document, ensure_ascii=False, indent=2)}\n```"


def hooks() -> str:
    """The specifications as they are documented where they are declared."""
    parts: list[str] = []
    for name, hook in vars(hookspecs).items():
        if hasattr(hook, f"{PROJECT}_spec"):
            arguments = ", ".join(inspect.signature(hook).parameters)
            doc = inspect.cleandoc(hook.__doc__ or "").replace("``", "`")
            parts.append(f"### {name}({arguments})\n\n{doc}\n")
    return "\n".join(parts).rstrip()


def bundled() -> str:
    rows = ["| plugin | what it does | hooks |", "| --- | --- | --- |"]
    for path in sorted((ROOT / "plugins").glob("*/pyproject.toml")):
        project = tomllib.loads(path.read_text())["project"]
        ((name, module),) = project["entry-points"]["staffroll.plugins"].items()
        code = (path.parent / f"{module}.py").read_text()
        used = ", ".join(f"`{hook}`" for hook in vars(hookspecs) if f"def {hook}(" in code)
        rows.append(
            f"| [{name}](../plugins/{name}/README.md) | {project['description']} | {used} |"
        )
    return "\n".join(rows)


def metrics_table() -> str:
    rows = ["| metric | kind | labels | what it tells |", "| --- | --- | --- | --- |"]
    for one in vars(metrics).values():
        if isinstance(one, MetricWrapperBase):
            (family,) = one.describe()
            name = f"{family.name}_total" if family.type == "counter" else family.name
            labels = one._labelnames  # noqa: SLF001 - told nowhere else
            rows.append(_metric(name, family.type, labels, family.documentation))
    for name, (meaning, labels) in FAMILIES.items():
        rows.append(_metric(name, "gauge", labels, meaning))
    return "\n".join(rows)


def _metric(name: str, kind: str, labels: Iterable[str], meaning: str) -> str:
    return f"| `{name}` | {kind} | {', '.join(labels)} | {meaning} |"


def licences_table() -> str:
    """Of every package that running needs; each is checked by its hash when it is installed."""
    rows = ["| package | licence |", "| --- | --- |"]
    pinned = (ROOT / "requirements" / "run.txt").read_text()
    for name in sorted({*re.findall(r"^([a-z0-9-]+)(?:\[.*?\])?==", pinned, re.MULTILINE)}):
        try:
            about = importlib.metadata.metadata(name)
        except importlib.metadata.PackageNotFoundError:
            continue  # for other platforms
        rows.append(f"| {name} | {_licence(about)} |")
    return "\n".join(rows)


def _licence(about: importlib.metadata.PackageMetadata) -> str:
    if about["License-Expression"]:
        return str(about["License-Expression"])
    prefix = "License :: "
    told = [one for one in about.get_all("Classifier") or () if one.startswith(prefix)]
    if told:
        return ", ".join(one.rsplit(" :: ", 1)[1] for one in told)
    return str(about["License"] or "not told").splitlines()[0]


PARTS: Mapping[str, Callable[[], str]] = {
    "settings": settings_table,
    "errors": errors_table,
    "field_errors": field_errors_table,
    "events": events_table,
    "payloads": payload_tables,
    "example": event_example,
    "hooks": hooks,
    "bundled": bundled,
    "licences": licences_table,
    "metrics": metrics_table,
}


def _name(schema: Schema) -> str:
    return type(schema).__name__.removesuffix("Schema")


def _fresh(text: str) -> str:
    def part(match: re.Match[str]) -> str:
        return f"{match[1]}{PARTS[match[2]]()}\n{match[3]}"

    return _PART.sub(part, text)


def _asyncapi() -> tuple[Path, str, str]:
    """Where it stands, as it stands there, and as it should.

    Raises:
        SystemExit: What stands there promised something that is not kept any more.
    """
    path = ROOT / "docs" / "asyncapi.yaml"
    kept = path.read_text() if path.exists() else ""
    promised = yaml.safe_load(kept)["components"]["schemas"] if kept else {}
    fresh = asyncapi.text(importlib.metadata.version("staffroll"))
    broken = breaking(promised, yaml.safe_load(fresh)["components"]["schemas"], REQUESTS)
    if broken:
        raise SystemExit(
            "A breaking change makes a new type, such as user.updated.v2:\n  " + "\n  ".join(broken)
        )
    return path, kept, fresh


def main(arguments: list[str]) -> int:
    stale: list[Any] = []
    path, kept, fresh = _asyncapi()
    if fresh != kept:
        stale.append(path.relative_to(ROOT))
        if "--check" not in arguments:
            path.write_text(fresh)
    for page in sorted((ROOT / "docs").glob("*.md")):
        text = page.read_text()
        fresh = _fresh(text)
        if fresh != text:
            stale.append(page.relative_to(ROOT))
            if "--check" not in arguments:
                page.write_text(fresh)
    if stale and "--check" in arguments:
        print(f"not fresh, run `make docs`: {', '.join(map(str, stale))}")
        return 1
    return 0


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
