"""What the consumer process does about mail, and what `readyz` says about it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Final

from staffroll import clock
from staffroll.runtime import Runtime
from staffroll.scope import Actor, Scope
from staffroll.service import Chore
from staffroll_accounts.actions.passwords import answer_reset_request
from staffroll_accounts.here import (
    at_rest_of,
    due_resets_of,
    settings_of,
    store_of,
    waiting_mails_of,
)
from staffroll_accounts.mail.carrying import Carrier
from staffroll_accounts.mail.folder import Folder
from staffroll_accounts.mail.posting import Post
from staffroll_accounts.mail.rendering import Letterhead
from staffroll_accounts.mail.smtp import Smtp, SmtpServer
from staffroll_accounts.settings import AccountsSettings

_EVERY_SECONDS: Final = 0.3
_OVERDUE_MINUTES: Final = 5
NOT_CONFIGURED: Final = (
    "no SMTP server is configured (STAFFROLL_SMTP_URL) and no folder: mail is kept, not sent"
)


def chores(runtime: Runtime) -> Sequence[Chore]:
    """Answering forgotten passwords, and sending mail where it is set how.

    Raises:
        SettingsWrong: How mail is to be sent cannot be read.
    """
    found = [Chore("answering forgotten passwords", _EVERY_SECONDS, answering(runtime))]
    if (post := post_of(runtime)) is not None:
        found.append(Chore("sending mail", _EVERY_SECONDS, post.run, post.close))
    return found


def post_of(runtime: Runtime) -> Post | None:
    """What sends mail, or None where nothing is set. Raises `SettingsWrong`."""
    settings = settings_of(runtime)
    carrier = _carrier(settings)
    if carrier is None:
        return None
    base = settings.public_url_accounts or settings.public_url or "http://127.0.0.1:8101"
    letterhead = Letterhead.read(settings.mail_from, base)
    return Post(waiting_mails_of(runtime), carrier, at_rest_of(runtime), letterhead)


def answering(runtime: Runtime) -> Callable[[], None]:
    """Looks at all requests for a reset mail that are due."""
    due = due_resets_of(runtime)

    def answer() -> None:
        while (request := due.take(clock.now())) is not None:
            scope = Scope(
                request.tenant_id,
                Actor("anonymous"),
                store_of(runtime, request.tenant_id),
                clock.now(),
                request.correlation_id,
                address=request.address,
            )
            answer_reset_request(request.email, scope)
            due.done(request)

    return answer


def note(runtime: Runtime) -> Callable[[], str | None]:
    """For ``readyz``: what people should know about mail; the service is ready all the same."""
    settings = settings_of(runtime)
    is_set = bool(settings.smtp_url or settings.mail_folder)

    def say() -> str | None:
        if not is_set:
            return NOT_CONFIGURED
        oldest = waiting_mails_of(runtime).oldest()
        minutes = 0.0 if oldest is None else (clock.now() - oldest).total_seconds() / 60
        if minutes < _OVERDUE_MINUTES:
            return None
        return f"mail waits to be sent, the oldest for {minutes:.0f} minutes more than it should"

    return say


def _carrier(settings: AccountsSettings) -> Carrier | None:
    if settings.smtp_url:
        return Smtp(SmtpServer.read(settings.smtp_url), settings.smtp_ca_file or None)
    return Folder(Path(settings.mail_folder)) if settings.mail_folder else None
