"""Everything in turn: servers first, and of services only what can be told then."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import closing
from pathlib import Path

from pymongo.errors import OperationFailure

from staffroll import bus
from staffroll.doctor import finding as f
from staffroll.doctor import servers, services
from staffroll.doctor.finding import Finding
from staffroll.mongo import AWAY, connect
from staffroll.service import Service
from staffroll.settings import ServiceSettings, SettingsWrong, read

NAME = "staffroll-doctor"

Say = Callable[[Finding], None]


def examine(
    installed: Mapping[str, Service],
    environ: Mapping[str, str],
    urls: Mapping[str, str],
    data: Path | None,
) -> Iterator[Finding]:
    """All that is found, well or not.

    Args:
        installed: The services whose databases and queues are looked at, by name.
        urls: Where services are to be asked, by name.
        data: The folder of a suite on this machine.
    """
    readable: dict[str, ServiceSettings] = {}
    for name, service in installed.items():
        try:
            readable[name] = read(service.settings, environ)
        except SettingsWrong as error:
            yield Finding(name, "settings", "problem", f"{error}.", f.SETTINGS)
        else:
            yield Finding(name, "settings", "well", "All settings can be read.")
    yield from _databases(installed, readable)
    yield from _brokers(readable)
    for name, url in urls.items():
        yield from services.health(name, url)
    if data is not None:
        yield from servers.disk_of_folder(data)


def _databases(
    installed: Mapping[str, Service], readable: Mapping[str, ServiceSettings]
) -> Iterator[Finding]:
    for uri in dict.fromkeys(settings.mongodb_uri for settings in readable.values()):
        with connect(uri, name=NAME) as client:
            found = list(servers.database(client, uri))
            yield from found
            if found[0].level == "problem":
                continue
            for name, settings in readable.items():
                if settings.mongodb_uri == uri:
                    database = client[f"{settings.mongodb_prefix}{name}"]
                    service = installed[name]
                    try:
                        yield services.indexes(name, database, service.indexes)
                        yield services.outboxes(name, database, service.outboxes)
                        yield services.forms(name, database, service.forms)
                    except (*AWAY, OperationFailure) as error:
                        says = f"Its database cannot be read ({type(error).__name__})."
                        yield Finding(name, "database", "problem", says, f.DATABASE_AWAY)
            yield from servers.disk_of_database(client, "admin")


def _brokers(readable: Mapping[str, ServiceSettings]) -> Iterator[Finding]:
    """Where several services have one, it is asked once."""
    asked: dict[tuple[str, str, str], list[str]] = {}
    for name, one in readable.items():
        mongodb_uri = one.mongodb_uri if one.broker_url.startswith("embedded:") else ""
        asked.setdefault((one.broker_url, mongodb_uri, one.broker_prefix), []).append(name)
    for (url, mongodb_uri, prefix), names in asked.items():
        connected = bus.connect(url, mongodb_uri=mongodb_uri, prefix=prefix, name=NAME)
        with closing(connected) as broker:
            found = list(servers.broker(broker))
            yield from found
            if not any(one.check == "reachable" for one in found):
                for name in names:
                    yield from services.queues(name, broker)
