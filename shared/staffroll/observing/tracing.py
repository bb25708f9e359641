"""Traces by OpenTelemetry: requests, handlers, and the commands to the database between them.

Off, and nothing of it imported, unless somebody says where traces go. A request's trace reaches
the handlers of other services in the events that it causes (`staffroll.events.tracing`). Spans
hold routes, types and ids of requests, never addresses, bodies, queries or messages of errors.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import wraps
from typing import TYPE_CHECKING, Any, Final

from flask import Flask, Response, g, request
from pymongo import monitoring

from staffroll.events import Event
from staffroll.events.tracing import TRACEPARENT
from staffroll.settings import ServiceSettings, SettingsWrong

if TYPE_CHECKING:
    from opentelemetry.sdk.trace import TracerProvider
    from opentelemetry.sdk.trace.export import SpanExporter

Handle = Callable[[Event], None]

_STANDARD: Final = ("OTEL_EXPORTER_OTLP_ENDPOINT", "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT")
_SERVER_ERROR: Final = 500

_tracing: Tracing | None = None


class Tracing:
    """Makes the spans of this process."""

    def __init__(self, provider: TracerProvider) -> None:
        from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

        self.provider = provider
        self.tracer = provider.get_tracer("staffroll")
        self._form = TraceContextTextMapPropagator()

    @contextmanager
    def span(self, name: str, kind: str, carrier: Mapping[str, str], **facts: Any) -> Iterator[Any]:
        """A span that is current in the block, and that events made in it belong to.

        Args:
            kind: ``SERVER`` or ``CONSUMER``.
            carrier: Where its parent stands, under ``traceparent``, if it has one.
        """
        from opentelemetry.trace import SpanKind, Status, StatusCode

        with self.tracer.start_as_current_span(
            name,
            context=self._form.extract(carrier),
            kind=SpanKind[kind],
            attributes={key.replace("__", "."): value for key, value in facts.items() if value},
            record_exception=False,
            set_status_on_exception=False,
        ) as span:
            here: dict[str, str] = {}
            self._form.inject(here)
            token = TRACEPARENT.set(here.get("traceparent"))
            try:
                yield span
            except Exception as error:
                # Its message may be about people.
                span.set_status(Status(StatusCode.ERROR, type(error).__name__))
                raise
            finally:
                TRACEPARENT.reset(token)


def begin(settings: ServiceSettings, services: Sequence[str]) -> None:
    """Make spans in this process from now on, where it is said where they go.

    Called before clients of the database are made.

    Raises:
        SettingsWrong: OpenTelemetry is not installed.
    """
    require(settings)
    if _is_off(settings.otlp_endpoint, os.environ):
        return
    from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter

    if settings.otlp_endpoint:
        exporter = OTLPSpanExporter(f"{settings.otlp_endpoint.rstrip('/')}/v1/traces")
    else:
        exporter = OTLPSpanExporter()
    begin_with(exporter, services)


def require(settings: ServiceSettings) -> None:
    """Raises `SettingsWrong` where traces are wished, and OpenTelemetry is not installed."""
    if _is_off(settings.otlp_endpoint, os.environ):
        return
    try:
        import opentelemetry.exporter.otlp.proto.http
        import opentelemetry.sdk  # noqa: F401
    except ImportError as error:
        raise SettingsWrong(
            "traces are wished, and OpenTelemetry is missing: pip install 'staffroll[otel]'"
        ) from error


def begin_with(exporter: SpanExporter, services: Sequence[str]) -> Tracing:
    """Make spans and hand them to `exporter`."""
    from opentelemetry.sdk.resources import Resource
    from opentelemetry.sdk.trace import TracerProvider
    from opentelemetry.sdk.trace.export import BatchSpanProcessor

    name = f"staffroll-{services[0]}" if len(services) == 1 else "staffroll"
    named = {"service.name": os.environ.get("OTEL_SERVICE_NAME", name)}
    provider = TracerProvider(resource=Resource.create(named))
    provider.add_span_processor(BatchSpanProcessor(exporter))
    tracing = Tracing(provider)
    monitoring.register(_Commands(tracing))
    global _tracing  # noqa: PLW0603 - of the process, as the export behind it is
    _tracing = tracing
    return tracing


def end() -> None:
    """Send what is left."""
    global _tracing
    tracing, _tracing = _tracing, None
    if tracing is not None:
        tracing.provider.shutdown()


def watch(app: Flask, service: str) -> None:
    """A span for each request that the app answers."""
    tracing = _tracing
    if tracing is None:
        return

    @app.before_request
    def start() -> None:
        route = request.url_rule.rule if request.url_rule else "unknown"
        g.span_open = tracing.span(
            f"{request.method} {route}",
            "SERVER",
            {"traceparent": request.headers.get("traceparent", "")},
            http__request__method=request.method,
            http__route=route,
            staffroll__service=service,
            staffroll__request_id=g.request_id,
        )
        g.span = g.span_open.__enter__()

    @app.after_request
    def note(response: Response) -> Response:
        if "span" in g:
            g.span.set_attribute("http.response.status_code", response.status_code)
            if response.status_code >= _SERVER_ERROR:
                _mark_failed(g.span)
        return response

    @app.teardown_request
    def stop(_error: BaseException | None) -> None:
        if (span := g.pop("span_open", None)) is not None:
            span.__exit__(None, None, None)


def around(handle: Handle, service: str) -> Handle:
    """`handle` with a span for each event that it applies."""
    tracing = _tracing
    if tracing is None:
        return handle

    @wraps(handle)
    def traced(event: Event) -> None:
        with tracing.span(
            f"apply {event.type}",
            "CONSUMER",
            {"traceparent": event.traceparent or ""},
            cloudevents__event_type=event.type,
            cloudevents__event_id=event.id,
            staffroll__service=service,
            staffroll__correlation_id=event.correlation_id,
        ):
            handle(event)

    return traced


def _is_off(endpoint: str, environ: Mapping[str, str]) -> bool:
    if environ.get("OTEL_SDK_DISABLED", "").lower() == "true":
        return True
    return not endpoint and not any(environ.get(name) for name in _STANDARD)


def _mark_failed(span: Any) -> None:
    from opentelemetry.trace import Status, StatusCode

    span.set_status(Status(StatusCode.ERROR))


class _Commands(monitoring.CommandListener):
    """A span for each command that is sent for a request or a message, without its values."""

    def __init__(self, tracing: Tracing) -> None:
        self._tracer = tracing.tracer
        self._open: dict[int, Any] = {}

    def started(self, event: monitoring.CommandStartedEvent) -> None:
        from opentelemetry.trace import SpanKind, get_current_span

        # Nobody asks what sweepers and chores look for all day.
        if not get_current_span().is_recording():
            return
        collection = event.command.get(event.command_name)
        what = collection if isinstance(collection, str) else event.database_name
        self._open[event.request_id] = self._tracer.start_span(
            f"{event.command_name} {what}",
            kind=SpanKind.CLIENT,
            attributes={
                "db.system.name": "mongodb",
                "db.operation.name": event.command_name,
                "db.namespace": event.database_name,
            },
        )

    def succeeded(self, event: monitoring.CommandSucceededEvent) -> None:
        if (span := self._open.pop(event.request_id, None)) is not None:
            span.end()

    def failed(self, event: monitoring.CommandFailedEvent) -> None:
        if (span := self._open.pop(event.request_id, None)) is not None:
            _mark_failed(span)
            span.end()
