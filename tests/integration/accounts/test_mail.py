"""Mail by real SMTP: sent once, encrypted, retried, kept over restarts, given up in the end."""

from __future__ import annotations

import json
import os
import socket
import sys
import threading
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import structlog

from staffroll.settings import SettingsWrong
from staffroll_accounts.domain.mails import Mail
from staffroll_accounts.here import at_rest_of
from staffroll_accounts.mail.chores import NOT_CONFIGURED, chores, post_of
from staffroll_accounts.mail.posting import Post
from staffroll_accounts.mail.rendering import Letterhead
from staffroll_accounts.mail.smtp import Smtp, SmtpServer
from staffroll_accounts.store.mails import WaitingMails
from tests.support.accounts import Accounts, Tenant, environ_of
from tests.support.apart import Process, free_ports
from tests.support.smtp import HOST, Certificate, Mailbox, mail_server, only, text_of
from tests.support.waiting import eventually


@pytest.fixture
def port() -> int:
    return free_ports(1)[0]


@pytest.fixture
def mailbox() -> Mailbox:
    return Mailbox()


@pytest.fixture(autouse=True)
def _nothing_waits(accounts: Accounts) -> Iterator[None]:
    """Mail of one test is not in the way of the next."""
    yield
    accounts.runtime.platform["users"].update_many(
        {}, {"$set": {"mails": []}, "$unset": {"mails_lease": ""}}
    )


def a_post(accounts: Accounts, port: int, **options: Any) -> Post:
    server = SmtpServer(HOST, port, needs_starttls=False)
    waiting = WaitingMails(accounts.runtime.platform, timedelta(seconds=30))
    letterhead = Letterhead.read("Acme <mail@acme.example>", "https://acme.example/account")
    options.setdefault("first_pause_seconds", 0.0)
    return Post(waiting, Smtp(server), at_rest_of(accounts.runtime), letterhead, **options)


def invite(tenant: Tenant, **changes: Any) -> dict[str, Any]:
    """A new user for whom an invitation waits."""
    user = tenant.create(invite=True, **changes)
    assert len(tenant.document(user["id"])["mails"]) == 1
    return user


def waiting(tenant: Tenant, user: dict[str, Any]) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = tenant.document(user["id"])["mails"]
    return found


def test_what_waits_is_sent_once_and_then_gone(
    accounts: Accounts, tenant: Tenant, port: int, mailbox: Mailbox
) -> None:
    user = invite(tenant)
    post = a_post(accounts, port)

    with mail_server(mailbox, port):
        post.run()
        post.run()

    (message,) = mailbox.to(user["email"])
    assert message["From"] == "Acme <mail@acme.example>"
    assert "https://acme.example/account/set-password?token=" in text_of(message)
    assert message["Message-ID"]
    document = tenant.document(user["id"])
    assert document["mails"] == []
    assert "mails_lease" not in document


def test_each_reads_their_own_language(
    accounts: Accounts, tenant: Tenant, port: int, mailbox: Mailbox
) -> None:
    english, german = invite(tenant, language="en"), invite(tenant, language="de")

    with mail_server(mailbox, port):
        a_post(accounts, port).run()

    assert "seven days" in text_of(mailbox.to(english["email"])[0])
    assert "sieben Tage" in text_of(mailbox.to(german["email"])[0])


def test_an_address_of_any_script_gets_its_mail(
    accounts: Accounts, tenant: Tenant, port: int, mailbox: Mailbox
) -> None:
    user = invite(tenant, email="jörg@müller.example")

    with mail_server(mailbox, port):
        a_post(accounts, port).run()

    assert len(mailbox.to("jörg@xn--mller-kva.example")) == 1
    assert waiting(tenant, user) == []


def test_a_sender_that_is_refused_delays_and_loses_nothing(
    accounts: Accounts, tenant: Tenant, port: int, mailbox: Mailbox
) -> None:
    user = invite(tenant)
    mailbox.sender_replies.append("550 5.7.1 not from you")

    with mail_server(mailbox, port):
        a_post(accounts, port, first_pause_seconds=3600.0).run()

    assert mailbox.messages == []
    assert waiting(tenant, user)[0]["tries"] == 1


def test_what_waits_is_unreadable_in_the_database(tenant: Tenant) -> None:
    user = invite(tenant)

    (mail,) = waiting(tenant, user)

    assert user["email"].encode() not in mail["sealed"]
    assert b"token" not in mail["sealed"]


