from __future__ import annotations

import errno
import os
from pathlib import Path

import pytest

from staffroll.local.folder import LOG_BYTES, DataFolder
from staffroll.local.refusals import FolderInUse, FolderUnusable


def nobody_waits() -> None:
    raise AssertionError("there was nothing to wait for")


def opened(path: Path) -> DataFolder:
    folder = DataFolder(path)
    folder.open(nobody_waits)
    return folder


def test_secrets_are_made_once_and_kept(tmp_path: Path) -> None:
    folder = opened(tmp_path / "data")

    first = folder.secrets()
    folder.keep({**first, "demo_password": "correct horse"})
    again = folder.secrets()

    assert len(first["secret_key"]) >= 32
    assert again == {**first, "demo_password": "correct horse"}
    assert (tmp_path / "data" / "secrets.json").stat().st_mode & 0o777 == 0o600
    folder.close()


def test_a_folder_that_is_in_use_names_the_process(tmp_path: Path) -> None:
    first = opened(tmp_path)

    with pytest.raises(FolderInUse, match=rf"\(process {os.getpid()}\) already runs"):
        opened(tmp_path)

    first.close()
    opened(tmp_path).close()


@pytest.mark.parametrize(
    ("number", "reason"),
    [
        (errno.ENOSPC, "the disk is full"),
        (errno.EROFS, "the disk is read-only"),
        (errno.EACCES, "it may not be written by you"),
    ],
)
def test_a_folder_that_cannot_be_written_is_one_sentence(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, number: int, reason: str
) -> None:
    def refuse(*_: object, **__: object) -> int:
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr(os, "open", refuse)

    with pytest.raises(FolderUnusable, match=reason):
        opened(tmp_path)


def test_a_file_in_its_place_is_one_sentence(tmp_path: Path) -> None:
    (tmp_path / "data").write_text("not a folder")

    with pytest.raises(FolderUnusable, match="it is no folder"):
        opened(tmp_path / "data")
    with pytest.raises(FolderUnusable, match="it is no folder"):
        opened(tmp_path / "data" / "below")


def test_a_large_log_is_put_aside(tmp_path: Path) -> None:
    folder = opened(tmp_path)
    log = folder.log("web")
    log.write_bytes(b"x" * (LOG_BYTES + 1))

    again = folder.log("web")

    assert again == log
    assert not log.exists()
    assert (tmp_path / "logs" / "web.log.1").stat().st_size == LOG_BYTES + 1
    folder.close()
