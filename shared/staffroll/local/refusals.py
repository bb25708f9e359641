"""Why a suite did not start or go on, besides its database, each in one sentence."""

from __future__ import annotations

from pathlib import Path

from staffroll.local.errors import LocalServerError


class FolderInUse(LocalServerError):
    def __init__(self, folder: Path, pid: int | None) -> None:
        owner = f" (process {pid})" if pid else ""
        super().__init__(
            f"A Staffroll{owner} already runs on the data in {folder}: "
            "stop it, or choose another folder with --data."
        )


class FolderUnusable(LocalServerError):
    def __init__(self, folder: Path, reason: str) -> None:
        super().__init__(
            f"The data folder {folder} cannot be used ({reason}): choose another one with --data."
        )


class PortTaken(LocalServerError):
    def __init__(self, port: int, option: str) -> None:
        super().__init__(
            f"Port {port} is already taken: stop who listens there, "
            f"or choose another one with {option}."
        )


class BrokerSilent(LocalServerError):
    def __init__(self, place: str) -> None:
        super().__init__(f"The broker does not answer at {place}: see STAFFROLL_BROKER_URL.")


class NotReady(LocalServerError):
    def __init__(self, what: str, reason: str, log: Path) -> None:
        super().__init__(f"{what} did not become ready ({reason}): see {log}.")


class NothingInstalled(LocalServerError):
    def __init__(self) -> None:
        super().__init__("No service is installed here: pip install staffroll-accounts and others.")