def test_it_waits_while_the_server_is_down_and_goes_when_it_is_up(
    accounts: Accounts, tenant: Tenant, port: int, mailbox: Mailbox
) -> None:
    user = invite(tenant)
    post = a_post(accounts, port)

    post.run()
    post.run()

    assert len(waiting(tenant, user)) == 1
    with mail_server(mailbox, port):
        eventually(lambda: post.run() or mailbox.to(user["email"]), 15)  # type: ignore[func-returns-value]
    assert waiting(tenant, user) == []


@pytest.mark.parametrize("at", ["recipient_replies", "data_replies"])
def test_who_is_asked_to_come_later_comes_later(
    accounts: Accounts, tenant: Tenant, port: int, mailbox: Mailbox, at: str
) -> None:
    user = invite(tenant)
    post = a_post(accounts, port, first_pause_seconds=3600.0)
    getattr(mailbox, at).append("451 4.7.1 try again later")

    with mail_server(mailbox, port):
        post.run()
        post.run()
        (mail,) = waiting(tenant, user)
        hurried = a_post(accounts, port, now=lambda: datetime.now(UTC) + timedelta(hours=2))
        hurried.run()

    assert mail["tries"] == 1
    assert mail["at"] - mail["since"] >= timedelta(hours=1)
    assert len(mailbox.to(user["email"])) == 1


@pytest.mark.parametrize("at", ["recipient_replies", "data_replies"])
def test_what_is_refused_for_good_is_given_up_and_noted(
    accounts: Accounts, tenant: Tenant, port: int, mailbox: Mailbox, at: str
) -> None:
    user, other = invite(tenant), invite(tenant)
    getattr(mailbox, at).append(f"550 5.1.1 no {user['email']} here")

    with mail_server(mailbox, port), structlog.testing.capture_logs() as logs:
        a_post(accounts, port).run()

    document = tenant.document(user["id"])
    assert document["mails"] == []
    assert "mail.given-up" in [entry["action"] for entry in document["audit"]]
    assert len(mailbox.to(other["email"])) == 1
    assert [(log["event"], log["reason"]) for log in logs if "reason" in log] == [
        ("mail_given_up", "550")
    ]
    assert user["email"] not in json.dumps(logs, default=str)


@pytest.mark.parametrize("is_server_up", [True, False])
def test_after_a_day_it_is_given_up(
    accounts: Accounts, tenant: Tenant, port: int, mailbox: Mailbox, is_server_up: bool
) -> None:
    user = invite(tenant)
    mailbox.recipient_replies.append("451 later")
    post = a_post(accounts, port, now=lambda: datetime.now(UTC) + timedelta(hours=25))

    with mail_server(mailbox, port if is_server_up else free_ports(1)[0]):
        post.run()

    assert waiting(tenant, user) == []
    assert mailbox.messages == []


def test_pauses_grow_up_to_an_hour(
    accounts: Accounts, tenant: Tenant, port: int, mailbox: Mailbox
) -> None:
    user = invite(tenant)
    mailbox.recipient_replies.extend(["451 later"] * 12)
    moment = datetime.now(UTC)
    post = a_post(accounts, port, first_pause_seconds=5.0, now=lambda: moment)
    pauses = []

    with mail_server(mailbox, port):
        for _ in range(12):
            post.run()
            (mail,) = waiting(tenant, user)
            pauses.append((mail["at"] - moment).total_seconds())
            moment = mail["at"]

    assert [round(pause) for pause in pauses] == [
        5, 10, 20, 40, 80, 160, 320, 640, 1280, 2560, 3600, 3600,
    ]  # fmt: skip


def test_a_server_that_hangs_up_delays_and_loses_nothing(
    accounts: Accounts, tenant: Tenant, port: int, mailbox: Mailbox
) -> None:
    user = invite(tenant)
    mailbox.data_replies.append("421 4.3.2 shutting down")

    with mail_server(mailbox, port):
        post = a_post(accounts, port)
        eventually(lambda: post.run() or mailbox.to(user["email"]))  # type: ignore[func-returns-value]

    assert waiting(tenant, user) == []


def test_many_processes_send_each_mail_once(
    accounts: Accounts, tenant: Tenant, port: int, mailbox: Mailbox
) -> None:
    users = [invite(tenant) for _ in range(12)]
    for user in users[:4]:
        tenant.post(f"/v1/users/{user['id']}/invitations")
    posts = [a_post(accounts, port) for _ in range(6)]

    with mail_server(mailbox, port):
        threads = [threading.Thread(target=post.run) for post in posts]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(30)

    ids = [message["Message-ID"] for message in mailbox.messages]
    assert len(ids) == len(set(ids)) == 16


