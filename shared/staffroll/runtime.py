"""What every process of a service stands on: database, broker, outbox, prepared once."""

from __future__ import annotations

import threading
import time
from collections.abc import Sequence
from functools import cached_property
from typing import Literal

import structlog
from pymongo.errors import OperationFailure

from staffroll import bus
from staffroll.bus import BrokerAway, TopologyConflict
from staffroll.mongo import (
    AWAY,
    Index,
    Outbox,
    Platform,
    TenantDatabase,
    connect,
    ensure_indexes,
    is_up,
)
from staffroll.plugins.installed import installed_here
from staffroll.plugins.platform import Plugins
from staffroll.plugins.sealing import Sealing
from staffroll.settings import ServiceSettings

Role = Literal["serve", "consume", "command"]

_RETRY_SECONDS = 0.5
_POLL_SECONDS = 0.05
_RETRY_AFTER_REFUSAL_SECONDS = 30.0
_REFUSALS = (85, 86, 11000)
"""Codes of the server: another index of this name or of these keys, and duplicates. They stay
until somebody acts, unlike a build that failed since others were at work on the collection."""

_log = structlog.get_logger()


class Runtime:
    """Connections of one process. Makes indexes and queues, waiting for servers to be there.

    Args:
        outboxes: The collections whose documents carry an outbox.
    Raises:
        TopologyConflict: The broker has a queue of ours with other properties.
    """

    def __init__(
        self,
        service: str,
        settings: ServiceSettings,
        role: Role,
        *,
        indexes: Sequence[Index],
        outboxes: Sequence[str],
    ) -> None:
        self.service = service
        self.settings = settings
        self.role = role
        self._indexes = indexes
        name = f"{settings.mongodb_prefix}{service}"
        self._client = connect(settings.mongodb_uri, name=f"{service}-{role}")
        self._outbox_client = connect(settings.mongodb_uri, name=f"{service}-outbox")
        self.platform = Platform(self._client[name])
        self.broker = bus.connect(
            settings.broker_url,
            mongodb_uri=settings.mongodb_uri,
            prefix=settings.broker_prefix,
            name=f"{service}-{role}",
        )
        self._stop = threading.Event()
        self._has_indexes = threading.Event()
        self._has_queues = threading.Event()
        self._try_queues()
        self._preparing = threading.Thread(target=self._prepare, name="preparing", daemon=True)
        self._preparing.start()
        self.outbox = Outbox(self._outbox_client[name], outboxes, self.broker)

    @cached_property
    def plugins(self) -> Plugins:
        """Those that are installed here; only services that call their hooks look for them."""
        # Only there, so that commands of others start without metrics.
        from staffroll.observing.metrics import plugin_called

        return Plugins(installed_here(), Sealing(self.settings.plugin_key), plugin_called)

    def tenant(self, tenant_id: str) -> TenantDatabase:
        return self.platform.tenant(tenant_id)

    @property
    def is_prepared(self) -> bool:
        """Whether the indexes stand, without which no rule of uniqueness holds."""
        return self._has_indexes.is_set()

    def wait_until_prepared(self, timeout_seconds: float | None = None) -> bool:
        """Whether indexes and queues stand within the time."""
        return self._has_indexes.wait(timeout_seconds) and self._has_queues.wait(timeout_seconds)

    def wait_until_usable(self, timeout_seconds: float) -> bool:
        """Whether the indexes stand within the time; with or without a broker."""
        return self._has_indexes.wait(timeout_seconds)

    def wait_for_broker(self, timeout_seconds: float) -> bool:
        """Whether what is committed now is sent at once; known within the time."""
        deadline = time.monotonic() + timeout_seconds
        while not self.outbox.is_connected and time.monotonic() < deadline:
            self._stop.wait(_POLL_SECONDS)
        return self.outbox.is_connected

    def database_answers(self) -> bool:
        return is_up(self._client)

    def waits_for_database(self) -> str | None:
        """For ``readyz``: what is waited for, or None."""
        if not self.database_answers():
            return "the database does not answer"
        return None if self.is_prepared else "indexes are being made"

    def waits_for_broker(self) -> str | None:
        """For ``readyz``: what is waited for, or None."""
        if self.outbox.is_connected:
            return None
        return "the broker does not answer; changes are accepted and sent later"

    def close(self) -> None:
        """Send what waits, then end all connections."""
        self._stop.set()
        self.outbox.close()
        self._preparing.join(5)
        self.broker.close()
        self._client.close()
        self._outbox_client.close()

    def _prepare(self) -> None:
        while not self._stop.is_set() and not self._has_indexes.is_set():
            try:
                ensure_indexes(self.platform.database, self._indexes)
                self._has_indexes.set()
            except AWAY as error:
                _log.warning("waiting_for_database", error=type(error).__name__)
                self._stop.wait(_RETRY_SECONDS)
            except OperationFailure as error:
                # Not its text, which quotes what is doubled.
                database, code = self.platform.database.name, error.code
                if code in _REFUSALS:
                    _log.critical("indexes_refused", database=database, code=code)
                    self._stop.wait(_RETRY_AFTER_REFUSAL_SECONDS)
                else:
                    _log.warning("indexes_failed", database=database, code=code)
                    self._stop.wait(_RETRY_SECONDS)
        while not self._stop.is_set() and not self._has_queues.is_set():
            try:
                self._try_queues()
            except TopologyConflict as error:
                _log.critical("topology_conflict", conflict=str(error))
                return
            if not self._has_queues.is_set():
                self._stop.wait(_RETRY_SECONDS)

    def _try_queues(self) -> None:
        try:
            self.broker.declare()
            self._has_queues.set()
        except BrokerAway:
            _log.warning("waiting_for_broker")
