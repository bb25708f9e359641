"""Whether what was started can do its work already, and whether news has arrived."""

from __future__ import annotations

import contextlib
import http.client
import json
import urllib.error
import urllib.request
from collections.abc import Mapping, Sequence
from urllib.parse import urlsplit

from staffroll import bus
from staffroll.bus import BrokerAway
from staffroll.bus.topology import queues
from staffroll.local.refusals import BrokerSilent
from staffroll.mongo import AWAY, connect
from staffroll.service import Service
from staffroll.settings import read


def waits_for(url: str) -> str | None:
    """What the service under `url` says it waits for; None when it is ready."""
    try:
        with urllib.request.urlopen(f"{url}/readyz", timeout=5):  # noqa: S310 - ours, on loopback
            return None
    except urllib.error.HTTPError as error:
        with error, contextlib.suppress(ValueError, AttributeError):
            checks = json.load(error).get("checks", {})
            waits = [f"{name}: {told}" for name, told in checks.items() if told != "ok"]
            return "; ".join(waits) or f"status {error.code}"
        return f"status {error.code}"
    except (OSError, http.client.HTTPException) as error:
        return str(getattr(error, "reason", error))


def news_under_way(services: Sequence[Service], environ: Mapping[str, str]) -> int | None:
    """How many messages lie in outboxes and queues, of all tenants; 0 when everybody knows
    everything, None when it cannot be told right now."""
    total = 0
    try:
        for service in services:
            settings = read(service.settings, environ)
            with connect(settings.mongodb_uri, name="staffroll-up") as client:
                database = client[f"{settings.mongodb_prefix}{service.name}"]
                for name in service.outboxes:
                    waiting = {"outbox.at": {"$exists": True}}
                    total += database[name].count_documents(waiting)
            broker = bus.connect(
                settings.broker_url,
                mongodb_uri=settings.mongodb_uri,
                prefix=settings.broker_prefix,
                name="staffroll-up",
            )
            try:
                total += sum(broker.waiting(queue) for queue in queues(service.name))
            finally:
                broker.close()
    except (*AWAY, BrokerAway):
        return None
    return total


def require_broker(service: Service, environ: Mapping[str, str]) -> None:
    """Ask the broker of STAFFROLL_BROKER_URL for a sign of life; make the queues on it.

    Raises:
        BrokerSilent: It does not answer.
        TopologyConflict: It has queues of ours with other properties.
    """
    settings = read(service.settings, environ)
    broker = bus.connect(
        settings.broker_url,
        mongodb_uri=settings.mongodb_uri,
        prefix=settings.broker_prefix,
        name="staffroll-up",
    )
    try:
        broker.declare()
    except BrokerAway as error:
        raise BrokerSilent(_place(settings.broker_url)) from error
    finally:
        broker.close()


def _place(url: str) -> str:
    """Host and port alone: there may be a password before them."""
    parts = urlsplit(url)
    return f"{parts.hostname}:{parts.port or (5671 if parts.scheme == 'amqps' else 5672)}"


def holds_data(services: Sequence[Service], environ: Mapping[str, str]) -> bool:
    """Whether any database of these services has a document."""
    for service in services:
        settings = read(service.settings, environ)
        with connect(settings.mongodb_uri, name="staffroll-up") as client:
            database = client[f"{settings.mongodb_prefix}{service.name}"]
            for name in database.list_collection_names():
                if database[name].find_one({}, {"_id": 1}) is not None:
                    return True
    return False
