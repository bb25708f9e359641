"""One trace from a request through the events that it causes to their handlers."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator, Sequence
from typing import Any

import pytest
from flask import Flask, g
from opentelemetry.sdk.trace import ReadableSpan
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from opentelemetry.trace import StatusCode

from staffroll.bus import Message
from staffroll.events import Event
from staffroll.observing import tracing
from staffroll.settings import ServiceSettings, SettingsWrong

PARENT = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"
EVENT = Event("user.created", "accounts", "acme", "a-user", 1, {}, correlation_id="req-7")


class Traces:
    """The spans of this process, as a collector gets them."""

    def __init__(self) -> None:
        self._exporter = InMemorySpanExporter()
        self._tracing = tracing.begin_with(self._exporter, ["people"])

    def spans(self) -> Sequence[ReadableSpan]:
        self._tracing.provider.force_flush()
        return self._exporter.get_finished_spans()


@pytest.fixture
def traces() -> Iterator[Traces]:
    yield Traces()
    tracing.end()


@pytest.fixture
def sent() -> list[Message]:
    return []


@pytest.fixture
def app(traces: Traces, sent: list[Message]) -> Flask:
    app = Flask("app")

    @app.before_request
    def begin() -> None:
        g.request_id = "req-7"

    tracing.watch(app, "people")

    @app.get("/people/<id>")
    def person(id: str) -> str:  # noqa: A002
        sent.append(Message.event(EVENT))
        return id

    @app.get("/broken")
    def broken() -> str:
        raise ValueError("about Anna Müller")

    return app


def parent_of(span: ReadableSpan) -> int | None:
    return span.parent.span_id if span.parent else None


def id_of(span: ReadableSpan) -> Any:
    return span.get_span_context()


def test_a_requests_trace_reaches_the_handler_of_the_event_that_it_caused(
    app: Flask, traces: Traces, sent: list[Message]
) -> None:
    app.test_client().get("/people/7", headers={"traceparent": PARENT})
    heard = Event.from_json(sent[0].body)
    answers: list[Message] = []

    tracing.around(lambda event: answers.append(Message.event(EVENT)), "people")(heard)

    request, handler = traces.spans()
    assert request.name == "GET /people/<id>"
    assert f"{id_of(request).trace_id:032x}" in PARENT
    assert f"{parent_of(request):016x}" in PARENT
    assert handler.name == "apply user.created"
    assert parent_of(handler) == id_of(request).span_id
    assert id_of(handler).trace_id == id_of(request).trace_id
    # What the handler says goes on from the handler.
    assert f"{id_of(handler).span_id:016x}" in str(Event.from_json(answers[0].body).traceparent)


def test_spans_name_the_route_and_the_request_and_not_who_was_asked_for(
    app: Flask, traces: Traces
) -> None:
    app.test_client().get("/people/7?q=anna")

    (span,) = traces.spans()
    assert span.attributes is not None
    assert dict(span.attributes) == {
        "http.request.method": "GET",
        "http.route": "/people/<id>",
        "http.response.status_code": 200,
        "staffroll.service": "people",
        "staffroll.request_id": "req-7",
    }
    assert span.resource.attributes["service.name"] == "staffroll-people"


def test_what_fails_is_marked_without_what_it_said(app: Flask, traces: Traces) -> None:
    app.test_client().get("/broken")
    with pytest.raises(ValueError, match="Anna"):
        tracing.around(_fails, "people")(EVENT)

    request, handler = traces.spans()
    assert request.status.status_code is handler.status.status_code is StatusCode.ERROR
    assert handler.status.description == "ValueError"
    assert "Anna" not in request.to_json() + handler.to_json()


def _fails(_event: Event) -> None:
    raise ValueError("about Anna Müller")


def test_where_traces_go_nowhere_nothing_is_wrapped_and_nothing_is_told(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for name in ("OTEL_EXPORTER_OTLP_ENDPOINT", "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT"):
        monkeypatch.delenv(name, raising=False)
    tracing.begin(ServiceSettings(mongodb_uri="none"), ["people"])
    app = Flask("app")

    tracing.watch(app, "people")

    assert not app.before_request_funcs
    assert tracing.around(_fails, "people") is _fails
    assert Event.from_json(Message.event(EVENT).body).traceparent is None
    assert '"traceparent"' not in Message.event(EVENT).body


def test_a_wish_for_traces_without_the_library_stops_the_start(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setitem(sys.modules, "opentelemetry.exporter.otlp.proto.http", None)
    settings = ServiceSettings(mongodb_uri="none", otlp_endpoint="http://127.0.0.1:4318")

    with pytest.raises(SettingsWrong, match=r"staffroll\[otel\]"):
        tracing.begin(settings, ["people"])


@pytest.mark.parametrize("value", ["nonsense", 7, PARENT.upper(), f"{PARENT}\n"])
def test_what_is_no_traceparent_is_as_if_there_was_none(value: object) -> None:
    body = Message.event(EVENT).body.replace(
        '"specversion"', f'"traceparent":{json.dumps(value)},"specversion"'
    )

    assert Event.from_json(body).traceparent is None
