"""The chore that sends what is due, on a few threads, so that no receiver delays another."""

from __future__ import annotations

import random
import threading
import time
from collections import Counter
from collections.abc import Callable
from typing import Final

import structlog

from staffroll.faults import log_fault
from staffroll.mongo import AWAY

LANES: Final = 16
LANES_OF_TENANT: Final = 8
LANES_OF_WEBHOOK: Final = 4
TURN_SECONDS: Final = 3.0
"""After that, whoever else waits gets the lane."""

_CLOSING_SECONDS: Final = 3.0
"""What takes longer is sent again by another process, when its lease has run out."""

Due = Callable[[], list[tuple[str, str]]]
SendNext = Callable[[str, str], bool]

_log = structlog.get_logger()


class Lanes:
    """Serves webhooks side by side, each for a turn.

    Args:
        due: Tenant and id of webhooks for which something is due.
        send_next: Sends the next delivery of one; False where nothing is due any more.
    """

    def __init__(self, due: Due, send_next: SendNext) -> None:
        self._due = due
        self._send_next = send_next
        self._taken: Counter[tuple[str, str]] = Counter()
        self._changed = threading.Condition()
        self._is_closing = False

    def run(self) -> None:
        """Give a lane to every webhook that waits, as far as there are some; return at once."""
        waiting = self._due()
        random.shuffle(waiting)
        for webhook in waiting:
            if self._take(webhook):
                threading.Thread(
                    target=self._serve, args=[webhook], name="webhooks", daemon=True
                ).start()

    def close(self) -> None:
        """Begin nothing more, and wait a little for what is being sent."""
        with self._changed:
            self._is_closing = True
            self._changed.wait_for(lambda: not self._taken.total(), _CLOSING_SECONDS)

    def is_idle(self) -> bool:
        with self._changed:
            return not self._taken.total()

    def _take(self, webhook: tuple[str, str]) -> bool:
        with self._changed:
            of_tenant = sum(
                lanes for (tenant_id, _), lanes in self._taken.items() if tenant_id == webhook[0]
            )
            has_room = (
                not self._is_closing
                and self._taken.total() < LANES
                and of_tenant < LANES_OF_TENANT
                and self._taken[webhook] < LANES_OF_WEBHOOK
            )
            if has_room:
                self._taken[webhook] += 1
            return has_room

    def _serve(self, webhook: tuple[str, str]) -> None:
        ends_at = time.monotonic() + TURN_SECONDS
        try:
            while not self._is_closing and time.monotonic() < ends_at and self._send_next(*webhook):
                pass
        except AWAY as error:
            _log.warning("webhooks_wait", error=type(error).__name__)
        except Exception as error:  # noqa: BLE001 - a thread must not end without its lane
            log_fault("webhook_failed", error, webhook=webhook[1])
        finally:
            with self._changed:
                self._taken[webhook] -= 1
                self._taken += Counter()  # forgets those that have none
                self._changed.notify_all()
