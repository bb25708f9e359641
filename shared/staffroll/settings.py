"""Settings: one frozen dataclass per service, read from the environment.

Each field is declared with `setting`, which carries the sentence that stands in the
docs; the table there is made from it.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from dataclasses import MISSING, dataclass, field, fields
from typing import Any, Final, TypeVar, cast

S = TypeVar("S", bound="ServiceSettings")

PREFIX: Final = "STAFFROLL_"


class SettingsWrong(Exception):
    """A setting is missing or cannot be read; names all of them, never their values."""


def setting(default: Any = MISSING, *, doc: str, secret: bool = False) -> Any:
    """Declare one setting: its default, and one sentence on what it does, with its unit."""
    metadata = {"doc": doc, "secret": secret}
    if default is MISSING:
        return field(metadata=metadata, repr=not secret)
    return field(default=default, metadata=metadata, repr=not secret)


def _yes_or_no(text: str) -> bool:
    if text.lower() in ("1", "true", "yes", "on"):
        return True
    if text.lower() in ("0", "false", "no", "off", ""):
        return False
    raise ValueError(text)


_READERS: Final[Mapping[str, Callable[[str], object]]] = {
    "str": str,
    "int": int,
    "float": float,
    "bool": _yes_or_no,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class ServiceSettings:
    """What every service reads."""

    mongodb_uri: str = setting(doc="The MongoDB that keeps this service's database.", secret=True)
    broker_url: str = setting(
        "embedded:",
        doc="`amqp(s)://…` for RabbitMQ; `embedded:` keeps the queues in MongoDB, for trying.",
        secret=True,
    )
    broker_prefix: str = setting(
        "", doc="Put before every exchange and queue name, so that suites can share a broker."
    )
    mongodb_prefix: str = setting(
        "staffroll-", doc="Put before the service's name to name its database."
    )
    public_url: str = setting(
        "", doc="Where people reach this service, without a slash at the end; empty: as requested."
    )
    trusted_proxies: int = setting(
        0,
        doc="How many proxies of yours stand before the service and set `X-Forwarded-For`; with "
        "0 the header is ignored, so that nobody can pretend to be elsewhere.",
    )
    consumer_threads: int = setting(4, doc="Messages that one consumer process applies at a time.")
    prefetch: int = setting(100, doc="Messages that a consumer holds in hand for each queue.")
    resend_after_seconds: int = setting(
        30, doc="After how many seconds an unanswered request is sent again."
    )
    log_format: str = setting("json", doc="`json`, or `console` for people.")
    log_level: str = setting("info", doc="`debug`, `info`, `warning` or `error`.")


def read(kind: type[S], environ: Mapping[str, str] | None = None) -> S:
    """Read the settings `kind` from ``STAFFROLL_<NAME>`` variables.

    Raises:
        SettingsWrong: Names every variable that is missing or has the wrong form.
    """
    environ = os.environ if environ is None else environ
    values: dict[str, Any] = {}
    wrong: list[str] = []
    for item in fields(kind):
        variable = PREFIX + item.name.upper()
        text = environ.get(variable)
        if text is None:
            if item.default is MISSING:
                wrong.append(f"{variable} is missing ({item.metadata['doc']})")
            continue
        try:
            values[item.name] = _READERS[cast(str, item.type)](text)
        except ValueError:
            wrong.append(f"{variable} is not of the type {item.type}")
    if wrong:
        raise SettingsWrong("; ".join(wrong))
    return kind(**values)
