"""The trace that what happens here belongs to, as it travels in events.

W3C Trace Context, in the attribute of CloudEvents' extension for distributed tracing
(https://github.com/cloudevents/spec/blob/main/cloudevents/extensions/distributed-tracing.md).
Whoever makes spans sets it; without that nothing is told.
"""

from __future__ import annotations

import re
from contextvars import ContextVar
from typing import Final

TRACEPARENT: Final[ContextVar[str | None]] = ContextVar("staffroll_traceparent", default=None)

_FORM: Final = re.compile(r"[0-9a-f]{2}-[0-9a-f]{32}-[0-9a-f]{16}-[0-9a-f]{2}\Z")


def is_traceparent(value: object) -> bool:
    return isinstance(value, str) and _FORM.match(value) is not None
