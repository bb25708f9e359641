"""Between a format that writes and a response that reads."""

from __future__ import annotations

import io
import threading
import traceback
from typing import Any

import pytest

from staffroll.plugins.errors import PluginFailed
from staffroll_export.domain.errors import TooManyDownloads
from staffroll_export.streaming import CHUNK_BYTES, Abandoned, Download, DownloadBroken, Downloads

WAIT_SECONDS = 10


class Broken(Exception):
    pass


def chunks(count: int, out: io.BufferedIOBase) -> None:
    for number in range(count):
        out.write(bytes([number]) * CHUNK_BYTES)


def test_what_is_written_in_any_pieces_is_read_in_chunks() -> None:
    pieces = [b"a" * 1, b"b" * (3 * CHUNK_BYTES), b"", b"c" * 10]

    def write(out: io.BufferedIOBase) -> None:
        for piece in pieces:
            assert out.write(piece) == len(piece)

    read = list(Downloads(1).start(write))

    assert b"".join(read) == b"".join(pieces)
    assert [len(chunk) for chunk in read] == [CHUNK_BYTES] * 3 + [11]


def test_nothing_written_is_nothing_read() -> None:
    assert list(Downloads(1).start(lambda out: None)) == []


def test_the_writer_waits_for_the_reader_so_that_memory_stays_flat() -> None:
    written: list[int] = []
    has_written_a_few = threading.Event()

    def write(out: io.BufferedIOBase) -> None:
        for number in range(100):
            out.write(b"x" * CHUNK_BYTES)
            written.append(number)
            if number == 2:
                has_written_a_few.set()

    download = Downloads(1).start(write)
    assert has_written_a_few.wait(WAIT_SECONDS)

    assert len(written) <= 4
    assert sum(map(len, download)) == 100 * CHUNK_BYTES


def test_a_failure_before_the_first_chunk_is_raised_as_it_is() -> None:
    def write(out: io.BufferedIOBase) -> None:
        out.write(b"some")
        raise Broken

    with pytest.raises(Broken):
        Downloads(1).start(write)


def test_a_failure_in_the_middle_breaks_the_download_after_what_was_sent() -> None:
    def write(out: io.BufferedIOBase) -> None:
        chunks(3, out)
        raise Broken("about Anna Müller")

    download = Downloads(1).start(write)
    read: list[bytes] = []
    with pytest.raises(DownloadBroken) as broken:
        read.extend(download)

    assert len(read) == 3
    assert "Anna" not in str(broken.value)


@pytest.mark.parametrize("error", [SystemExit(0), Abandoned(), StopIteration()])
def test_whatever_ends_a_writer_early_never_looks_like_a_good_end(error: BaseException) -> None:
    def write(out: io.BufferedIOBase) -> None:
        chunks(1, out)
        raise error

    with pytest.raises(DownloadBroken):
        list(Downloads(1).start(write))


def test_what_we_raise_on_purpose_is_raised_as_it_is_but_says_no_cause() -> None:
    cause = Broken("about Anna Müller")

    def write(out: io.BufferedIOBase) -> None:
        chunks(3, out)
        raise PluginFailed("odd") from cause

    with pytest.raises(PluginFailed) as failed:
        list(Downloads(1).start(write))

    assert "Anna" not in "".join(traceback.format_exception(failed.value))


@pytest.mark.parametrize("nonsense", ["text", ["a"], 7, None], ids=repr)
def test_only_bytes_can_be_written(nonsense: Any) -> None:
    def write(out: io.BufferedIOBase) -> None:
        out.write(nonsense)

    with pytest.raises(TypeError):
        Downloads(1).start(write)


def test_a_writer_can_ask_how_much_it_has_written() -> None:
    told: list[int] = []

    def write(out: io.BufferedIOBase) -> None:
        for piece in (b"", b"abc", memoryview(b"x" * CHUNK_BYTES)):
            out.write(piece)
            told.append(out.tell())

    list(Downloads(1).start(write))

    assert told == [0, 3, 3 + CHUNK_BYTES]


def test_a_reader_that_cannot_wait_asks_again() -> None:
    goes_on = threading.Event()

    def write(out: io.BufferedIOBase) -> None:
        assert goes_on.wait(WAIT_SECONDS)
        out.write(b"late")

    download = Download(write)
    with pytest.raises(TimeoutError):
        download.take(0.01)
    goes_on.set()

    assert (download.take(WAIT_SECONDS), download.take(WAIT_SECONDS)) == (b"late", None)
    assert download.is_over


def test_an_abandoned_writer_does_not_take_it_for_an_error_of_its_own() -> None:
    caught: list[Exception] = []

    def write(out: io.BufferedIOBase) -> None:
        try:
            chunks(100, out)
        except Exception as error:  # noqa: BLE001 (as a careless format would)
            caught.append(error)

    download = Downloads(1).start(write)
    next(download)
    download.close()

    assert caught == []


def test_closing_in_the_middle_ends_the_writer() -> None:
    ended = threading.Event()

    def write(out: io.BufferedIOBase) -> None:
        try:
            chunks(100, out)
        finally:
            ended.set()

    download = Downloads(1).start(write)
    next(download)
    download.close()

    assert ended.is_set()


def test_more_downloads_than_allowed_are_refused_until_one_is_closed() -> None:
    downloads = Downloads(1)
    first = downloads.start(lambda out: chunks(5, out))

    with pytest.raises(TooManyDownloads):
        downloads.start(lambda out: chunks(5, out))
    first.close()
    first.close()

    second = downloads.start(lambda out: chunks(1, out))
    assert len(list(second)) == 1
    second.close()


def test_a_download_that_failed_to_start_takes_no_place() -> None:
    def fail(out: io.BufferedIOBase) -> None:
        raise Broken

    downloads = Downloads(1)
    for _ in range(3):
        with pytest.raises(Broken):
            downloads.start(fail)

    downloads.start(lambda out: None).close()
