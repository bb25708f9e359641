"""Mail by SMTP, encrypted and to a server whose certificate was verified, unless told otherwise."""

from __future__ import annotations

import contextlib
import smtplib
import ssl
from dataclasses import dataclass, field
from email.message import EmailMessage
from typing import Final
from urllib.parse import parse_qsl, unquote, urlsplit

from staffroll.settings import SettingsWrong
from staffroll_accounts.mail.carrying import CarrierAway, Later, Never

TIMEOUT_SECONDS: Final = 10.0
_PORTS: Final = {"smtp": 587, "smtps": 465}
_PERMANENT: Final = 500


@dataclass(frozen=True, slots=True)
class SmtpServer:
    """A mail server and how to speak to it.

    Attributes:
        is_tls: From the first byte (``smtps``).
        needs_starttls: Nothing is said before the connection is encrypted.
        user: None where the server asks for none.
    """

    host: str
    port: int
    is_tls: bool = False
    needs_starttls: bool = True
    user: str | None = None
    password: str = field(default="", repr=False)

    @classmethod
    def read(cls, url: str) -> SmtpServer:
        """The server of ``smtp[s]://[user:password@]host[:port][?starttls=required|never]``.

        Raises:
            SettingsWrong: It cannot be read, or would send a password in the clear.
        """
        try:
            parts = urlsplit(url)
            port = parts.port
            options = dict(parse_qsl(parts.query, strict_parsing=bool(parts.query)))
        except ValueError as error:
            raise SettingsWrong(_FORM) from error
        starttls = options.pop("starttls", "required")
        is_known = parts.scheme in _PORTS and starttls in ("required", "never")
        if not is_known or not parts.hostname or options or parts.path not in ("", "/"):
            raise SettingsWrong(_FORM)
        is_tls = parts.scheme == "smtps"
        if parts.username and not is_tls and starttls == "never":
            raise SettingsWrong("STAFFROLL_SMTP_URL would send a password without encryption")
        return cls(
            host=parts.hostname,
            port=port or _PORTS[parts.scheme],
            is_tls=is_tls,
            needs_starttls=not is_tls and starttls == "required",
            user=unquote(parts.username) if parts.username else None,
            password=unquote(parts.password or ""),
        )


_FORM: Final = (
    "STAFFROLL_SMTP_URL has the form smtp://user:password@host:587, smtps://…, or "
    "smtp://host:25?starttls=never for a server without encryption"
)


class Smtp:
    """Hands messages to a mail server; a connection is kept until `close`.

    Args:
        ca_file: PEM file of whom to trust instead of the system's authorities.
    Raises:
        SettingsWrong: The file cannot be read.
    """

    def __init__(self, server: SmtpServer, ca_file: str | None = None) -> None:
        self._server = server
        try:
            self._tls = ssl.create_default_context(cafile=ca_file)
        except OSError as error:
            raise SettingsWrong("STAFFROLL_SMTP_CA_FILE cannot be read as PEM") from error
        self._connection: smtplib.SMTP | None = None

    def carry(self, message: EmailMessage, mail_id: str) -> None:
        """Raises `NotCarried`, in one of its kinds."""
        connection = self._connection or self._connect()
        try:
            connection.send_message(message)
        except smtplib.SMTPRecipientsRefused as error:
            code = max(code for code, _ in error.recipients.values())
            raise (Never if code >= _PERMANENT else Later)(str(code)) from error
        except smtplib.SMTPDataError as error:
            kind = Never if error.smtp_code >= _PERMANENT else Later
            raise kind(str(error.smtp_code)) from error
        except smtplib.SMTPResponseException as error:
            raise Later(str(error.smtp_code)) from error
        except (UnicodeError, ValueError) as error:
            raise Never(type(error).__name__) from error
        except (smtplib.SMTPException, OSError) as error:
            # Without a word of goodbye: who has just been silent would be waited for again.
            connection.close()
            raise Later(type(error).__name__) from error
        finally:
            # After a 421 the library has hung up by itself.
            if connection.sock is None:
                self._connection = None

    def close(self) -> None:
        """Hang up."""
        connection, self._connection = self._connection, None
        if connection is not None:
            with contextlib.suppress(smtplib.SMTPException, OSError):
                connection.quit()
            connection.close()

    def _connect(self) -> smtplib.SMTP:
        server = self._server
        try:
            connection = self._opened()
        except (smtplib.SMTPException, OSError) as error:
            raise CarrierAway(_reason(error)) from error
        try:
            if server.needs_starttls:
                connection.starttls(context=self._tls)
            if server.user is not None:
                connection.login(server.user, server.password)
        except (smtplib.SMTPException, OSError) as error:
            connection.close()
            raise CarrierAway(_reason(error)) from error
        self._connection = connection
        return connection

    def _opened(self) -> smtplib.SMTP:
        host, port = self._server.host, self._server.port
        if self._server.is_tls:
            return smtplib.SMTP_SSL(host, port, timeout=TIMEOUT_SECONDS, context=self._tls)
        return smtplib.SMTP(host, port, timeout=TIMEOUT_SECONDS)


def _reason(error: Exception) -> str:
    code = getattr(error, "smtp_code", None)
    return f"{type(error).__name__} {code}" if code else type(error).__name__
