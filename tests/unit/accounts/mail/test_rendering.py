"""A mail as a message: text and HTML, English and German, and nothing but what we wrote."""

from __future__ import annotations

import email
import re
from collections.abc import Mapping
from email import policy
from email.message import EmailMessage
from pathlib import Path
from typing import cast

import pytest

import staffroll_accounts
from staffroll.settings import SettingsWrong
from staffroll_accounts.domain.mails import Mail
from staffroll_accounts.mail.rendering import Letterhead, MailWrong, render
from tests.unit.accounts.builders import NOW

ROOM = Path(staffroll_accounts.__file__).parent
TEMPLATES = ROOM / "mail" / "templates"
NAMES = sorted(path.stem for path in (TEMPLATES / "en").glob("*.txt"))
HEAD = Letterhead.read("Acme <mail@acme.example>", "https://acme.example/account/")
DATA = {
    "name": "Anna Müller",
    "email": "anna@x.example",
    "old": "old@x.example",
    "token": "T0k-en_",
    "host": "hooks.example.org",
    "reason": "failing",
}


def a_mail(
    template: str = "password-reset",
    language: str = "en",
    to: str = "anna@x.example",
    data: Mapping[str, str] = DATA,
) -> Mail:
    return Mail(to, template, language, data)


def message_of(mail: Mail) -> EmailMessage:
    """What arrives: rendered, flattened, and read again."""
    rendered = render(mail, "m1", "acme", HEAD, NOW)
    parsed = email.message_from_bytes(bytes(rendered), policy=policy.default)
    return cast(EmailMessage, parsed)


def body_of(message: EmailMessage, kind: str) -> str:
    part = message.get_body((kind,))
    assert part is not None
    return cast(str, part.get_content())


@pytest.mark.parametrize("language", ["en", "de"])
@pytest.mark.parametrize("template", NAMES)
def test_every_mail_is_text_and_html_in_both_languages(template: str, language: str) -> None:
    message = message_of(a_mail(template, language))

    assert message["Content-Language"] == language
    assert len(message["Subject"]) > 10
    assert message["From"] == "Acme <mail@acme.example>"
    assert message["To"] == "anna@x.example"
    assert message["Auto-Submitted"] == "auto-generated"
    assert message["Message-ID"] == "<m1@acme.example>"
    assert message["Date"].datetime == NOW
    text = body_of(message, "plain")
    assert "Anna Müller" in text
    assert "acme" in text
    for word in re.findall(r"\w+", text):
        assert word in body_of(message, "html")


def test_both_languages_have_the_same_mails() -> None:
    assert sorted(path.stem for path in (TEMPLATES / "de").glob("*.txt")) == NAMES


def test_every_mail_that_the_rules_send_has_a_template() -> None:
    sources = "\n".join(path.read_text() for path in (ROOM / "domain").glob("*.py"))
    sent = set(re.findall(r'mail_to\(\w+, "([\w-]+)"|mail="([\w-]+)"', sources))
    named = {first or second for first, second in sent}

    assert named
    assert named <= set(NAMES)


def test_the_link_leads_to_the_page_with_the_token() -> None:
    message = message_of(a_mail())
    link = "https://acme.example/account/set-password?token=T0k-en_"

    assert link in body_of(message, "plain").splitlines()
    assert f'href="{link}"' in body_of(message, "html")


@pytest.mark.parametrize(
    "language, used", [("de-CH", "de"), ("DE", "de"), ("fr", "en"), ("", "en")]
)
def test_a_language_without_templates_falls_back_to_english(language: str, used: str) -> None:
    assert message_of(a_mail(language=language))["Content-Language"] == used


def test_a_name_is_text_in_html_not_markup() -> None:
    name = "<b onclick='x'>&{{ 7 * 7 }}"

    message = message_of(a_mail(data={**DATA, "name": name}))

    assert name in body_of(message, "plain")
    assert "<b " not in body_of(message, "html")
    assert "&lt;b" in body_of(message, "html")
    assert "{{ 7 * 7 }}" in body_of(message, "html")


@pytest.mark.parametrize("field", ["name", "email", "old"])
def test_line_breaks_in_data_begin_no_header(field: str) -> None:
    message = message_of(a_mail(data={**DATA, field: "x\r\nBcc: thief@x.example\r\n\r\nBuy"}))

    assert message["Bcc"] is None
    assert message.get_all("To") == ["anna@x.example"]


@pytest.mark.parametrize("line_break", ["\r\n", "\n", "\r", "\0", "\u2028", "\x85"])
def test_line_breaks_in_an_address_send_nothing(line_break: str) -> None:
    with pytest.raises(MailWrong):
        render(a_mail(to=f"a@x.example{line_break}Bcc: b@x.example"), "m1", "acme", HEAD, NOW)


def test_several_addresses_are_not_one() -> None:
    with pytest.raises(MailWrong):
        render(a_mail(to="a@x.example, b@x.example"), "m1", "acme", HEAD, NOW)


def test_the_domain_of_an_address_is_written_as_every_server_knows_it() -> None:
    assert message_of(a_mail(to="anna@müller.example"))["To"] == "anna@xn--mller-kva.example"


@pytest.mark.parametrize("template", ["nothing", "../layout", "en/password-reset"])
def test_a_mail_without_a_template_is_no_mail(template: str) -> None:
    with pytest.raises(MailWrong):
        render(a_mail(template), "m1", "acme", HEAD, NOW)


def test_a_mail_that_lacks_data_is_not_sent_half() -> None:
    with pytest.raises(MailWrong):
        render(a_mail(data={}), "m1", "acme", HEAD, NOW)


@pytest.mark.parametrize(
    "sender", ["", "nobody", "a b", "A <a@b@c>", "a@x.example\r\nBcc: b@x.example"]
)
def test_a_sender_that_is_none_stops_the_start(sender: str) -> None:
    with pytest.raises(SettingsWrong, match="STAFFROLL_MAIL_FROM"):
        Letterhead.read(sender, "https://acme.example")