def test_a_process_that_died_while_sending_keeps_others_waiting_only_for_its_lease(
    accounts: Accounts, tenant: Tenant, port: int, mailbox: Mailbox
) -> None:
    user = invite(tenant)
    died = WaitingMails(accounts.runtime.platform, timedelta(seconds=30))
    batch = died.claim(datetime.now(UTC))

    with mail_server(mailbox, port):
        a_post(accounts, port).run()
        before = list(mailbox.messages)
        a_post(accounts, port, now=lambda: datetime.now(UTC) + timedelta(seconds=31)).run()

    assert before == []
    assert len(mailbox.to(user["email"])) == 1
    assert batch is not None
    assert not died.still_waits(batch, batch.mails[0], datetime.now(UTC))


def test_mail_that_cannot_be_opened_or_written_is_given_up(
    accounts: Accounts, tenant: Tenant, port: int, mailbox: Mailbox
) -> None:
    user = tenant.create()
    seal = at_rest_of(accounts.runtime).encrypt
    evil = json.dumps({"to": "a@x.example\r\nBcc: b@x.example", "template": "account-locked",
                       "language": "en", "data": {"name": "x", "email": "x"}})  # fmt: skip
    mails = [b"sealed with a key that is gone", seal(b"{}"), seal(evil.encode())]
    now = datetime.now(UTC)
    accounts.runtime.platform["users"].update_one(
        {"_id": user["id"]},
        {"$set": {"mails": [{"id": str(n), "at": now, "sealed": m} for n, m in enumerate(mails)]}},
    )

    with mail_server(mailbox, port):
        a_post(accounts, port).run()

    assert waiting(tenant, user) == []
    assert mailbox.messages == []


def test_a_deleted_document_takes_its_mail_with_it(
    accounts: Accounts, tenant: Tenant, port: int, mailbox: Mailbox
) -> None:
    user = invite(tenant)
    accounts.runtime.platform["users"].delete_one({"_id": user["id"]})

    with mail_server(mailbox, port):
        a_post(accounts, port).run()

    assert mailbox.messages == []


@pytest.mark.parametrize("scheme", ["smtps", "smtp"])
def test_mail_is_encrypted_to_a_server_whose_certificate_is_verified(
    mongodb_uri: str, prefix: str, port: int, mailbox: Mailbox, tmp_path: Path, scheme: str
) -> None:
    certificate = Certificate.make(tmp_path)
    url, options = f"{scheme}://{HOST}:{port}", {"ssl_context": certificate.context}
    if scheme == "smtp":
        url = f"{scheme}://u:p%40ss@{HOST}:{port}"
        options = {
            "tls_context": certificate.context,
            "require_starttls": True,
            "auth_required": True,
            "authenticator": only("u", "p@ss"),
        }
    trusting = Accounts(
        environ_of(mongodb_uri, f"{prefix}{scheme}_", smtp_url=url, smtp_ca_file=certificate.path)
    )
    doubting = Accounts(environ_of(mongodb_uri, f"{prefix}{scheme}_", smtp_url=url))
    try:
        tenant = trusting.tenant()
        user = invite(tenant)
        with mail_server(mailbox, port, **options):
            refused, sent = post_of(doubting.runtime), post_of(trusting.runtime)
            assert refused is not None
            assert sent is not None
            refused.run()
            before = list(mailbox.messages)
            sent.run()
    finally:
        trusting.close()
        doubting.close()

    assert before == []
    assert len(mailbox.to(user["email"])) == 1
    assert mailbox.encrypted == [True]


def test_nothing_is_said_to_a_server_that_does_not_encrypt(
    accounts: Accounts, tenant: Tenant, port: int, mailbox: Mailbox
) -> None:
    user = invite(tenant)
    letterhead = Letterhead.read("mail@acme.example", "https://acme.example")
    post = Post(
        WaitingMails(accounts.runtime.platform),
        Smtp(SmtpServer(HOST, port)),
        at_rest_of(accounts.runtime),
        letterhead,
    )

    with mail_server(mailbox, port):
        post.run()

    assert mailbox.messages == []
    assert len(waiting(tenant, user)) == 1


