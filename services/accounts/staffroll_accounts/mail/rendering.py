"""A waiting mail as a message: text and HTML, in the reader's language."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP, SMTPUTF8
from email.utils import format_datetime, parseaddr
from functools import cache
from typing import Final

from email_validator import EmailNotValidError, validate_email
from jinja2 import Environment, PackageLoader, StrictUndefined, TemplateNotFound, UndefinedError

from staffroll.settings import SettingsWrong
from staffroll_accounts.domain.mails import Mail

FALLBACK: Final = "en"


class MailWrong(Exception):
    """No message can be made of it: no template, lacking data, or an address that is none."""


@dataclass(frozen=True, slots=True)
class Letterhead:
    """What all mails have in common.

    Attributes:
        sender: The address that they come from, and the name that stands before it.
        links_to: Where accounts' pages are, without a slash at the end.
    """

    sender: Address
    links_to: str

    @classmethod
    def read(cls, sender: str, links_to: str) -> Letterhead:
        """From settings.

        Raises:
            SettingsWrong: The sender is not ``address`` or ``name <address>``.
        """
        name, address = parseaddr(sender if sender.isprintable() else "")
        try:
            return cls(Address(name, addr_spec=_ascii_domain(address)), links_to.rstrip("/"))
        except (EmailNotValidError, ValueError, IndexError) as error:
            wrong = "STAFFROLL_MAIL_FROM has the form Name <address@example.org>"
            raise SettingsWrong(wrong) from error


def render(
    mail: Mail, mail_id: str, tenant_id: str, letterhead: Letterhead, now: datetime
) -> EmailMessage:
    """The message, the same for the same mail, so that one sent twice can be told.

    Raises:
        MailWrong: However often it is tried.
    """
    token = mail.data.get("token")
    link = f"{letterhead.links_to}/set-password?token={token}" if token else ""
    subject, body, language = _filled(mail, tenant=tenant_id, link=link)
    to = _address(mail.to)
    # A mailbox of another script can only be written to in UTF-8 (RFC 6531).
    message = EmailMessage(policy=SMTP if to.username.isascii() else SMTPUTF8)
    message["Subject"] = subject
    message["From"] = letterhead.sender
    message["To"] = to
    message["Date"] = format_datetime(now)
    message["Message-ID"] = f"<{mail_id}@{letterhead.sender.domain}>"
    message["Auto-Submitted"] = "auto-generated"
    message.set_content(body)
    html = (
        _html()
        .get_template("layout.html")
        .render(
            subject=subject, paragraphs=body.strip().split("\n\n"), link=link, language=language
        )
    )
    message.add_alternative(html, subtype="html")
    message["Content-Language"] = language
    return message


def _filled(mail: Mail, **more: str) -> tuple[str, str, str]:
    """Subject, text and language."""
    language = mail.language.partition("-")[0].lower()
    names = [f"{known}/{mail.template}.txt" for known in (language, FALLBACK)]
    try:
        template = _text().select_template(names)
        filled = template.render(**{**mail.data, **more})
    except (TemplateNotFound, UndefinedError, TypeError) as error:
        raise MailWrong(mail.template) from error
    subject, _, body = filled.partition("\n\n")
    return subject, body, str(template.name).partition("/")[0]


def _address(text: str) -> Address:
    try:
        name, _, domain = _ascii_domain(text).rpartition("@")
        return Address(username=name, domain=domain)
    except (EmailNotValidError, ValueError, IndexError) as error:
        raise MailWrong("address") from error


def _ascii_domain(address: str) -> str:
    """The address with an internationalised domain in the form that every server knows."""
    found = validate_email(address, check_deliverability=False, test_environment=True)
    return found.ascii_email or f"{found.local_part}@{found.ascii_domain}"


@cache
def _text() -> Environment:
    # Plain text: there is nothing to escape from.
    return Environment(  # noqa: S701
        loader=PackageLoader(__package__), undefined=StrictUndefined, keep_trailing_newline=True
    )


@cache
def _html() -> Environment:
    return Environment(
        loader=PackageLoader(__package__), undefined=StrictUndefined, autoescape=True
    )
