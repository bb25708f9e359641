"""Every service does what its own OpenAPI document promises, and the document is a good one."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import hypothesis
import pytest
import schemathesis
from hypothesis import HealthCheck, Phase
from schemathesis import GenerationMode
from schemathesis.checks import not_a_server_error
from schemathesis.config import SchemathesisConfig
from schemathesis.core.failures import FailureGroup
from schemathesis.core.result import Ok
from schemathesis.schemas import BaseSchema
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    ignored_auth,
    missing_required_header,
    negative_data_rejection,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
    unsupported_method,
)

from tests.support.places import Place, place

__all__ = ["place"]

CHECKS = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_schema_conformance,
    response_headers_conformance,
    negative_data_rejection,
    missing_required_header,
    unsupported_method,
    ignored_auth,
]
FOR_WHOEVER_IS_SIGNED_IN = ("/v1/me", "/v1/sign-out", "/v1/password-policy")


@pytest.fixture(scope="module")
def schema(place: Place) -> BaseSchema:
    config = SchemathesisConfig()
    config.projects.default.generation.update(with_security_parameters=False)
    return schemathesis.openapi.from_wsgi("/openapi.json", place.app, config=config)


def _operations(schema: BaseSchema) -> Iterator[Any]:
    for result in schema.get_all_operations():
        assert isinstance(result, Ok), result
        yield result.ok()


def test_the_document_is_valid_openapi_3_1(place: Place, schema: BaseSchema) -> None:
    assert place.document["openapi"].startswith("3.1")
    schema.validate()


def test_a_broken_document_would_be_noticed(place: Place) -> None:
    document = place.document
    next(iter(document["paths"].values()))["get"] = {"responses": 7}

    with pytest.raises(Exception, match="7"):
        schemathesis.openapi.from_dict(document).validate()


def test_every_operation_is_described_and_has_its_permission(place: Place) -> None:
    for path, operations in place.document["paths"].items():
        for method, operation in operations.items():
            if method == "parameters":
                continue
            assert operation["summary"], f"{method} {path}"
            needs_none = "security" not in operation or path.startswith(FOR_WHOEVER_IS_SIGNED_IN)
            assert operation.get("x-permission") or needs_none, f"{method} {path}"


@pytest.mark.parametrize("examples", [2, pytest.param(10, marks=pytest.mark.long)])
@pytest.mark.parametrize("mode", [GenerationMode.POSITIVE, GenerationMode.NEGATIVE])
def test_every_operation_keeps_its_promises(
    place: Place, schema: BaseSchema, mode: GenerationMode, examples: int
) -> None:
    failed = []

    for operation in _operations(schema):
        if mode is GenerationMode.NEGATIVE and not _takes_something(operation):
            continue

        @hypothesis.settings(
            max_examples=examples,
            deadline=None,
            database=None,
            derandomize=True,
            phases=[Phase.explicit, Phase.generate],
            suppress_health_check=list(HealthCheck),
        )
        @hypothesis.given(case=operation.as_strategy(generation_mode=mode))
        def ask(case: Any) -> None:
            # What stands around a text does not count, which a schema cannot say of its length.
            hypothesis.assume(mode is GenerationMode.POSITIVE or not _is_padded(case.body))
            case.call_and_validate(
                headers={"Authorization": f"Bearer {place.tenant.token}"}, checks=CHECKS
            )

        try:
            ask()
        except FailureGroup as failures:
            failed += [f"{operation.label}: {each}" for each in failures.exceptions]

    assert failed == []


def _is_padded(body: object) -> bool:
    texts = body.values() if isinstance(body, dict) else [body]
    return any(isinstance(text, str) and text != text.strip() for text in texts)


def _takes_something(operation: Any) -> bool:
    return bool(operation.body or operation.query or operation.path_parameters)


def test_bodies_to_try_can_be_sent_as_they_are(place: Place) -> None:
    for route in (item for path in place.document["paths"].values() for item in path.values()):
        if isinstance(route, list):  # the parameters that all methods of a path share
            continue
        body = route.get("requestBody", {}).get("content", {}).get("application/json", {})

        assert not {"roles", "personnel_number", "password"} & body.get("example", {}).keys()
        for query in route.get("parameters", []):
            assert "example" not in query.get("schema", {})


def test_what_events_carry_is_served(place: Place) -> None:
    assert place.send("GET", "/schemas/user.created.json", token=None).status_code == 200
