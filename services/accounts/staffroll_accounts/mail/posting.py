"""The chore that sends what waits: retried with growing pauses, given up after a day."""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Final

import structlog
from cryptography.fernet import InvalidToken, MultiFernet

from staffroll import clock
from staffroll.audit import noted
from staffroll.events import Cause
from staffroll_accounts.domain.users import SOURCE
from staffroll_accounts.mail.carrying import Carrier, CarrierAway, Later, Never, NotCarried
from staffroll_accounts.mail.rendering import Letterhead, MailWrong, render
from staffroll_accounts.store.mails import Batch, WaitingMail, WaitingMails, unsealed

GIVE_UP_AFTER: Final = timedelta(days=1)
ACTOR: Final = "system:mail"
ROUND_SECONDS: Final = 3.0
"""Less than a process that ends waits for its chores."""

_FIRST_PAUSE_SECONDS: Final = 5.0
_LONGEST_PAUSE_SECONDS: Final = 3600.0
_FIRST_AWAY_SECONDS: Final = 1.0
_LONGEST_AWAY_SECONDS: Final = 60.0

_log = structlog.get_logger()


class Post:
    """Sends mail through `carrier`; any number of processes may do so at once.

    Args:
        first_pause_seconds: After the first failure of a mail; doubled at each further one.
    """

    def __init__(
        self,
        mails: WaitingMails,
        carrier: Carrier,
        at_rest: MultiFernet,
        letterhead: Letterhead,
        *,
        first_pause_seconds: float = _FIRST_PAUSE_SECONDS,
        now: Callable[[], datetime] = clock.now,
    ) -> None:
        self._mails = mails
        self._carrier = carrier
        self._at_rest = at_rest
        self._letterhead = letterhead
        self._first_pause_seconds = first_pause_seconds
        self._now = now
        self._is_closing = False
        self._away_seconds = 0.0
        self._away_until = 0.0

    def run(self) -> None:
        """Send what is due now, for `ROUND_SECONDS`, unless the carrier was away a moment ago."""
        ends_at = time.monotonic() + ROUND_SECONDS
        try:
            while not self._is_closing and self._away_until <= time.monotonic() < ends_at:
                batch = self._mails.claim(self._now())
                if batch is None:
                    return
                self._send_all(batch)
        finally:
            self._carrier.close()

    def close(self) -> None:
        """End after the mail that is being sent."""
        self._is_closing = True

    def _send_all(self, batch: Batch) -> None:
        try:
            for mail in batch.mails:
                if self._is_closing or not self._mails.still_waits(batch, mail, self._now()):
                    return
                try:
                    self._send(batch, mail)
                except CarrierAway as error:
                    self._wait_for_carrier(error)
                    self._give_up_if_old(batch, mail, error)
                    return
        finally:
            self._mails.release(batch)

    def _send(self, batch: Batch, mail: WaitingMail) -> None:
        try:
            opened = unsealed(mail.sealed, self._at_rest)
            message = render(opened, mail.id, batch.tenant_id, self._letterhead, mail.since)
            self._carrier.carry(message, mail.id)
        except (InvalidToken, MailWrong, TypeError, ValueError) as error:
            self._give_up(batch, mail, type(error).__name__)
        except Never as error:
            self._give_up(batch, mail, error.reason)
        except Later as error:
            self._is_back()
            if not self._give_up_if_old(batch, mail, error):
                self._mails.later(batch, mail, self._now() + self._pause(mail))
                self._tell("mail_delayed", batch, mail, error.reason)
        else:
            self._is_back()
            self._mails.sent(batch, mail)
            _log.info("mail_sent", tenant=batch.tenant_id, mail=mail.id, tries=mail.tries + 1)

    def _pause(self, mail: WaitingMail) -> timedelta:
        seconds = self._first_pause_seconds * 2.0 ** min(mail.tries, 20)
        return timedelta(seconds=min(seconds, _LONGEST_PAUSE_SECONDS))

    def _wait_for_carrier(self, error: CarrierAway) -> None:
        doubled = max(_FIRST_AWAY_SECONDS, self._away_seconds * 2)
        self._away_seconds = min(doubled, _LONGEST_AWAY_SECONDS)
        self._away_until = time.monotonic() + self._away_seconds
        _log.warning("mail_waits", reason=error.reason, again_in_seconds=self._away_seconds)

    def _is_back(self) -> None:
        self._away_seconds = 0.0

    def _give_up_if_old(self, batch: Batch, mail: WaitingMail, error: NotCarried) -> bool:
        if self._now() - mail.since < GIVE_UP_AFTER:
            return False
        self._give_up(batch, mail, error.reason)
        return True

    def _give_up(self, batch: Batch, mail: WaitingMail, reason: str) -> None:
        cause = Cause(SOURCE, batch.tenant_id, ACTOR, self._now())
        self._mails.given_up(batch, mail, noted(cause, "mail.given-up", batch.user_id))
        self._tell("mail_given_up", batch, mail, reason)

    def _tell(self, event: str, batch: Batch, mail: WaitingMail, reason: str) -> None:
        # Neither address nor content: the log is read by more people than the mail.
        _log.warning(
            event, tenant=batch.tenant_id, mail=mail.id, tries=mail.tries + 1, reason=reason
        )
