"""Mail as files: where there is no mail server, to try things out."""

from __future__ import annotations

import os
from email.message import EmailMessage
from pathlib import Path

import structlog

from staffroll_accounts.mail.carrying import CarrierAway

_log = structlog.get_logger()


class Folder:
    """Writes each message to a file of its own, ``<id>.eml``; only the owner may read it."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def carry(self, message: EmailMessage, mail_id: str) -> None:
        """Raises `CarrierAway` where the folder cannot be written to."""
        whole, part = self._path / f"{mail_id}.eml", self._path / f".{mail_id}.part"
        try:
            self._path.mkdir(parents=True, exist_ok=True)
            opened = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
            with os.fdopen(opened, "wb") as file:
                file.write(bytes(message))
            part.replace(whole)
        except OSError as error:
            raise CarrierAway(type(error).__name__) from error
        _log.warning(
            "mail_not_sent",
            reason="No SMTP server is configured (STAFFROLL_SMTP_URL): the mail was written to "
            "the folder STAFFROLL_MAIL_FOLDER and nobody gets it.",
            mail=mail_id,
        )

    def close(self) -> None:
        """There is nothing to let go of."""