def test_a_silent_server_does_not_hold_the_mail_for_ever(
    accounts: Accounts, tenant: Tenant, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("staffroll_accounts.mail.smtp.TIMEOUT_SECONDS", 0.2)
    user = invite(tenant)

    with socket.create_server((HOST, 0)) as silent:
        a_post(accounts, silent.getsockname()[1]).run()

    assert len(waiting(tenant, user)) == 1
    assert "mails_lease" not in tenant.document(user["id"])


def test_without_a_server_mail_is_files_and_the_log_says_so(
    mongodb_uri: str, prefix: str, tmp_path: Path
) -> None:
    folder = tmp_path / "mail"
    here = Accounts(environ_of(mongodb_uri, f"{prefix}folder_", mail_folder=folder))
    try:
        tenant = here.tenant()
        user = invite(tenant)
        post = post_of(here.runtime)
        assert post is not None
        with structlog.testing.capture_logs() as logs:
            post.run()
        left = waiting(tenant, user)
    finally:
        here.close()

    (file,) = folder.iterdir()
    content = file.read_text()
    assert user["email"] in content
    assert "/set-password?token" in content
    assert file.stat().st_mode & 0o077 == 0
    assert left == []
    told = json.dumps(logs, default=str)
    assert "No SMTP server is configured" in told
    assert user["email"] not in told
    assert "set-password" not in told


def test_with_neither_mail_is_kept_and_readyz_says_so(accounts: Accounts, tenant: Tenant) -> None:
    user = invite(tenant)

    assert post_of(accounts.runtime) is None
    assert len(waiting(tenant, user)) == 1
    ready = tenant.get("/readyz", token=None)
    assert ready.status_code == 200
    assert ready.json["checks"]["mail"] == NOT_CONFIGURED


def test_readyz_tells_of_mail_that_should_have_gone_long_ago(
    mongodb_uri: str, prefix: str, tmp_path: Path
) -> None:
    here = Accounts(environ_of(mongodb_uri, f"{prefix}late_", mail_folder=tmp_path))
    try:
        tenant = here.tenant()
        in_step = tenant.get("/readyz", token=None).json["checks"]["mail"]
        user = invite(tenant)
        here.runtime.platform["users"].update_one(
            {"_id": user["id"]},
            {"$set": {"mails.0.at": datetime.now(UTC) - timedelta(minutes=7)}},
        )
        late = tenant.get("/readyz", token=None).json["checks"]["mail"]
    finally:
        here.close()

    assert in_step == "ok"
    assert "7 minutes" in late


def test_a_wrong_url_stops_the_consumer_at_its_start(mongodb_uri: str, prefix: str) -> None:
    here = Accounts(environ_of(mongodb_uri, f"{prefix}wrong_", smtp_url="http://mail"))
    try:
        with pytest.raises(SettingsWrong, match="STAFFROLL_SMTP_URL"):
            chores(here.runtime)
    finally:
        here.close()


def test_mail_survives_a_crash_of_the_process_that_would_have_sent_it(
    accounts: Accounts, tenant: Tenant, port: int, mailbox: Mailbox, tmp_path: Path
) -> None:
    url = f"smtp://{HOST}:{port}?starttls=never"
    environ = {**os.environ, **accounts.environ, "STAFFROLL_SMTP_URL": url}
    command = [sys.executable, "-m", "staffroll.cli", "consume", "accounts"]
    user = invite(tenant)

    first = Process(command, environ, tmp_path / "first.log")
    try:
        eventually(lambda: "mail_waits" in (tmp_path / "first.log").read_text(), 60)
    finally:
        first.kill()
    second = Process(command, environ, tmp_path / "second.log")
    try:
        with mail_server(mailbox, port):
            eventually(lambda: mailbox.to(user["email"]), 60)
            eventually(lambda: not waiting(tenant, user))
            forgot = {"tenant": tenant.id, "email": user["email"]}
            assert tenant.post("/v1/password-resets", forgot, token=None).status_code == 202
            eventually(lambda: mailbox.to(user["email"], "new password"), 10)
    finally:
        second.kill()

    assert len(mailbox.to(user["email"])) == 2
    log = (tmp_path / "second.log").read_text()
    assert user["email"] not in log
    assert "set-password" not in log


def test_mail_does_not_show_what_is_in_it() -> None:
    mail = Mail("anna@x.example", "invitation", "en", {"token": "hidden"})

    assert "anna" not in repr(mail)
    assert "hidden" not in repr(mail)
