"""A real mail server in this process, that can be away, encrypted, or unwilling."""

from __future__ import annotations

import email
import re
import ssl
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from email import policy
from email.message import EmailMessage
from ipaddress import IPv4Address
from pathlib import Path
from typing import Any, cast

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import AuthResult, LoginPassword
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

HOST = "127.0.0.1"


@dataclass
class Mailbox:
    """What arrived, whoever it was for.

    Attributes:
        sender_replies: What the next senders are answered instead of being taken.
        recipient_replies: What the next recipients are answered instead of being taken.
        data_replies: What the next messages are answered instead of being taken.
    """

    messages: list[EmailMessage] = field(default_factory=list)
    envelopes: list[tuple[str, list[str]]] = field(default_factory=list)
    sender_replies: list[str] = field(default_factory=list)
    recipient_replies: list[str] = field(default_factory=list)
    data_replies: list[str] = field(default_factory=list)
    encrypted: list[bool] = field(default_factory=list)

    def to(self, address: str, subject: str = "") -> list[EmailMessage]:
        """Messages to this address whose subject contains `subject`, in order."""
        return [
            message
            for message, (_, recipients) in zip(self.messages, self.envelopes, strict=True)
            if recipients == [address] and subject in message["Subject"]
        ]

    async def handle_MAIL(  # noqa: N802 (aiosmtpd's name)
        self, _server: Any, _session: Any, envelope: Any, address: str, options: Any
    ) -> str:
        if self.sender_replies:
            return self.sender_replies.pop(0)
        envelope.mail_from = address
        envelope.mail_options.extend(options)
        return "250 OK"

    async def handle_RCPT(  # noqa: N802 (aiosmtpd's name)
        self, _server: Any, _session: Any, envelope: Any, address: str, _options: Any
    ) -> str:
        if self.recipient_replies:
            return self.recipient_replies.pop(0)
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server: Any, _session: Any, envelope: Any) -> str:  # noqa: N802
        if self.data_replies:
            return self.data_replies.pop(0)
        parsed = email.message_from_bytes(envelope.content, policy=policy.default)
        self.encrypted.append(server.transport.get_extra_info("ssl_object") is not None)
        self.envelopes.append((envelope.mail_from, list(envelope.rcpt_tos)))
        self.messages.append(cast(EmailMessage, parsed))
        return "250 OK"


@contextmanager
def mail_server(mailbox: Mailbox, port: int, **options: Any) -> Iterator[Mailbox]:
    """A mail server on `port` that puts everything into `mailbox`.

    Args:
        options: Of aiosmtpd's ``Controller``.
    """
    controller = Controller(mailbox, hostname=HOST, port=port, **options)
    controller.start()
    try:
        yield mailbox
    finally:
        controller.stop()


def only(user: str, password: str) -> Any:
    """An authenticator that lets in one user."""

    def authenticate(
        _server: Any, _session: Any, _envelope: Any, _mechanism: str, given: Any
    ) -> AuthResult:
        expected = LoginPassword(user.encode(), password.encode())
        return AuthResult(success=given == expected)

    return authenticate


@dataclass(frozen=True)
class Certificate:
    """A certificate of 127.0.0.1 that only itself vouches for."""

    path: Path
    context: ssl.SSLContext

    @classmethod
    def make(cls, folder: Path) -> Certificate:
        key = ec.generate_private_key(ec.SECP256R1())
        name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, HOST)])
        now = datetime.now(UTC)
        certificate = (
            x509.CertificateBuilder()
            .subject_name(name)
            .issuer_name(name)
            .public_key(key.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(now - timedelta(hours=1))
            .not_valid_after(now + timedelta(hours=1))
            .add_extension(
                x509.SubjectAlternativeName([x509.IPAddress(IPv4Address(HOST))]), critical=False
            )
            .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
            .sign(key, hashes.SHA256())
        )
        path, key_path = folder / "certificate.pem", folder / "key.pem"
        path.write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
        key_path.write_bytes(
            key.private_bytes(
                serialization.Encoding.PEM,
                serialization.PrivateFormat.PKCS8,
                serialization.NoEncryption(),
            )
        )
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(path, key_path)
        return cls(path, context)


def text_of(message: EmailMessage) -> str:
    part = message.get_body(("plain",))
    assert part is not None
    return cast(str, part.get_content())


def token_in(message: EmailMessage) -> str:
    """The token of the link in the mail."""
    found = re.search(r"/set-password\?token=(\S+)", text_of(message))
    assert found is not None, text_of(message)
    return found[1]
