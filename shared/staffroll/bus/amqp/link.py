"""One connection with one channel, kept up on a thread of its own."""

from __future__ import annotations

import random
import threading
from collections import deque
from collections.abc import Callable
from functools import partial
from typing import Any, Final

import pika
import structlog
from pika.adapters.select_connection import IOLoop
from pika.exceptions import AMQPError, ChannelClosedByBroker

from staffroll.faults import log_fault

FIRST_PAUSE_SECONDS: Final = 0.1
LONGEST_PAUSE_SECONDS: Final = 5.0
_NOT_FOUND: Final = 404

log = structlog.get_logger()


class Link:
    """Connects in the background, and again whenever the connection or its channel breaks.

    Everything but `call` and `close` is for the I/O thread, and all callbacks run there.

    Args:
        opened: Given each fresh channel; says `ready` when it has set it up.
        lost: The channel is gone, with all that was under way on it.
        declare: Makes the topology on a channel, without waiting; used after a channel
            died of something missing, as when a broker came back without its data.
    """

    def __init__(
        self,
        parameters: pika.URLParameters,
        *,
        thread_name: str,
        opened: Callable[[Any], None],
        lost: Callable[[], None],
        declare: Callable[[Any], None],
    ) -> None:
        self._parameters = parameters
        self._opened = opened
        self._lost = lost
        self._declare = declare
        self._loop = IOLoop()
        self._work: deque[Callable[[], None]] = deque()
        self._woken = False
        self._connection: Any = None
        self._has_channel = False
        self._is_ready = False
        self._ending = False
        self._failures = 0
        self._something_missing = False
        self._thread = threading.Thread(target=self._run, name=thread_name, daemon=True)

    def start(self) -> None:
        """Begin to connect; only when whoever is called back can use this object already."""
        self._thread.start()

    @property
    def is_ready(self) -> bool:
        return self._is_ready

    def ready(self) -> None:
        """The channel can be used; the next break starts with the shortest pause again."""
        self._is_ready = True
        self._failures = 0

    def call(self, work: Callable[[], None]) -> None:
        """Run `work` on the I/O thread soon; from any thread, in the order of the calls."""
        self._work.append(work)
        if not self._woken:
            self._woken = True
            self._loop.add_callback_threadsafe(self._do_work)

    def call_later(self, seconds: float, work: Callable[[], None]) -> None:
        self._loop.call_later(seconds, partial(self._guarded, work))

    def break_off(self) -> None:
        """Give up the connection, and connect again after a pause."""
        self._mark_lost()
        if self._connection is not None and self._connection.is_open:
            self._connection.close()

    def close(self, timeout_seconds: float) -> None:
        """End the connection. A broker that does not answer keeps the thread, which is a
        daemon, until the heartbeat gives it up; we wait no longer than the timeout."""
        self.call(self._end)
        self._thread.join(timeout_seconds)

    def _run(self) -> None:
        self._loop.add_callback_threadsafe(self._connect)
        while True:
            try:
                self._loop.start()
            except Exception as error:  # noqa: BLE001 - the thread must outlive any bug
                log_fault("bus.io_failed", error)
                self._guarded(self.break_off)
                self._loop.call_later(LONGEST_PAUSE_SECONDS, self._connect)
            else:
                break
        self._loop.close()

    def _do_work(self) -> None:
        self._woken = False
        while self._work:
            self._guarded(self._work.popleft())

    def _guarded(self, work: Callable[[], None]) -> None:
        try:
            work()
        except AMQPError as error:
            log.warning("bus.channel_failed", error=type(error).__name__)
            self.break_off()
        except Exception as error:  # noqa: BLE001 - the others' work must go on
            log_fault("bus.work_failed", error)

    def _connect(self) -> None:
        if self._ending:
            self._loop.stop()
            return
        if self._connection is not None:
            return
        self._connection = pika.SelectConnection(
            self._parameters,
            on_open_callback=lambda connection: connection.channel(
                on_open_callback=self._on_channel
            ),
            on_open_error_callback=self._on_connection_gone,
            on_close_callback=self._on_connection_gone,
            custom_ioloop=self._loop,
        )

    def _on_channel(self, channel: Any) -> None:
        self._has_channel = True
        channel.add_on_close_callback(self._on_channel_gone)
        if self._something_missing:
            self._something_missing = False
            self._declare(channel)
        self._opened(channel)

    def _on_channel_gone(self, _channel: Any, reason: Exception) -> None:
        if isinstance(reason, ChannelClosedByBroker):
            self._something_missing = reason.reply_code == _NOT_FOUND
            log.warning("bus.channel_closed", code=reason.reply_code, reason=reason.reply_text)
        self.break_off()

    def _on_connection_gone(self, _connection: Any, reason: BaseException) -> None:
        self._mark_lost()
        self._connection = None
        if self._ending:
            self._loop.stop()
            return
        longest = min(FIRST_PAUSE_SECONDS * 2**self._failures, LONGEST_PAUSE_SECONDS)
        pause = longest * random.uniform(0.5, 1.0)  # noqa: S311 - spreads reconnects, no secret
        if self._failures == 0:
            log.warning("bus.disconnected", error=type(reason).__name__)
        self._failures = min(self._failures + 1, 10)
        self._loop.call_later(pause, self._connect)

    def _mark_lost(self) -> None:
        self._is_ready = False
        if self._has_channel:
            self._has_channel = False
            self._lost()

    def _end(self) -> None:
        self._ending = True
        if self._connection is None:
            self._loop.stop()
        elif not (self._connection.is_closing or self._connection.is_closed):
            self._connection.close()
