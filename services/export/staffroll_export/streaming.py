"""From a format that writes to a response that reads: a thread, and a short queue between.

A format gets a stream to write to, HTTP wants chunks to take; neither may hold the whole.
The writer runs ahead by a few chunks and then waits for the reader, so the memory of a
download does not depend on its length.
"""

from __future__ import annotations

import io
import threading
from collections.abc import Callable, Iterator
from queue import Empty, Queue
from typing import Any, Final

from staffroll.faults import log_fault
from staffroll_export.domain.errors import TooManyDownloads

CHUNK_BYTES: Final = 64 * 1024
_CHUNKS_AHEAD: Final = 2

Writing = Callable[[io.BufferedIOBase], None]


class DownloadBroken(Exception):
    """What was sent so far is not the whole; the server must not end it as if it were."""


class Abandoned(Exception):
    """The reader went away; there is nobody to write for."""


class _Pipe(io.BufferedIOBase):
    """What a format writes to: gathers chunks, and waits where the reader is slower."""

    def __init__(self, hand_over: Callable[[bytes], None]) -> None:
        self._hand_over = hand_over
        self._waiting = bytearray()

    def writable(self) -> bool:
        return True

    def write(self, data: Any, /) -> int:
        """Raises `Abandoned`."""
        before = len(self._waiting)
        self._waiting += data
        length = len(self._waiting) - before
        while len(self._waiting) >= CHUNK_BYTES:
            chunk = bytes(self._waiting[:CHUNK_BYTES])
            del self._waiting[:CHUNK_BYTES]
            self._hand_over(chunk)
        return length

    def hand_over_rest(self) -> None:
        if self._waiting:
            self._hand_over(bytes(self._waiting))
            self._waiting.clear()


class Download(Iterator[bytes]):
    """The chunks of what `write` writes; to be iterated by one thread to the end, or closed.

    What `write` raises before the first chunk is full is raised here, so that it can still
    be answered properly; later it becomes `DownloadBroken`.

    Args:
        closed: Called once, when the reader is done.
    """

    def __init__(self, write: Writing, closed: Callable[[], None]) -> None:
        self._queue: Queue[bytes | None] = Queue(_CHUNKS_AHEAD)
        self._is_abandoned = False
        self._error: Exception | None = None
        self._is_over = False
        self._closed: Callable[[], None] | None = closed
        self._thread = threading.Thread(
            target=self._run, args=(write,), name="download", daemon=True
        )
        self._thread.start()
        self._first = self._queue.get()
        self._refuse_failed_start()

    def __next__(self) -> bytes:
        if self._first is not None:
            chunk, self._first = self._first, None
            return chunk
        if self._is_over:
            raise StopIteration
        following = self._queue.get()
        if following is not None:
            return following
        self._is_over = True
        self.close()
        if self._error is None:
            raise StopIteration
        log_fault("download_broken", self._error)
        raise DownloadBroken(type(self._error).__name__) from None

    def close(self) -> None:
        """Let go of the writer, wherever it is; can be called again."""
        self._is_abandoned = True
        try:
            while True:
                self._queue.get_nowait()
        except Empty:
            pass
        # One chunk that was on its way and the end fit into the emptied queue.
        self._thread.join()
        closed, self._closed = self._closed, None
        if closed is not None:
            closed()

    def _refuse_failed_start(self) -> None:
        if self._first is not None:
            return
        self._is_over = True
        self.close()
        if self._error is not None:
            raise self._error

    def _run(self, write: Writing) -> None:
        try:
            pipe = _Pipe(self._hand_over)
            write(pipe)
            pipe.hand_over_rest()
        except Exception as error:  # noqa: BLE001 (told to the reader, in the reader's thread)
            self._error = error
        except BaseException as error:  # noqa: BLE001 (sys.exit() in a format is no good end)
            self._error = DownloadBroken(type(error).__name__)
        finally:
            self._queue.put(None)

    def _hand_over(self, chunk: bytes) -> None:
        if self._is_abandoned:
            raise Abandoned
        self._queue.put(chunk)


class Downloads:
    """The downloads of this process, of which there are never too many."""

    def __init__(self, at_once: int) -> None:
        self._free = threading.BoundedSemaphore(at_once)

    def start(self, write: Writing) -> Download:
        """Raises `TooManyDownloads`, and what `write` raises at its beginning."""
        return Download(write, closed=self.take_place())

    def take_place(self) -> Callable[[], None]:
        """One of the places, until what is returned is called, once or more often.

        Raises:
            TooManyDownloads: There is none.
        """
        if not self._free.acquire(blocking=False):
            raise TooManyDownloads
        taken = [self._free.release]

        def give_back() -> None:
            if taken:
                taken.pop()()

        return give_back
