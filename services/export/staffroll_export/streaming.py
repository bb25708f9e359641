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
from typing import Any, Final, NoReturn

from staffroll.errors import StaffrollError
from staffroll.faults import log_fault
from staffroll_export.domain.errors import TooManyDownloads

CHUNK_BYTES: Final = 64 * 1024
_CHUNKS_AHEAD: Final = 2

Writing = Callable[[io.BufferedIOBase], None]


class DownloadBroken(Exception):
    """What was sent so far is not the whole; the server must not end it as if it were."""


class Abandoned(BaseException):
    """The reader went away; there is nobody to write for.

    As with `GeneratorExit`, nothing went wrong: what a format does about errors is not meant.
    """


class _Pipe(io.BufferedIOBase):
    """What a format writes to: gathers chunks, and waits where the reader is slower."""

    def __init__(self, hand_over: Callable[[bytes], None]) -> None:
        self._hand_over = hand_over
        self._waiting = bytearray()
        self._size_bytes = 0

    def writable(self) -> bool:
        return True

    def write(self, data: Any, /) -> int:
        """Raises `Abandoned`, and `TypeError` for what are no bytes."""
        with memoryview(data) as view:
            length = view.nbytes
            self._waiting += view
        self._size_bytes += length
        while len(self._waiting) >= CHUNK_BYTES:
            chunk = bytes(self._waiting[:CHUNK_BYTES])
            del self._waiting[:CHUNK_BYTES]
            self._hand_over(chunk)
        return length

    def tell(self) -> int:
        return self._size_bytes

    def hand_over_rest(self) -> None:
        if self._waiting:
            self._hand_over(bytes(self._waiting))
            self._waiting.clear()


class Download(Iterator[bytes]):
    """The chunks of what `write` writes; to be taken by one thread to the end, or closed.

    What `write` raises before the first chunk is full is raised as it is, so that it can still
    be answered properly. Later so is only what we raise on purpose, since servers log it and it
    quotes nobody; all else becomes `DownloadBroken`.

    Args:
        closed: Called once, when the reader is done.
    Attributes:
        is_over: Nothing more will come.
    """

    def __init__(self, write: Writing, closed: Callable[[], None] = lambda: None) -> None:
        self.is_over = False
        self._queue: Queue[bytes | None] = Queue(_CHUNKS_AHEAD)
        self._is_abandoned = False
        self._error: Exception | None = None
        self._has_begun = False
        self._first: bytes | None = None
        self._closed: Callable[[], None] | None = closed
        self._thread = threading.Thread(
            target=self._run, args=(write,), name="download", daemon=True
        )
        self._thread.start()

    def wait_for_first(self) -> None:
        """Until there is a chunk, or the end; raises what `write` raises until then."""
        self._first = self.take()

    def take(self, timeout_seconds: float | None = None) -> bytes | None:
        """The next chunk, or None at the end.

        Raises:
            TimeoutError: There is none yet; it can be asked for again.
        """
        if self._first is not None:
            chunk, self._first = self._first, None
            return chunk
        if self.is_over:
            return None
        try:
            following = self._queue.get(timeout=timeout_seconds)
        except Empty:
            raise TimeoutError from None
        if following is not None:
            self._has_begun = True
            return following
        self.is_over = True
        self.close()
        if self._error is not None:
            self._fail(self._error)
        return None

    def __next__(self) -> bytes:
        chunk = self.take()
        if chunk is None:
            raise StopIteration
        return chunk

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

    def _fail(self, error: Exception) -> NoReturn:
        if not self._has_begun:
            raise error
        log_fault("download_broken", error)
        if isinstance(error, StaffrollError):
            raise error from None
        raise DownloadBroken(type(error).__name__) from None

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
        download = Download(write, closed=self.take_place())
        download.wait_for_first()
        return download

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
