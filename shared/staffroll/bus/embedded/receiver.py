"""Receiving: one I/O thread that claims, renews leases and settles, all in batches."""

from __future__ import annotations

import heapq
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any, Final

import structlog
from pymongo.database import Database
from pymongo.errors import PyMongoError

from staffroll.bus.contract import DELIVERY_LIMIT, Delivery
from staffroll.bus.embedded.dead_letters import bury
from staffroll.bus.embedded.delivery import Ack, Bury, EmbeddedDelivery, Retry, Verdict
from staffroll.bus.embedded.registry import STATIC, Registry
from staffroll.bus.embedded.storage import Claimed, Claims
from staffroll.bus.embedded.watcher import Watcher
from staffroll.faults import log_fault

POLL_SECONDS: Final = 1.0
_TOUCH_SECONDS: Final = 0.3
_PAUSE_SECONDS: Final = 0.3
_PAUSE_AFTER_FAILURE_SECONDS: Final = 1.0

log = structlog.get_logger()


class EmbeddedReceiver:
    """A `staffroll.bus.contract.Receiver`."""

    def __init__(
        self,
        database: Database[dict[str, Any]],
        registry: Registry,
        watcher: Watcher,
        is_reachable: Callable[[], bool],
        queues: Sequence[str],
        deliver: Callable[[Delivery], None],
        *,
        prefetch: int,
        lease_seconds: float,
    ) -> None:
        self._database = database
        self._registry = registry
        self._watcher = watcher
        self._is_reachable = is_reachable
        self._claims = {queue: Claims(database, queue, lease_seconds) for queue in queues}
        self._expiring = [queue for queue in queues if queue not in STATIC]
        self._deliver = deliver
        self._prefetch = prefetch
        self._in_hand: dict[str, dict[EmbeddedDelivery, Claimed]] = {q: {} for q in queues}
        # What other threads tell the I/O thread, guarded by the condition.
        self._changed = threading.Condition()
        self._settled: list[tuple[EmbeddedDelivery, Verdict]] = []
        self._woken = set(queues)
        self._ends_at: float | None = None
        # What the I/O thread alone knows.
        self._retries: list[tuple[float, int, str, Claimed]] = []
        self._numbers = 0
        self._poll_at = self._touch_at = 0.0
        self._renew_seconds = lease_seconds / 3
        self._renew_at = time.monotonic() + self._renew_seconds
        watcher.listen(queues, self._wake)
        self._thread = threading.Thread(target=self._run, name="bus-receiver", daemon=True)
        self._thread.start()

    @property
    def is_connected(self) -> bool:
        return self._thread.is_alive() and self._is_reachable()

    def stop(self, timeout_seconds: float = 10.0) -> None:
        with self._changed:
            self._ends_at = time.monotonic() + timeout_seconds
            self._changed.notify_all()
        self._thread.join(timeout_seconds + 5.0)
        self._watcher.forget(self._wake)

    def _wake(self, queues: Sequence[str]) -> None:
        with self._changed:
            self._woken.update(queues)
            self._changed.notify_all()

    def _settle_later(self, delivery: EmbeddedDelivery, verdict: Verdict) -> None:
        with self._changed:
            if delivery.is_settled:
                return
            delivery.is_settled = True
            self._settled.append((delivery, verdict))
            self._changed.notify_all()

    def _run(self) -> None:
        while not self._is_over():
            self._wait()
            try:
                self._turn()
            except PyMongoError as error:
                log.info("bus.receive_failed", error=type(error).__name__)
                self._pause()
            except Exception as error:  # noqa: BLE001 - the thread must outlive any bug
                log_fault("bus.receive_failed", error)
                self._pause()
        try:
            self._settle()
            self._give_all_back()
        except PyMongoError as error:
            log.info("bus.give_back_failed", error=type(error).__name__)

    def _turn(self) -> None:
        self._settle()
        now = time.monotonic()
        if now >= self._renew_at:
            self._renew_at = now + self._renew_seconds
            self._renew()
        if self._expiring and now >= self._touch_at:
            self._touch_at = now + _TOUCH_SECONDS
            self._registry.touch(self._expiring)
        if self._ends_at is None:
            self._wake_due(now)
            self._claim()

    def _wait(self) -> None:
        now = time.monotonic()
        due = [self._renew_at]
        due += [self._touch_at] if self._expiring else []
        if self._ends_at is None:
            due += [self._poll_at, *(due_at for due_at, *_ in self._retries[:1])]
        else:
            due.append(self._ends_at)
        with self._changed:
            self._changed.wait_for(self._has_work, max(0.0, min(due) - now))

    def _has_work(self) -> bool:
        if self._settled or self._is_over():
            return True
        return self._ends_at is None and any(self._room(queue) for queue in self._woken)

    def _is_over(self) -> bool:
        """Whether we were told to stop, and nothing is in hand or the time is up."""
        if self._ends_at is None:
            return False
        return not any(self._in_hand.values()) or time.monotonic() >= self._ends_at

    def _pause(self) -> None:
        with self._changed:
            self._changed.wait_for(self._is_over, _PAUSE_SECONDS)

    def _room(self, queue: str) -> int:
        return self._prefetch - len(self._in_hand[queue])

    def _wake_due(self, now: float) -> None:
        due = set()
        while self._retries and self._retries[0][0] <= now:
            due.add(heapq.heappop(self._retries)[2])
        if now >= self._poll_at:
            self._poll_at = now + POLL_SECONDS
            due.update(self._claims)
        with self._changed:
            self._woken.update(due)

    def _claim(self) -> None:
        with self._changed:
            queues = [queue for queue in self._woken if self._room(queue)]
            self._woken.difference_update(queues)
        for queue in queues:
            room = self._room(queue)
            found = self._claims[queue].claim(room)
            if len(found) == room:
                self._wake((queue,))
            for claimed in found:
                self._hand_out(queue, claimed)

    def _hand_out(self, queue: str, claimed: Claimed) -> None:
        if claimed.deliveries > DELIVERY_LIMIT:
            # Whoever had it that often died of it, or was killed with it in hand.
            last = replace(claimed, deliveries=claimed.deliveries - 1)
            bury(self._database, queue, last, "delivery_limit", "")
            self._claims[queue].delete([claimed])
            return
        delivery = EmbeddedDelivery(queue, claimed, self._settle_later)
        self._in_hand[queue][delivery] = claimed
        try:
            self._deliver(delivery)
        except Exception as error:  # noqa: BLE001 - the others' messages must go on
            log_fault("bus.deliver_failed", error, queue=queue)
            delivery.retry(_PAUSE_AFTER_FAILURE_SECONDS)

    def _settle(self) -> None:
        with self._changed:
            settled, self._settled = self._settled, []
        try:
            self._settle_all(settled)
        except PyMongoError:
            # Said again when the database is back: otherwise what is done comes twice.
            with self._changed:
                self._settled[:0] = settled
            raise

    def _settle_all(self, settled: Sequence[tuple[EmbeddedDelivery, Verdict]]) -> None:
        done: dict[str, list[EmbeddedDelivery]] = {}
        for delivery, verdict in settled:
            queue = delivery.queue
            if delivery not in self._in_hand[queue]:
                continue
            match verdict:
                case Ack():
                    done.setdefault(queue, []).append(delivery)
                case Retry(after_seconds):
                    self._claims[queue].give_back([delivery.claimed], after_seconds)
                    self._in_hand[queue].pop(delivery)
                    due_at = time.monotonic() + after_seconds
                    self._numbers += 1
                    retry = (due_at, self._numbers, queue, delivery.claimed)
                    heapq.heappush(self._retries, retry)
                case Bury(reason, error):
                    bury(self._database, queue, delivery.claimed, reason, error)
                    done.setdefault(queue, []).append(delivery)
        for queue, deliveries in done.items():
            self._claims[queue].delete(delivery.claimed for delivery in deliveries)
            for delivery in deliveries:
                self._in_hand[queue].pop(delivery, None)

    def _renew(self) -> None:
        for queue, held in self._in_hand.items():
            if held:
                self._claims[queue].extend(held.values())

    def _give_all_back(self) -> None:
        """What is unsettled, and what only waits for its next try."""
        for queue, held in self._in_hand.items():
            waiting = [claimed for _, _, of, claimed in self._retries if of == queue]
            if held or waiting:
                self._claims[queue].give_back([*held.values(), *waiting])
