"""Settings: one frozen dataclass per service, read from the environment.

Each field is declared with `setting`, which carries the sentence that stands in the
docs; the table there is made from it.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from dataclasses import MISSING, dataclass, field, fields
from typing import Any, Final, TypeVar, cast

from staffroll.setting_rules import (
    BROKER_ADDRESS,
    HTTP_ADDRESS,
    MONGODB_ADDRESS,
    Rule,
    at_least,
    between,
    one_of,
    or_empty,
    secrets_of_at_least,
)

S = TypeVar("S", bound="ServiceSettings")

PREFIX: Final = "STAFFROLL_"


class SettingsWrong(Exception):
    """A setting is missing or cannot be read; names all of them, never their values."""


def setting(
    default: Any = MISSING, *, doc: str, secret: bool = False, must_be: Rule | None = None
) -> Any:
    """Declare one setting: its default, one sentence on what it does, with its unit, and what
    its value must be beyond its type."""
    metadata = {"doc": doc, "secret": secret, "must_be": must_be}
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

    mongodb_uri: str = setting(
        doc="The MongoDB that keeps this service's database.",
        secret=True,
        must_be=MONGODB_ADDRESS,
    )
    broker_url: str = setting(
        "embedded:",
        doc="The broker; `embedded:` keeps the queues in MongoDB, for trying.",
        secret=True,
        must_be=BROKER_ADDRESS,
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
    public_url_accounts: str = setting(
        "",
        doc="Where people reach accounts, without a slash at the end: for signing in, and for "
        "links in pages and mail. Empty: `/account` of the same origin where this service stands "
        "under a path of its own, else port 8101 of the same host.",
    )
    public_url_scheduling: str = setting(
        "", doc="Where people reach scheduling; empty: as above, `/wfm` or port 8102."
    )
    public_url_people: str = setting(
        "", doc="Where people reach people; empty: as above, `/people` or port 8103."
    )
    public_url_export: str = setting(
        "", doc="Where people reach export; empty: as above, `/export` or port 8104."
    )
    cookie_domain: str = setting(
        "",
        doc="The domain that cookies are for, such as `example.org`, where the services stand on "
        "subdomains of their own; empty: the host that people reach them by.",
    )
    trusted_proxies: int = setting(
        0,
        doc="How many proxies of yours stand before the service and set `X-Forwarded-For`; with "
        "0 the header is ignored, so that nobody can pretend to be elsewhere.",
    )
    plugin_key: str = setting(
        "",
        doc="A random secret that encrypts secret settings of plugins; the same in all services. "
        "Several, separated by commas: the first encrypts, all decrypt. Empty: plugins that have "
        "secret settings cannot be set up.",
        secret=True,
        must_be=or_empty(secrets_of_at_least(32)),
    )
    consumer_threads: int = setting(
        4, doc="Messages that one consumer process applies at a time.", must_be=at_least(1)
    )
    prefetch: int = setting(
        100, doc="Messages that a consumer holds in hand for each queue.", must_be=at_least(1)
    )
    resend_after_seconds: int = setting(
        30, doc="After how many seconds an unanswered request is sent again.", must_be=at_least(1)
    )
    log_format: str = setting(
        "json",
        doc="The log's lines: for machines, or for people.",
        must_be=one_of("json", "console"),
    )
    log_level: str = setting(
        "info",
        doc="What is logged: this, and what is graver.",
        must_be=one_of("debug", "info", "warning", "error"),
    )
    metrics_port: int = setting(
        0,
        doc="Where a consumer process answers `/metrics`, `/healthz` and `/readyz`; 0: nowhere. "
        "What serves has them at its own port.",
        must_be=between(0, 65_535),
    )
    metrics_address: str = setting(
        "127.0.0.1", doc="The address at which it does; `0.0.0.0` for all."
    )
    otlp_endpoint: str = setting(
        "",
        doc="Where traces go, by OTLP over HTTP, such as `http://collector:4318`; needs "
        "`staffroll[otel]`. Empty: where the standard `OTEL_EXPORTER_OTLP_ENDPOINT` says, or "
        "nowhere.",
        must_be=or_empty(HTTP_ADDRESS),
    )


def read(kind: type[S], environ: Mapping[str, str] | None = None) -> S:
    """Read the settings `kind` from ``STAFFROLL_<NAME>`` variables.

    Raises:
        SettingsWrong: Names every variable that is missing or is not what it must be.
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
            value = _READERS[cast(str, item.type)](text)
        except ValueError:
            wrong.append(f"{variable} is not of the type {item.type}")
            continue
        must_be: Rule | None = item.metadata["must_be"]
        if must_be is not None and not must_be.holds(value):
            wrong.append(f"{variable} is not {must_be.says}")
        values[item.name] = value
    if wrong:
        raise SettingsWrong("; ".join(wrong))
    return kind(**values)
