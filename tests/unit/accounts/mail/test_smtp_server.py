"""STAFFROLL_SMTP_URL: what may be written there, and that it is encrypted unless said."""

from __future__ import annotations

import pytest

from staffroll.settings import SettingsWrong
from staffroll_accounts.mail.smtp import Smtp, SmtpServer


@pytest.mark.parametrize(
    "url, server",
    [
        ("smtp://h", SmtpServer("h", 587)),
        ("smtp://h:25/?starttls=never", SmtpServer("h", 25, needs_starttls=False)),
        ("smtp://h:2525?starttls=required", SmtpServer("h", 2525)),
        ("smtps://h", SmtpServer("h", 465, is_tls=True, needs_starttls=False)),
        (
            "smtps://u%40x:p%3A%2F@h:466",
            SmtpServer("h", 466, is_tls=True, needs_starttls=False, user="u@x", password="p:/"),
        ),
        ("smtp://u:p@[::1]:587", SmtpServer("::1", 587, user="u", password="p")),
    ],
)
def test_a_url_names_a_server(url: str, server: SmtpServer) -> None:
    assert SmtpServer.read(url) == server


@pytest.mark.parametrize(
    "url",
    ["h", "http://h", "smtp://", "smtp://h:x", "smtp://h:99999", "smtp://h?starttls=maybe",
     "smtp://h?tls=1", "smtp://h/path", "smtp://h?x", "smtp://u:p@h?starttls=never"],
)  # fmt: skip
def test_what_cannot_be_meant_stops_the_start(url: str) -> None:
    with pytest.raises(SettingsWrong, match="STAFFROLL_SMTP_URL"):
        SmtpServer.read(url)


def test_the_password_shows_nowhere() -> None:
    assert "hidden" not in repr(SmtpServer.read("smtp://u:hidden@h"))


def test_a_missing_file_of_authorities_stops_the_start() -> None:
    with pytest.raises(SettingsWrong, match="STAFFROLL_SMTP_CA_FILE"):
        Smtp(SmtpServer("h", 25), "/nowhere/ca.pem")
